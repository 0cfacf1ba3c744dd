/*
 * smtp_response.c: lines of answers and of what EHLO offers. Pure; each byte is looked at once or
 * twice, and an answer is bounded by SMTP_RESPONSE_MAX.
 */
#include "queue/smtp_response.h"

#include <stdio.h>

#include "hearth/error.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "5.7.26 text": class.subject.detail, the class 2, 4 or 5, of up to 1, 3 and 3 digits; 0 where it is none. */
static size_t enhanced_read(struct slice text, char out[12])
{
	size_t n = 0, digits = 0, dots = 0;

	if (text.n == 0 || (text.p[0] != '2' && text.p[0] != '4' && text.p[0] != '5'))
		return 0;
	for (; n < text.n && text.p[n] != ' ' && n < 11; n++) {
		if (text.p[n] == '.') {
			if (digits == 0 || ++dots > 2)
				return 0;
			digits = 0;
		} else if (!is_digit(text.p[n]) || ++digits > (dots ? 3 : 1)) {
			return 0;
		}
	}
	if (dots != 2 || digits == 0 || (n < text.n && text.p[n] != ' '))
		return 0;
	memcpy(out, text.p, n);
	out[n] = '\0';
	return n < text.n ? n + 1 : n;
}

/* One line without its end. */
static int add_line(struct smtp_response *r, struct slice line)
{
	int code;

	if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !is_digit(line.p[1]) ||
		!is_digit(line.p[2]) || (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-'))
		return HEARTH_EINVAL;
	code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + line.p[2] - '0';
	r->more = line.n > 3 && line.p[3] == '-';
	line = slice_skip(line, 4);
	line = slice_skip(line, enhanced_read(line, r->enhanced));
	if (r->text.n + line.n >= SMTP_RESPONSE_MAX)
		return HEARTH_ETOOBIG;
	if (r->code)
		strbuf_add(&r->text, SLICE("\n"));
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		/* It goes into logs, notices and the page. */
		strbuf_add(&r->text, c < ' ' || c == 0x7f ? SLICE("?") : slice_of(&line.p[i], 1));
	}
	r->code = code;
	return r->more ? 0 : 1;
}

int smtp_response_read(struct smtp_response *r, struct slice *in)
{
	int rc = 0;

	while (rc == 0) {
		ptrdiff_t end = slice_chr(*in, '\n');
		struct slice line;

		if (end < 0)
			return in->n > SMTP_RESPONSE_LINE_MAX ? HEARTH_ETOOBIG : 0;
		if (end > SMTP_RESPONSE_LINE_MAX)
			return HEARTH_ETOOBIG;
		line = slice_head(*in, (size_t)end);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		*in = slice_skip(*in, (size_t)end + 1);
		rc = add_line(r, line);
	}
	return rc;
}

void smtp_response_reset(struct smtp_response *r)
{
	struct strbuf text = r->text;

	strbuf_reset(&text);
	*r = (struct smtp_response){ .text = text };
}

void smtp_response_free(struct smtp_response *r)
{
	strbuf_free(&r->text);
	*r = (struct smtp_response){ 0 };
}

void smtp_response_set(struct smtp_response *r, int code, const char *enhanced, const char *text)
{
	smtp_response_reset(r);
	r->code = code;
	snprintf(r->enhanced, sizeof(r->enhanced), "%s", enhanced);
	strbuf_add(&r->text, slice_str(text));
}

/* ---- EHLO ---- */

static void read_auth(struct slice words, struct smtp_extensions *out)
{
	while (words.p) {
		struct slice word = slice_split(&words, ' ');

		out->auth_plain |= slice_ieq(word, SLICE("PLAIN"));
		out->auth_login |= slice_ieq(word, SLICE("LOGIN"));
	}
}

static void read_limits(struct slice words, struct smtp_extensions *out)
{
	while (words.p) {
		struct slice value = slice_split(&words, ' '), name = slice_split(&value, '=');

		if (slice_ieq(name, SLICE("MAILMAX")))
			slice_u64(value, 1000000, &out->mails_max);
		else if (slice_ieq(name, SLICE("RCPTMAX")))
			slice_u64(value, 1000000, &out->recipients_max);
	}
}

static void read_extension(struct slice words, struct smtp_extensions *out)
{
	struct slice name = slice_split(&words, ' ');
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "PIPELINING", &out->pipelining },
		{ "8BITMIME", &out->eightbit },
		{ "SMTPUTF8", &out->smtputf8 },
		{ "STARTTLS", &out->starttls },
		{ "DSN", &out->dsn },
		{ "CHUNKING", &out->chunking },
		{ "REQUIRETLS", &out->requiretls },
		{ "ENHANCEDSTATUSCODES", &out->enhanced },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		*flags[i].flag |= slice_ieq(name, slice_str(flags[i].name));
	if (slice_ieq(name, SLICE("SIZE"))) {
		out->size_known = true;
		if (words.n > 0)
			slice_u64(slice_trim(words), UINT64_MAX, &out->size);
	} else if (slice_ieq(name, SLICE("AUTH"))) {
		read_auth(words, out);
	} else if (slice_istarts(name, SLICE("AUTH="))) { /* of old, before the standard */
		read_auth(slice_skip(name, 5), out);
		read_auth(words, out);
	} else if (slice_ieq(name, SLICE("LIMITS"))) {
		read_limits(words, out);
	}
}

void smtp_extensions_read(const struct smtp_response *ehlo, struct smtp_extensions *out)
{
	struct slice rest = strbuf_slice(&ehlo->text);

	*out = (struct smtp_extensions){ 0 };
	slice_split(&rest, '\n'); /* the server's name */
	while (rest.p)
		read_extension(slice_split(&rest, '\n'), out);
}
