/*
 * imap_refuse.c: a command that is refused, and what of it is read over (imap_parse_internal.h).
 *
 *	SKIP       reads n bytes of a refused command over, then SKIP_LINE.
 *	SKIP_LINE  reads a line of it over; ended in {n+}: SKIP; else the next LINE begins.
 *	CLOSED     it went on for too long; nothing is read any more.
 *
 * A refused command is over at a {n} without "+": its client waits for a continuation, sees the
 * tagged refusal instead and sends something else. Pure. What is read over is counted (skip_max);
 * of it the last bytes of a line are kept.
 */
#include "imap/grammar/imap_parse_internal.h"

#include "hearth/log.h"

#include "imap/grammar/imap_args.h"

/*
 * A number with more digits is taken for one that is too large: of a line that is read over only
 * the tail is kept, which may not reach back to its "{".
 */
#define LITERAL_DIGITS_MAX 20

bool imap_literal_announced(struct slice line, struct imap_literal *out)
{
	size_t end = line.n, begin;

	if (!end || line.p[--end] != '}')
		return false;
	out->sync = !end || line.p[end - 1] != '+';
	if (!out->sync)
		end--;
	for (begin = end; begin && line.p[begin - 1] >= '0' && line.p[begin - 1] <= '9'; begin--)
		;
	out->size = UINT64_MAX;
	if (end - begin > LITERAL_DIGITS_MAX)
		return true;
	if (begin == end || !begin || line.p[begin - 1] != '{')
		return false;
	slice_u64(slice_of(line.p + begin, end - begin), UINT64_MAX, &out->size);
	return true;
}

/* Remembers the end of a line that is read over, since it may announce a literal. */
static void add_tail(struct imap_parser *p, struct slice s)
{
	size_t keep;

	INVARIANT(p->tail_n <= sizeof(p->tail));
	if (s.n > sizeof(p->tail))
		s = slice_skip(s, s.n - sizeof(p->tail));
	keep = p->tail_n < sizeof(p->tail) - s.n ? p->tail_n : sizeof(p->tail) - s.n;
	memmove(p->tail, p->tail + p->tail_n - keep, keep);
	if (s.n)
		memcpy(p->tail + keep, s.p, s.n);
	p->tail_n = keep + s.n;
}

void imap_parser_skip_literal(struct imap_parser *p, struct imap_literal literal)
{
	if (literal.sync) {
		imap_parser_begin(p);
		return;
	}
	p->left = literal.size;
	p->tail_n = 0;
	p->state = SKIP;
}

enum imap_event_kind imap_parser_refuse_command(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, struct imap_refusal why)
{
	ev->refusal = why;
	ev->command = p->append;
	if (p->append)
		ev->tag = p->append->tag;
	else if (p->state != RAW)
		ev->tag = arena_slice(a, imap_command_tag(strbuf_slice(&p->text)));
	p->append = NULL;
	return IMAP_EVENT_REFUSED;
}

struct imap_refusal imap_refusal_bad(const char *text)
{
	return (struct imap_refusal){ "BAD", NULL, text };
}

enum imap_event_kind imap_parser_refuse_line(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, const char *text)
{
	enum imap_event_kind what = imap_parser_refuse_command(p, a, ev, imap_refusal_bad(text));

	p->tail_n = 0;
	add_tail(p, slice_skip(strbuf_slice(&p->text), p->line_start));
	imap_parser_drop_text(p);
	p->state = SKIP_LINE;
	return what;
}

enum imap_event_kind imap_parser_refuse_literal(struct imap_parser *p, struct arena *a,
	struct imap_event *ev, struct imap_refusal why, struct imap_literal literal)
{
	enum imap_event_kind what = imap_parser_refuse_command(p, a, ev, why);

	imap_parser_drop_text(p);
	imap_parser_skip_literal(p, literal);
	return what;
}

static enum imap_event_kind give_up(struct imap_parser *p, struct imap_event *ev)
{
	p->state = CLOSED;
	ev->refusal = imap_refusal_bad("Too much behind a refused command");
	return IMAP_EVENT_CLOSE;
}

enum imap_event_kind imap_parser_skip(
	struct imap_parser *p, struct slice *in, struct imap_event *ev)
{
	INVARIANT(p->state == SKIP && p->skipped <= p->limits.skip_max);
	if (p->left > p->limits.skip_max - p->skipped)
		return give_up(p, ev);
	p->skipped += imap_parser_take(p, in).n;
	if (!p->left)
		p->state = SKIP_LINE;
	return IMAP_EVENT_MORE;
}

/* Reads over bytes of a line up to a CRLF; the tail then tells whether a literal comes. */
enum imap_event_kind imap_parser_skip_line(
	struct imap_parser *p, struct slice *in, struct imap_event *ev)
{
	uint64_t room = p->limits.skip_max - p->skipped;
	size_t n = in->n < room ? in->n : (size_t)room;
	const char *lf = n ? memchr(in->p, '\n', n) : NULL;
	struct imap_literal literal;

	INVARIANT(p->state == SKIP_LINE && p->skipped <= p->limits.skip_max);
	if (!room && in->n)
		return give_up(p, ev);
	if (lf)
		n = (size_t)(lf - in->p) + 1;
	add_tail(p, slice_head(*in, n));
	*in = slice_skip(*in, n);
	p->skipped += n;
	if (!lf || p->tail_n < 2 || p->tail[p->tail_n - 2] != '\r')
		return IMAP_EVENT_MORE;
	if (!imap_literal_announced(slice_of(p->tail, p->tail_n - 2), &literal))
		imap_parser_begin(p);
	else
		imap_parser_skip_literal(p, literal);
	return IMAP_EVENT_MORE;
}
