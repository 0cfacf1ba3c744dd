/*
 * imap_parse.c: puts commands together from lines and literals, within limits.
 *
 *	LINE     reads a line of a command. It ends in {n}: LITERAL, or APPEND for the message of
 *	         an APPEND; else the command is complete and parsed, and the next LINE begins.
 *	LITERAL  reads n bytes, then LINE.
 *	APPEND   waits for the session's word: MESSAGE or SKIP.
 *	MESSAGE  hands out n bytes, then LINE, which must be empty.
 *	RAW      reads a line for the session.
 *	SKIP, SKIP_LINE, CLOSED: a command was refused (imap_refuse.c).
 *
 * Pure; what it holds is bounded by struct imap_limits.
 */
#include "imap/grammar/imap_parse_internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "imap/grammar/imap_args.h"

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

void imap_parser_drop_text(struct imap_parser *p)
{
	strbuf_free(&p->text);
	p->line_start = 0;
}

void imap_parser_begin(struct imap_parser *p)
{
	imap_parser_drop_text(p);
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

/* --- lines ----------------------------------------------------------------------------------- */

static size_t room_in_line(const struct imap_parser *p)
{
	const struct imap_limits limits = limits_now(p);

	INVARIANT(p->line_start <= p->text.n && p->text.n <= limits.command_max + 2);
	INVARIANT(p->text.n - p->line_start <= limits.line_max + 2);
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
	struct imap_literal literal)
{
	if (c && literal.size > p->limits.append_max)
		why = (struct imap_refusal){ "NO", "TOOBIG", "The message is too big" };
	if (!c || why.text)
		return imap_parser_refuse_literal(p, a, ev, why, literal);
	c->append.size = literal.size;
	c->append.sync = literal.sync;
	imap_parser_drop_text(p);
	p->left = literal.size;
	p->append = ev->command = c;
	p->state = APPEND;
	return IMAP_EVENT_APPEND;
}

/* A line has ended in {n} or {n+}. The text holds it with its CRLF. */
static enum imap_event_kind take_literal(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, struct imap_literal literal)
{
	const struct imap_limits limits = limits_now(p);
	struct imap_refusal why = { 0 };
	struct imap_command *append;

	if (p->append)
		return imap_parser_refuse_literal(
			p, a, ev, imap_refusal_bad(behind_message), literal);
	if (imap_append_parse(a, slice_head(strbuf_slice(&p->text), p->text.n - 2), &append, &why))
		return announce_append(p, a, ev, append, why, literal);
	if (++p->literals > limits.literal_count)
		return imap_parser_refuse_literal(
			p, a, ev, imap_refusal_bad("Too many literals in one command"), literal);
	if (literal.size > limits.literal_max || literal.size + p->text.n > limits.command_max)
		return imap_parser_refuse_literal(p, a, ev,
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
			what = imap_parser_refuse_command(
				p, a, ev, imap_refusal_bad(behind_message));
	} else {
		ev->command = imap_command_parse(
			a, arena_slice(a, slice_head(strbuf_slice(&p->text), p->text.n - 2)), &why);
		if (!ev->command)
			what = imap_parser_refuse_command(p, a, ev, why);
	}
	imap_parser_begin(p);
	return what;
}

static enum imap_event_kind step_line(
	struct imap_parser *p, struct arena *a, struct slice *in, struct imap_event *ev)
{
	struct imap_literal literal;
	struct slice line;
	int rc = read_line(p, in, &line);

	if (!rc)
		return IMAP_EVENT_MORE;
	if (rc < 0)
		return imap_parser_refuse_line(p, a, ev, rc == HEARTH_ETOOBIG ? too_long : bare_lf);
	if (p->state == RAW) {
		ev->data = arena_slice(a, line);
		imap_parser_begin(p);
		return IMAP_EVENT_LINE;
	}
	if (imap_literal_announced(line, &literal))
		return take_literal(p, a, ev, literal);
	return take_command(p, a, ev, line);
}

/* --- the other states ------------------------------------------------------------------------ */

struct slice imap_parser_take(struct imap_parser *p, struct slice *in)
{
	struct slice s = slice_head(*in, p->left < in->n ? (size_t)p->left : in->n);

	*in = slice_skip(*in, s.n);
	p->left -= s.n;
	return s;
}

enum imap_event_kind imap_parser_next(
	struct imap_parser *p, struct arena *a, struct slice *in, struct imap_event *ev)
{
	enum imap_event_kind what = IMAP_EVENT_MORE;

	*ev = (struct imap_event){ 0 };
	/* A step that has nothing to tell says MORE. */
	while (what == IMAP_EVENT_MORE && in->n && p->state != APPEND && p->state != CLOSED) {
		switch ((enum imap_parser_state)p->state) {
		case LINE:
		case RAW: what = step_line(p, a, in, ev); break;
		case LITERAL:
			strbuf_add(&p->text, imap_parser_take(p, in));
			p->line_start = p->text.n;
			p->state = p->left ? LITERAL : LINE;
			break;
		case MESSAGE:
			ev->data = imap_parser_take(p, in);
			what = ev->data.n ? IMAP_EVENT_MESSAGE : IMAP_EVENT_MORE;
			p->state = p->left ? MESSAGE : LINE;
			break;
		case SKIP: what = imap_parser_skip(p, in, ev); break;
		case SKIP_LINE: what = imap_parser_skip_line(p, in, ev); break;
		case APPEND:
		case CLOSED: break; /* not here */
		}
	}
	return what;
}

void imap_parser_accept(struct imap_parser *p)
{
	INVARIANT(p->state != APPEND || p->append);
	if (p->state == APPEND)
		p->state = MESSAGE;
}

void imap_parser_refuse(struct imap_parser *p)
{
	struct imap_literal literal;

	if (p->state != APPEND)
		return;
	literal = (struct imap_literal){ p->left, p->append->append.sync };
	p->append = NULL;
	imap_parser_skip_literal(p, literal);
}
