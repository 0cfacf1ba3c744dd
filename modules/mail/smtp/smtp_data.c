/*
 * smtp_data.c: un-stuffing DATA, byte by byte where lines meet and in runs between.
 *
 * States, by what was read last. A CR is held back until the byte behind it is known, a dot that
 * begins a line until the line goes on:
 *
 *	LINE_START --"."--> DOT --CR--> DOT_CR --LF--> END
 *	LINE_START --CR---> CR --LF--> LINE_START
 *	LINE_START --other> TEXT --CR--> CR
 *	DOT, DOT_CR --other> TEXT: the dot was stuffing and is dropped, the CR was a bare one
 *
 * Pure; it keeps a state and holds no byte. What is beyond size_max is read over.
 */
#include "smtp/smtp_data.h"

#include "hearth/log.h"

enum state { LINE_START, TEXT, CR, DOT, DOT_CR, END };

void smtp_data_init(struct smtp_data *d, uint64_t size_max, enum smtp_data_bare policy)
{
	*d = (struct smtp_data){ .size_max = size_max, .policy = policy, .state = LINE_START };
}

int smtp_data_result(const struct smtp_data *d)
{
	if (d->bare && d->policy == SMTP_BARE_REJECT)
		return SMTP_EDATA_BARE;
	return d->size > d->size_max ? SMTP_EDATA_SIZE : 0;
}

/* What a CR or LF of its own stands for in the message. */
static struct slice bare(struct smtp_data *d, char c)
{
	d->bare = true;
	if (d->policy == SMTP_BARE_KEEP)
		return c == '\r' ? SLICE("\r") : SLICE("\n");
	return c == '\r' ? SLICE(" ") : SLICE("\r\n");
}

/* The longest run without CR and LF at the front. */
static struct slice take_text(struct slice *in)
{
	struct slice run = { in->p, 0 };

	while (run.n < in->n && in->p[run.n] != '\r' && in->p[run.n] != '\n')
		run.n++;
	*in = slice_skip(*in, run.n);
	return run;
}

/*
 * Whole lines that need no change, as one run: from the start of a line to the last CRLF that is
 * followed by something else than a dot. Empty when there is no such line.
 */
static struct slice take_lines(struct slice *in)
{
	struct slice run = { in->p, 0 };
	const char *end = in->p + in->n, *at = in->p, *lf;

	while (at < end && *at != '.' && (lf = memchr(at, '\n', (size_t)(end - at)))) {
		if (lf == at || memchr(at, '\r', (size_t)(lf - at)) != lf - 1)
			break;
		at = lf + 1;
		run.n = (size_t)(at - run.p);
	}
	*in = slice_skip(*in, run.n);
	return run;
}

/* One step at a place where lines meet: uses one byte, or none, and gives what is now certain. */
static struct slice step(struct smtp_data *d, struct slice *in)
{
	const struct slice nothing = { NULL, 0 };
	char c = in->p[0];

	INVARIANT(in->n > 0 && d->state != END);
	switch (d->state) {
	case CR:
	case DOT_CR:
		if (c != '\n') {
			d->state = TEXT;
			return bare(d, '\r');
		}
		*in = slice_skip(*in, 1);
		d->state = d->state == DOT_CR ? END : LINE_START;
		return d->state == END ? nothing : SLICE("\r\n");
	case LINE_START:
		if (c == '.') {
			*in = slice_skip(*in, 1);
			d->state = DOT;
			return nothing;
		}
		break;
	}
	if (c == '\r') {
		*in = slice_skip(*in, 1);
		d->state = d->state == DOT ? DOT_CR : CR;
		return nothing;
	}
	d->state = TEXT;
	if (c == '\n') {
		*in = slice_skip(*in, 1);
		return bare(d, '\n');
	}
	return take_text(in);
}

enum smtp_data_event smtp_data_next(struct smtp_data *d, struct slice *in, struct slice *body)
{
	while (d->state != END && in->n) {
		*body = (struct slice){ NULL, 0 };
		if (d->state == LINE_START)
			*body = take_lines(in);
		if (!body->n && in->n)
			*body = step(d, in);
		d->size += body->n;
		if (body->n && !smtp_data_result(d))
			return SMTP_DATA_BODY;
	}
	INVARIANT(d->state == END || in->n == 0); /* all of it was looked at */
	*body = (struct slice){ NULL, 0 };
	return d->state == END ? SMTP_DATA_END : SMTP_DATA_MORE;
}
