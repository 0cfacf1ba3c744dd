/*
 * imap_parse.c: puts commands together from lines and literals, within limits.
 *
 *	LINE     reads a line of a command. It ends in {n}: LITERAL, or APPEND for the message of
 *	         an APPEND; else the command is complete and parsed, and the next LINE begins.
 *	LITERAL  reads n bytes, then LINE.
 *	APPEND   waits for the session's word: MESSAGE or SKIP.
 *	MESSAGE  hands out n bytes, then LINE, which must be empty.
 *	RAW      reads a line for the session.
 *	SKIP     reads n bytes of a refused command over, then SKIP_LINE.
 *	SKIP_LINE reads a line of it over; ended in {n+}: SKIP; else the next LINE begins.
 *	CLOSED   a refused command went on for too long; nothing is read any more.
 *
 * A refused command is over at a {n} without "+": its client waits for a continuation, sees the
 * tagged refusal instead and sends something else.
 */
#include "imap/grammar/imap_parse.h"

#include "hearth/error.h"
#include "imap/grammar/imap_args.h"

enum state { LINE, LITERAL, APPEND, MESSAGE, RAW, SKIP, SKIP_LINE, CLOSED };

const struct imap_limits imap_limits_before_auth = {
	.line_max = 16384,
	.command_max = 16384,
	.literal_max = 4096,
	.literal_count = 4,
	.append_max = 64 << 20,
	.skip_max = 65536,
	.id_max = 65536,
};

const struct imap_limits imap_limits_after_auth = {
	.line_max = 65536,
	.command_max = 262144,
	.literal_max = 65536,
	.literal_count = 256,
	.append_max = 64 << 20,
	.skip_max = 128 << 20,
};

void imap_parser_init(struct imap_parser *p, const struct imap_limits *limits)
{
	*p = (struct imap_parser){ .limits = *limits, .state = LINE };
}

void imap_parser_clear(struct imap_parser *p)
{
	strbuf_free(&p->text);
}

void imap_parser_set_limits(struct imap_parser *p, const struct imap_limits *limits)
{
	p->limits = *limits;
}

static void drop_text(struct imap_parser *p)
{
	strbuf_free(&p->text);
	p->line_start = 0;
}

/* Between two commands nothing is held. */
static void begin_command(struct imap_parser *p)
{
	drop_text(p);
	p->literals = 0;
	p->skipped = 0;
	p->append = NULL;
	p->state = LINE;
}

void imap_parser_want_line(struct imap_parser *p)
{
	if (p->state == LINE)
		p->state = RAW;
}

/*
 * What holds for the command whose beginning is in the text. ID may be longer than all else before
 * log-in: 30 fields of 30 and values of 1024 octets (RFC 2971 section 3.3), each perhaps a literal,
 * or quoted with a backslash before every octet.
 */
static struct imap_limits limits_now(const struct imap_parser *p)
{
	struct slice text = strbuf_slice(&p->text), tag = imap_command_tag(text);
	struct imap_limits limits = p->limits;

	if (limits.id_max && tag.n && slice_istarts(slice_skip(text, tag.n), SLICE(" ID "))) {
		limits.line_max = limits.command_max = limits.id_max;
		limits.literal_max = 1024;
		limits.literal_count = 2 * IMAP_ID_FIELD_MAX;
	}
	return limits;
}

/* --- literals announced ---------------------------------------------------------------------- */

/*
 * A number with more digits is taken for one that is too large: of a line that is read over only
 * the tail is kept, which may not reach back to its "{".
 */
#define LITERAL_DIGITS_MAX 20

struct literal {
	uint64_t size; /* UINT64_MAX also for anything larger */
	bool sync;     /* {n}, not {n+} */
};

/* Whether `line`, without its CRLF, announces a literal at its end. */
static bool announces_literal(struct slice line, struct literal *out)
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

/* --- refusing -------------------------------------------------------------------------------- */

/* Remembers the end of a line that is read over, since it may announce a literal. */
static void add_tail(struct imap_parser *p, struct slice s)
{
	size_t keep;

	if (s.n > sizeof(p->tail))
		s = slice_skip(s, s.n - sizeof(p->tail));
	keep = p->tail_n < sizeof(p->tail) - s.n ? p->tail_n : sizeof(p->tail) - s.n;
	memmove(p->tail, p->tail + p->tail_n - keep, keep);
	if (s.n)
		memcpy(p->tail + keep, s.p, s.n);
	p->tail_n = keep + s.n;
}

/* Goes on behind a refused literal: over its bytes, or with the next command. */
static void skip_literal(struct imap_parser *p, struct literal literal)
{
	if (literal.sync) {
		begin_command(p);
		return;
	}
	p->left = literal.size;
	p->tail_n = 0;
	p->state = SKIP;
}

