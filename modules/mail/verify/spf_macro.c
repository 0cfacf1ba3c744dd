/*
 * spf_macro.c: see spf_macro.h. Pure. A text is gone over once; what a macro stands for is as long as an
 * address, so a record of DNS_TXT_MAX bytes could grow a hundredfold: SPF_MACRO_MAX ends that.
 */
#include "verify/spf_macro.h"

#include <ctype.h>

#include "hearth/dns.h"

#define NAME_MAX_SHOWN 253 /* bytes of a name that is asked for (RFC 7208 section 7.3) */
#define PARTS_MAX      128 /* labels a name may have */

/* ---- syntax ---- */

struct macro {
	char letter; /* lower case */
	bool escape; /* it was upper case */
	unsigned keep;
	bool reverse;
	struct slice delimiters; /* none: a dot */
};

static bool is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c);
}

/* Takes "{d1r-}" off the front; false when that is none. */
static bool take_macro(struct slice *in, struct macro *m)
{
	size_t i = 1;
	bool digits;

	if (in->n < 3 || in->p[0] != '{' || !isalpha((unsigned char)in->p[1]))
		return false;
	*m = (struct macro){ .letter = (char)tolower((unsigned char)in->p[1]),
		.escape = isupper((unsigned char)in->p[1]) != 0 };
	i = 2;
	digits = i < in->n && isdigit((unsigned char)in->p[i]);
	for (; i < in->n && isdigit((unsigned char)in->p[i]); i++)
		if (m->keep < PARTS_MAX)
			m->keep = m->keep * 10 + (unsigned)(in->p[i] - '0');
	if (digits && m->keep == 0)
		return false;
	if (i < in->n && (in->p[i] == 'r' || in->p[i] == 'R')) {
		m->reverse = true;
		i++;
	}
	m->delimiters = slice_of(in->p + i, 0);
	for (; i < in->n && is_delimiter(in->p[i]); i++)
		m->delimiters.n++;
	if (i == in->n || in->p[i] != '}')
		return false;
	*in = slice_skip(*in, i + 1);
	return true;
}

/* The end of a domain-spec: a label that is not a number alone, behind a dot. */
static bool ends_in_label(struct slice text)
{
	bool letter = false;
	size_t n;

	if (text.n > 0 && text.p[text.n - 1] == '.')
		text.n--;
	for (n = 0; n < text.n && text.p[text.n - 1 - n] != '.'; n++) {
		unsigned char c = (unsigned char)text.p[text.n - 1 - n];

		if (!isalnum(c) && c != '-')
			return false;
		letter |= !isdigit(c);
	}
	return n > 0 && n < text.n && letter && text.p[text.n - 1] != '-' &&
	       text.p[text.n - n] != '-';
}

bool spf_macro_is_good(struct slice text, enum spf_macro_place place, bool *names)
{
	const char *letters = place == SPF_MACRO_TEXT ? "slodiphvcrt" : "slodiphv";
	struct slice rest = text;
	bool ended = false; /* by a macro, so far */

	*names = false;
	while (rest.n > 0) {
		unsigned char c = (unsigned char)rest.p[0];
		struct macro m;

		rest = slice_skip(rest, 1);
		ended = false;
		if (c != '%') {
			if (c > 0x7e || c < (place == SPF_MACRO_TEXT ? 0x20 : 0x21))
				return false;
		} else if (rest.n > 0 && strchr("%_-", rest.p[0]) && rest.p[0] != '\0') {
			rest = slice_skip(rest, 1);
			ended = true;
		} else {
			if (!take_macro(&rest, &m) || !strchr(letters, m.letter))
				return false;
			*names |= m.letter == 'p';
			ended = true;
		}
	}
	return place != SPF_MACRO_DOMAIN || ended || ends_in_label(text);
}

/* ---- values ---- */

