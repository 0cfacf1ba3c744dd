/*
 * history.c: the last attempts at a recipient, as text and back (history.h). Pure.
 */
#include "queue/history.h"

#include "hearth/text.h"

#define FIELD_MAX 200

/* Of UTF-8, and without what parts fields and lines. */
static void add_field(struct strbuf *out, struct slice text)
{
	size_t from = out->n;

	strbuf_addc(out, '\t');
	utf8_append_lossy(out, slice_head(text, FIELD_MAX));
	for (size_t i = from + 1; i < out->n; i++)
		if ((unsigned char)out->p[i] < ' ' || out->p[i] == 0x7f)
			out->p[i] = ' ';
}

static bool is_same(const struct mail_history_attempt *a, const struct mail_history_attempt *b)
{
	return a->code == b->code && slice_eq(a->host, b->host) && slice_eq(a->tls, b->tls) &&
	       slice_eq(slice_head(a->answer, FIELD_MAX), slice_head(b->answer, FIELD_MAX));
}

static void add_line(struct strbuf *out, const struct mail_history_attempt *a,
	const struct mail_history_attempt *last)
{
	strbuf_printf(out, "%lld", (long long)a->at_ms);
	if (!last || !is_same(a, last)) {
		strbuf_printf(out, "\t%lld", (long long)a->code);
		add_field(out, a->host);
		add_field(out, a->tls);
		add_field(out, a->answer);
	}
	strbuf_addc(out, '\n');
}

void mail_history_add(
	struct strbuf *out, struct slice before, const struct mail_history_attempt *attempt)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	const struct mail_history_attempt *last = NULL;
	size_t n = mail_history_read(before, all);

	for (size_t i = n == MAIL_HISTORY_MAX; i < n; i++) {
		add_line(out, &all[i], last);
		last = &all[i];
	}
	add_line(out, attempt, last);
}

static bool read_line(struct slice line, struct mail_history_attempt *a)
{
	struct slice when = slice_split(&line, '\t');
	struct slice code;

	if (slice_i64(when, 0, INT64_MAX, &a->at_ms) < 0)
		return false;
	if (!line.p)
		return true; /* as the one before */
	code = slice_split(&line, '\t');
	a->host = slice_split(&line, '\t');
	a->tls = slice_split(&line, '\t');
	a->answer = line;
	return line.p && slice_i64(code, 0, 999, &a->code) == 0;
}

size_t mail_history_read(struct slice text, struct mail_history_attempt attempts[MAIL_HISTORY_MAX])
{
	static const struct mail_history_attempt none = {
		.host = { "", 0 }, .tls = { "", 0 }, .answer = { "", 0 }
	};
	size_t n = 0;

	while (text.n > 0 && n < MAIL_HISTORY_MAX) {
		attempts[n] = n > 0 ? attempts[n - 1] : none;
		if (read_line(slice_split(&text, '\n'), &attempts[n]))
			n++;
	}
	return n;
}