/* Fills the event for a refused command. */
static enum imap_event_kind refuse(
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

static struct imap_refusal bad(const char *text)
{
	return (struct imap_refusal){ "BAD", NULL, text };
}

/* Refuses a command in the middle of a line, and reads the rest of the line over. */
static enum imap_event_kind refuse_line(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, const char *text)
{
	enum imap_event_kind what = refuse(p, a, ev, bad(text));

	p->tail_n = 0;
	add_tail(p, slice_skip(strbuf_slice(&p->text), p->line_start));
	drop_text(p);
	p->state = SKIP_LINE;
	return what;
}

/* Refuses a command at the literal it announces. */
static enum imap_event_kind refuse_literal(struct imap_parser *p, struct arena *a,
	struct imap_event *ev, struct imap_refusal why, struct literal literal)
{
	enum imap_event_kind what = refuse(p, a, ev, why);

	drop_text(p);
	skip_literal(p, literal);
	return what;
}

/* --- lines ----------------------------------------------------------------------------------- */

static size_t room_in_line(const struct imap_parser *p)
{
	const struct imap_limits limits = limits_now(p);
	size_t line = limits.line_max + 2 - (p->text.n - p->line_start);
	size_t command = limits.command_max + 2 - p->text.n;

	return line < command ? line : command;
}

/*
 * Reads on in the current line: 1 with *line, without its CRLF, when it is complete; 0 when the
 * input is used up; or an error: HEARTH_ETOOBIG, HEARTH_EINVAL for an LF of its own.
 */
static int read_line(struct imap_parser *p, struct slice *in, struct slice *line)
{
	size_t have = p->text.n - p->line_start, room = room_in_line(p), n;
	const char *lf;

	n = in->n < room ? in->n : room;
	lf = n ? memchr(in->p, '\n', n) : NULL;
	if (lf)
		n = (size_t)(lf - in->p) + 1;
	strbuf_add(&p->text, slice_head(*in, n));
	*in = slice_skip(*in, n);
	if (!lf)
		return room_in_line(p) ? 0 : HEARTH_ETOOBIG;
	have += n;
	*line = slice_skip(strbuf_slice(&p->text), p->line_start);
	if (have < 2 || line->p[have - 2] != '\r')
		return HEARTH_EINVAL;
	line->n -= 2;
	return 1;
}

static const char too_long[] = "Command line too long";
static const char behind_message[] = "Expected the end of the command behind the message";
static const char bare_lf[] = "Expected lines to end in CRLF, not in LF";

/* The session is asked whether it wants the message, unless what leads up to it is wrong. */
static enum imap_event_kind announce_append(struct imap_parser *p, struct arena *a,
	struct imap_event *ev, struct imap_command *c, struct imap_refusal why,
	struct literal literal)
{
	if (c && literal.size > p->limits.append_max)
		why = (struct imap_refusal){ "NO", "TOOBIG", "The message is too big" };
	if (!c || why.text)
		return refuse_literal(p, a, ev, why, literal);
	c->append.size = literal.size;
	c->append.sync = literal.sync;
	drop_text(p);
	p->left = literal.size;
	p->append = ev->command = c;
	p->state = APPEND;
	return IMAP_EVENT_APPEND;
}

/* A line has ended in {n} or {n+}. The text holds it with its CRLF. */
static enum imap_event_kind take_literal(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, struct literal literal)
{
	const struct imap_limits limits = limits_now(p);
	struct imap_refusal why = { 0 };
	struct imap_command *append;

	if (p->append)
		return refuse_literal(p, a, ev, bad(behind_message), literal);
	if (imap_append_parse(a, slice_head(strbuf_slice(&p->text), p->text.n - 2), &append, &why))
		return announce_append(p, a, ev, append, why, literal);
	if (++p->literals > limits.literal_count)
		return refuse_literal(p, a, ev, bad("Too many literals in one command"), literal);
	if (literal.size > limits.literal_max || literal.size + p->text.n > limits.command_max)
		return refuse_literal(p, a, ev,
			(struct imap_refusal){ "BAD", "TOOBIG", "Literal too big" }, literal);
	p->left = literal.size;
	p->state = LITERAL;
	return literal.sync ? IMAP_EVENT_CONTINUE : IMAP_EVENT_MORE;
}

/* A command is complete: the text holds it with its last CRLF. */
static enum imap_event_kind take_command(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, struct slice line)
{
	struct imap_refusal why;
	enum imap_event_kind what = IMAP_EVENT_COMMAND;

	if (p->append) {
		ev->command = p->append;
		if (slice_trim(line).n)
			what = refuse(p, a, ev, bad(behind_message));
	} else {
		ev->command = imap_command_parse(
			a, arena_slice(a, slice_head(strbuf_slice(&p->text), p->text.n - 2)), &why);
		if (!ev->command)
			what = refuse(p, a, ev, why);
	}
	begin_command(p);
	return what;
}

static enum imap_event_kind step_line(
	struct imap_parser *p, struct arena *a, struct slice *in, struct imap_event *ev)
{
	struct literal literal;
	struct slice line;
	int rc = read_line(p, in, &line);

	if (!rc)
		return IMAP_EVENT_MORE;
	if (rc < 0)
		return refuse_line(p, a, ev, rc == HEARTH_ETOOBIG ? too_long : bare_lf);
	if (p->state == RAW) {
		ev->data = arena_slice(a, line);
		begin_command(p);
		return IMAP_EVENT_LINE;
	}
	if (announces_literal(line, &literal))
		return take_literal(p, a, ev, literal);
	return take_command(p, a, ev, line);
}

/* --- the other states ------------------------------------------------------------------------ */

/* At most `left` bytes off the front of the input. */
static struct slice take_left(struct imap_parser *p, struct slice *in)
{
	struct slice s = slice_head(*in, p->left < in->n ? (size_t)p->left : in->n);

	*in = slice_skip(*in, s.n);
	p->left -= s.n;
	return s;
}

static enum imap_event_kind give_up(struct imap_parser *p, struct imap_event *ev)
{
	p->state = CLOSED;
	ev->refusal = bad("Too much behind a refused command");
	return IMAP_EVENT_CLOSE;
}

static enum imap_event_kind step_skip(
	struct imap_parser *p, struct slice *in, struct imap_event *ev)
{
	if (p->left > p->limits.skip_max - p->skipped)
		return give_up(p, ev);
	p->skipped += take_left(p, in).n;
	if (!p->left)
		p->state = SKIP_LINE;
	return IMAP_EVENT_MORE;
}

/* Reads over bytes of a line up to a CRLF; the tail then tells whether a literal comes. */
static enum imap_event_kind step_skip_line(
	struct imap_parser *p, struct slice *in, struct imap_event *ev)
{
	uint64_t room = p->limits.skip_max - p->skipped;
	size_t n = in->n < room ? in->n : (size_t)room;
	const char *lf = n ? memchr(in->p, '\n', n) : NULL;
	struct literal literal;

	if (!room && in->n)
		return give_up(p, ev);
	if (lf)
		n = (size_t)(lf - in->p) + 1;
	add_tail(p, slice_head(*in, n));
	*in = slice_skip(*in, n);
	p->skipped += n;
	if (!lf || p->tail_n < 2 || p->tail[p->tail_n - 2] != '\r')
		return IMAP_EVENT_MORE;
	if (!announces_literal(slice_of(p->tail, p->tail_n - 2), &literal))
		begin_command(p);
	else
		skip_literal(p, literal);
	return IMAP_EVENT_MORE;
}

enum imap_event_kind imap_parser_next(
	struct imap_parser *p, struct arena *a, struct slice *in, struct imap_event *ev)
{
	enum imap_event_kind what = IMAP_EVENT_MORE;

	*ev = (struct imap_event){ 0 };
	/* A step that has nothing to tell says MORE. */
	while (what == IMAP_EVENT_MORE && in->n && p->state != APPEND && p->state != CLOSED) {
		switch ((enum state)p->state) {
		case LINE:
		case RAW: what = step_line(p, a, in, ev); break;
		case LITERAL:
			strbuf_add(&p->text, take_left(p, in));
			p->line_start = p->text.n;
			p->state = p->left ? LITERAL : LINE;
			break;
		case MESSAGE:
			ev->data = take_left(p, in);
			what = ev->data.n ? IMAP_EVENT_MESSAGE : IMAP_EVENT_MORE;
			p->state = p->left ? MESSAGE : LINE;
			break;
		case SKIP: what = step_skip(p, in, ev); break;
		case SKIP_LINE: what = step_skip_line(p, in, ev); break;
		case APPEND:
		case CLOSED: break; /* not here */
		}
	}
	return what;
}

void imap_parser_accept(struct imap_parser *p)
{
	if (p->state == APPEND)
		p->state = MESSAGE;
}

void imap_parser_refuse(struct imap_parser *p)
{
	struct literal literal;

	if (p->state != APPEND)
		return;
	literal = (struct literal){ p->left, p->append->append.sync };
	p->append = NULL;
	skip_literal(p, literal);
}
