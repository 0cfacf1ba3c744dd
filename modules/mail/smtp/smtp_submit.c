/*
 * smtp_submit.c: what a person's program submits (RFC 6409): its header is kept until it has come whole,
 * then checked and mended (mime/submission.h), and goes on in front of the rest, which passes as it
 * comes. What comes from other servers passes from its first byte on.
 *
 * On the loop. A session holds HEADER_MAX bytes of a header at most; mending one is linear in it.
 */
#include "hearth/clock.h"
#include "hearth/rand.h"
#include "mime/header.h"
#include "mime/submission.h"
#include "smtp/smtp_session.h"

#define HEADER_MAX (128u << 10)

static const struct smtp_reply too_large = { 552, "5.3.4", "the header is too large", false };

/* Where the header ends, with its empty line; 0: not yet. Looks at what is new alone. */
static size_t header_end(const struct strbuf *head, size_t seen)
{
	size_t from = seen > 2 ? seen - 2 : 0;

	for (size_t i = from; i < head->n; i++) {
		struct slice line = slice_of(head->p + i, head->n - i);
		bool begins = i == 0 || head->p[i - 1] == '\n';

		if (begins &&
			(slice_starts(line, SLICE("\n")) || slice_starts(line, SLICE("\r\n"))))
			return i + (line.p[0] == '\r' ? 2 : 1);
	}
	return 0;
}

/*
 * Who sends it, who it is from, or, of what is sent again, who sends it again; there nobody's name is used whose
 * address is of this server either, since no recipient could tell: their mail program shows From.
 */
static void set_authors(struct smtp_session *s, struct arena *a, const struct mime_submission *m)
{
	struct slice *all = arena_alloc(a, (m->author_n + m->original_n) * sizeof(*all));
	size_t n = m->author_n;

	memcpy(all, m->authors, n * sizeof(*all));
	for (size_t i = 0; i < m->original_n; i++) {
		struct slice domain = m->originals[i];

		slice_split(&domain, '@');
		if (mail_domain_is_local(s->m, domain))
			all[n++] = m->originals[i];
	}
	mail_delivery_set_authors(s->delivery, &s->account, all, n);
}

/* The header is there: what follows it in `head` goes on behind it. */
static void mend(struct smtp_session *s, size_t end)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	struct slice head = strbuf_slice(&s->head);
	struct slice domain = slice_str(s->account.address);
	struct mime_submission m = { .utf8 = s->smtputf8, .date_s = clock_wall_s() };

	slice_split(&domain, '@');
	m.message_id = slice_str(arena_printf(a, "%016llx%016llx@%.*s",
		(unsigned long long)rand_u64(), (unsigned long long)rand_u64(), SLICE_ARG(domain)));
	s->head_done = true;
	s->head_why = mime_submission_mend(&out, a, slice_head(head, end), &m);
	s->head_utf8 = m.needs_utf8;
	if (!s->head_why) {
		set_authors(s, a, &m);
		mail_delivery_write(s->delivery, strbuf_slice(&out));
		mail_delivery_write(s->delivery, slice_skip(head, end));
	}
	strbuf_free(&out);
	strbuf_free(&s->head);
	arena_free(&a);
}

size_t smtp_write_body(struct smtp_session *s, struct slice body)
{
	size_t seen = s->head.n, end;

	if (!s->submission || (s->head_done && !s->head_why))
		return mail_delivery_write(s->delivery, body);
	if (s->head_done)
		return 0;
	strbuf_add(&s->head, body);
	end = header_end(&s->head, seen);
	if (end > 0 && end <= HEADER_MAX) {
		mend(s, end);
	} else if (s->head.n > HEADER_MAX) {
		s->head_done = true;
		s->head_why = too_large.text;
		strbuf_free(&s->head);
	}
	return 0;
}

bool smtp_body_is_good(struct smtp_session *s)
{
	if (!s->submission)
		return true;
	if (!s->head_done)
		mend(s, s->head.n); /* it is a header, and nothing else */
	if (!s->head_why)
		return true;
	if (s->head_why == too_large.text)
		smtp_say(s, too_large.code, too_large.enhanced, "%s", too_large.text);
	else
		smtp_say(s, s->head_utf8 ? 553 : 554, s->head_utf8 ? "5.6.7" : "5.6.0", "%s",
			s->head_why);
	return false;
}

void smtp_body_forget(struct smtp_session *s)
{
	strbuf_free(&s->head);
	s->head_done = s->head_utf8 = false;
	s->head_why = NULL;
}