static void value_of(struct strbuf *out, char letter, const struct spf_macros *m)
{
	switch (letter) {
	case 's':
		strbuf_add(out, m->local);
		strbuf_addc(out, '@');
		strbuf_add(out, m->sender_domain);
		break;
	case 'l': strbuf_add(out, m->local); break;
	case 'o': strbuf_add(out, m->sender_domain); break;
	case 'd': strbuf_add(out, m->domain); break;
	case 'i': strbuf_add(out, m->address); break;
	case 'c': strbuf_add(out, m->readable); break;
	case 'p': strbuf_add(out, m->validated.n ? m->validated : SLICE("unknown")); break;
	case 'v': strbuf_adds(out, m->v6 ? "ip6" : "in-addr"); break;
	case 'h': strbuf_add(out, m->helo); break;
	case 'r': strbuf_add(out, m->receiver.n ? m->receiver : SLICE("unknown")); break;
	default: strbuf_printf(out, "%lld", (long long)m->now_s); break;
	}
}

/* Of `value` the last `keep` parts, maybe in reverse, with dots between them. */
static void transform(struct strbuf *out, struct slice value, const struct macro *m)
{
	struct slice delimiters = m->delimiters.n ? m->delimiters : SLICE(".");
	struct slice parts[PARTS_MAX];
	size_t n = 0, first, start = 0;

	for (size_t i = 0; i <= value.n && n < PARTS_MAX; i++) {
		if (i < value.n && slice_chr(delimiters, value.p[i]) < 0)
			continue;
		parts[n++] = slice_of(value.p + start, i - start);
		start = i + 1;
	}
	if (m->reverse)
		for (size_t i = 0; i < n / 2; i++) {
			struct slice swap = parts[i];

			parts[i] = parts[n - 1 - i];
			parts[n - 1 - i] = swap;
		}
	first = m->keep > 0 && m->keep < n ? n - m->keep : 0;
	for (size_t i = first; i < n; i++) {
		if (i > first)
			strbuf_addc(out, '.');
		strbuf_add(out, parts[i]);
	}
}

/* What may not stand in a URI as it is (RFC 3986 section 2.3). */
static void escape(struct strbuf *out, struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (isalnum(c) || (c != '\0' && strchr("-._~", c)))
			strbuf_addc(out, (char)c);
		else
			strbuf_printf(out, "%%%02X", c);
	}
}

static void expand_macro(struct strbuf *out, const struct macro *macro, const struct spf_macros *m)
{
	struct strbuf value = { 0 }, parts = { 0 };

	value_of(&value, macro->letter, m);
	if (macro->keep > 0 || macro->reverse || macro->delimiters.n > 0)
		transform(&parts, strbuf_slice(&value), macro);
	else
		strbuf_add(&parts, strbuf_slice(&value));
	if (macro->escape)
		escape(out, strbuf_slice(&parts));
	else
		strbuf_add(out, strbuf_slice(&parts));
	strbuf_free(&parts);
	strbuf_free(&value);
}

void spf_macro_expand(struct strbuf *out, struct slice text, const struct spf_macros *m)
{
	size_t before = out->n;
	struct macro macro;

	while (text.n > 0 && out->n - before < SPF_MACRO_MAX) {
		char c = text.p[0];

		text = slice_skip(text, 1);
		if (c != '%') {
			strbuf_addc(out, c);
		} else if (text.n > 0 && text.p[0] == '{') {
			if (take_macro(&text, &macro))
				expand_macro(out, &macro, m);
		} else if (text.n > 0) {
			strbuf_adds(out, text.p[0] == '%' ? "%" : text.p[0] == '_' ? " " : "%20");
			text = slice_skip(text, 1);
		}
	}
	if (out->n - before > SPF_MACRO_MAX) {
		out->n = before + SPF_MACRO_MAX;
		out->p[out->n] = '\0';
	}
}

void spf_macro_expand_name(struct strbuf *out, struct slice text, const struct spf_macros *m)
{
	struct strbuf whole = { 0 };
	struct slice name;

	spf_macro_expand(&whole, text, m);
	name = strbuf_slice(&whole);
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	while (name.n > NAME_MAX_SHOWN && slice_chr(name, '.') >= 0)
		name = slice_skip(name, (size_t)slice_chr(name, '.') + 1);
	strbuf_add(out, name);
	strbuf_free(&whole);
}
