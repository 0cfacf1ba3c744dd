/*
 * spf_record.c: see spf_record.h. Pure; linear in the record; at most SPF_TERMS_MAX terms.
 */
#include "verify/spf_record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "hearth/log.h"

#include "verify/spf_macro.h"

#define VERSION SLICE("v=spf1")

static const struct {
	const char *name;
	enum spf_mechanism mechanism;
	bool domain, domain_needed, cidr;
} mechanisms[] = {
	{ "all", SPF_ALL, false, false, false },
	{ "include", SPF_INCLUDE, true, true, false },
	{ "a", SPF_A, true, false, true },
	{ "mx", SPF_MX, true, false, true },
	{ "ptr", SPF_PTR, true, false, false },
	{ "ip4", SPF_IP4, false, true, true },
	{ "ip6", SPF_IP6, false, true, true },
	{ "exists", SPF_EXISTS, true, true, false },
};

const char *spf_result_name(enum spf_result result)
{
	static const char *const names[] = { "none", "neutral", "pass", "fail", "softfail",
		"temperror", "permerror" };

	return names[result];
}

bool spf_record_is(struct slice text)
{
	return slice_istarts(text, VERSION) && (text.n == VERSION.n || text.p[VERSION.n] == ' ');
}

/* ---- a mechanism ---- */

/*
 * Takes "/24" off the end of the text, a number without zeros in front; 1: it was there, 0: there is
 * none, -1: it is too large.
 */
static int take_bits(struct slice *text, int max, int *bits)
{
	size_t n = 0;
	uint64_t value;

	while (n < text->n && isdigit((unsigned char)text->p[text->n - 1 - n]))
		n++;
	if (n == 0 || n == text->n || text->p[text->n - 1 - n] != '/')
		return 0;
	if ((n > 1 && text->p[text->n - n] == '0') ||
		slice_u64(slice_of(text->p + text->n - n, n), (uint64_t)max, &value) < 0)
		return -1;
	*bits = (int)value;
	text->n -= n + 1;
	return 1;
}

/* [/24][//64]; what is left before it is a domain-spec. */
static bool take_dual_bits(struct slice *text, struct spf_term *t)
{
	struct slice before = *text;
	int bits, rc = take_bits(&before, 128, &bits);

	if (rc != 0 && before.n > 0 && before.p[before.n - 1] == '/') {
		if (rc < 0)
			return false;
		t->bits6 = bits;
		*text = slice_head(before, before.n - 1);
	}
	return take_bits(text, 32, &t->bits4) >= 0;
}

static bool parse_network(struct slice value, struct spf_term *t)
{
	bool v6 = t->mechanism == SPF_IP6;
	char text[INET6_ADDRSTRLEN];

	if (take_bits(&value, v6 ? 128 : 32, v6 ? &t->bits6 : &t->bits4) < 0 || value.n == 0 ||
		value.n >= sizeof(text) || slice_chr(value, '\0') >= 0)
		return false;
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(value));
	return inet_pton(v6 ? AF_INET6 : AF_INET, text, t->address) == 1;
}

/* What follows the name: ":domain", "/24", both or nothing. */
static bool parse_rest(struct arena *a, struct slice rest, size_t kind, struct spf_term *t)
{
	bool colon = rest.n > 0 && rest.p[0] == ':';

	if (!colon && mechanisms[kind].domain_needed)
		return false;
	if (colon)
		rest = slice_skip(rest, 1);
	if (t->mechanism == SPF_IP4 || t->mechanism == SPF_IP6)
		return parse_network(rest, t);
	if (mechanisms[kind].cidr && !take_dual_bits(&rest, t))
		return false;
	if (!colon)
		return rest.n == 0;
	t->domain = arena_slice(a, rest);
	return mechanisms[kind].domain && rest.n > 0 &&
	       spf_macro_is_good(rest, SPF_MACRO_DOMAIN, &t->names);
}

static bool parse_mechanism(struct arena *a, struct slice text, struct spf_term *t)
{
	static const char signs[] = "+-?~";
	static const enum spf_result results[] = { SPF_PASS, SPF_FAIL, SPF_NEUTRAL, SPF_SOFTFAIL };
	const char *sign = text.p[0] ? strchr(signs, text.p[0]) : NULL;
	struct slice name;
	size_t n = 0;

	*t = (struct spf_term){
		.result = sign ? results[sign - signs] : SPF_PASS, .bits4 = 32, .bits6 = 128
	};
	if (sign)
		text = slice_skip(text, 1);
	while (n < text.n && text.p[n] != ':' && text.p[n] != '/')
		n++;
	name = slice_head(text, n);
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (slice_ieq(name, slice_str(mechanisms[i].name))) {
			t->mechanism = mechanisms[i].mechanism;
			return parse_rest(a, slice_skip(text, n), i, t);
		}
	return false;
}

/* ---- a modifier ---- */

/* The bytes of its name, without the "=" behind it; 0: the term is none. */
static size_t modifier_name(struct slice term)
{
	size_t n = 0;

	if (!isalpha((unsigned char)term.p[0]))
		return 0;
	while (n < term.n && term.p[n] != '\0' &&
		(isalnum((unsigned char)term.p[n]) || strchr("-_.", term.p[n])))
		n++;
	return n < term.n && term.p[n] == '=' ? n : 0;
}

static bool parse_modifier(struct arena *a, struct slice term, size_t name_n, struct spf_record *r)
{
	struct slice name = slice_head(term, name_n), value = slice_skip(term, name_n + 1);
	bool redirect = slice_ieq(name, SLICE("redirect"));
	struct slice *known = redirect ? &r->redirect : &r->explanation;
	bool *names = redirect ? &r->redirect_names : &r->explanation_names, ignored;

	if (!redirect && !slice_ieq(name, SLICE("exp")))
		return spf_macro_is_good(value, SPF_MACRO_STRING, &ignored);
	if (known->p || value.n == 0)
		return false;
	*known = arena_slice(a, value);
	return spf_macro_is_good(value, SPF_MACRO_DOMAIN, names);
}

/* ---- the record ---- */

static size_t count_terms(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] != ' ' && (i == 0 || text.p[i - 1] == ' ');
	return n;
}

bool spf_record_parse(struct arena *a, struct slice text, struct spf_record *out)
{
	struct slice rest = slice_skip(text, VERSION.n);
	size_t terms = count_terms(rest), name_n;

	INVARIANT(spf_record_is(text));
	*out = (struct spf_record){ .n = 0 };
	if (terms > SPF_TERMS_MAX)
		return false;
	out->terms = arena_alloc(a, (terms + 1) * sizeof(*out->terms));
	while (rest.p) {
		struct slice term = slice_split(&rest, ' ');

		if (term.n == 0)
			continue;
		name_n = modifier_name(term);
		if (name_n > 0 ? !parse_modifier(a, term, name_n, out)
			       : !parse_mechanism(a, term, &out->terms[out->n++]))
			return false;
	}
	return true;
}
