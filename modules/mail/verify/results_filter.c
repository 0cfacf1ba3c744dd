/*
 * results_filter.c: see results_filter.h. Pure; each byte of a header is looked at once, or twice where a
 * field turns out to be another's.
 */
#include "verify/results_filter.h"

#include <ctype.h>

static const char name[] = "authentication-results";

/* ---- whose it is ---- */

static void settle(struct results_filter *f, bool ours, struct strbuf *out)
{
	f->state = f->field = ours ? RESULTS_DROP : RESULTS_KEEP;
	f->dropped += ours;
	if (!ours)
		strbuf_add(out, strbuf_slice(&f->held));
	strbuf_reset(&f->held);
}

static void end_id(struct results_filter *f, struct strbuf *out)
{
	settle(f, f->id.n > 0 && f->own(f->arg, strbuf_slice(&f->id)), out);
}

/* A byte of the value, up to the id's end. */
static void take_value(struct results_filter *f, char c, struct strbuf *out)
{
	bool escaped = f->escaped;

	f->escaped = false;
	if (f->comments > 0) {
		f->escaped = !escaped && c == '\\';
		f->comments += escaped ? 0 : (c == '(') - (c == ')');
	} else if (f->quoted) {
		f->escaped = !escaped && c == '\\';
		f->quoted = escaped || c != '"';
		if (f->quoted && !f->escaped && c != '\r' && c != '\n')
			strbuf_addc(&f->id, c);
		if (!f->quoted)
			end_id(f, out);
	} else if (c == '(' || c == ';' || isspace((unsigned char)c)) {
		if (f->begun || c == ';')
			end_id(f, out);
		else
			f->comments = c == '(';
	} else if (c == '"' && !f->begun) {
		f->quoted = f->begun = true;
	} else {
		f->begun = true;
		strbuf_addc(&f->id, c);
	}
}

/* ---- fields ---- */

static void begin_field(struct results_filter *f)
{
	f->state = RESULTS_NAME;
	f->matched = 0;
	f->colon = f->quoted = f->escaped = f->begun = false;
	f->comments = 0;
	strbuf_reset(&f->held);
	strbuf_reset(&f->id);
}

static void take_name(struct results_filter *f, char c, struct strbuf *out)
{
	bool whole = f->matched == sizeof(name) - 1;

	strbuf_addc(&f->held, c);
	if (!whole && tolower((unsigned char)c) == name[f->matched])
		f->matched++;
	else if (whole && c == ':')
		f->state = RESULTS_ID;
	else if (!whole || (c != ' ' && c != '\t'))
		settle(f, false, out);
	else if (f->held.n > RESULTS_HELD_MAX)
		settle(f, true, out);
}

/* The front of a line, of which it is not known yet what it is. */
static void take_line(struct results_filter *f, char c, struct strbuf *out)
{
	if ((c == ' ' || c == '\t') && f->field != RESULTS_LINE) {
		if (f->folding) {
			f->state = RESULTS_ID;
			strbuf_addc(&f->held, c);
			take_value(f, c, out);
		} else {
			f->state = f->field;
			if (f->field == RESULTS_KEEP)
				strbuf_addc(out, c);
		}
		f->folding = false;
		return;
	}
	if (f->folding)
		settle(f, f->id.n > 0 && f->own(f->arg, strbuf_slice(&f->id)), out);
	f->folding = false;
	if (c == '\r') {
		f->state = RESULTS_CR;
	} else if (c == '\n') {
		strbuf_addc(out, c);
		f->state = RESULTS_BODY;
	} else {
		begin_field(f);
		take_name(f, c, out);
	}
}

static void end_line(struct results_filter *f)
{
	f->folding = f->state == RESULTS_ID;
	if (f->folding)
		f->field = RESULTS_ID;
	f->state = RESULTS_LINE;
}

static void take(struct results_filter *f, char c, struct strbuf *out)
{
	switch (f->state) {
	case RESULTS_LINE: take_line(f, c, out); break;
	case RESULTS_CR:
		strbuf_addc(out, '\r');
		if (c == '\n') {
			strbuf_addc(out, c);
			f->state = RESULTS_BODY;
			break;
		}
		/* No line end, and no name either. */
		f->state = f->field = RESULTS_KEEP;
		take(f, c, out);
		break;
	case RESULTS_NAME: take_name(f, c, out); break;
	case RESULTS_ID:
		strbuf_addc(&f->held, c);
		if (f->held.n > RESULTS_HELD_MAX)
			settle(f, true, out);
		else
			take_value(f, c, out);
		break;
	case RESULTS_KEEP: strbuf_addc(out, c); break;
	case RESULTS_DROP:
	case RESULTS_BODY: break;
	}
}

/* Of a field that is known, the rest of the line at once. */
static struct slice take_known(struct results_filter *f, struct slice in, struct strbuf *out)
{
	ptrdiff_t end = slice_chr(in, '\n');
	struct slice part = end < 0 ? in : slice_head(in, (size_t)end + 1);

	if (f->state == RESULTS_KEEP)
		strbuf_add(out, part);
	if (end >= 0)
		end_line(f);
	return slice_skip(in, part.n);
}

struct slice results_filter_feed(struct results_filter *f, struct slice in, struct strbuf *out)
{
	while (in.n > 0 && f->state != RESULTS_BODY) {
		if (f->state == RESULTS_KEEP || f->state == RESULTS_DROP) {
			in = take_known(f, in, out);
			continue;
		}
		take(f, in.p[0], out);
		if (in.p[0] == '\n' && f->state != RESULTS_BODY)
			end_line(f);
		in = slice_skip(in, 1);
	}
	return in;
}

void results_filter_end(struct results_filter *f, struct strbuf *out)
{
	if (f->state == RESULTS_CR)
		strbuf_addc(out, '\r');
	else if (f->state == RESULTS_NAME)
		settle(f, false, out);
	else if (f->state == RESULTS_ID || (f->state == RESULTS_LINE && f->folding))
		end_id(f, out);
	f->state = RESULTS_BODY;
}

void results_filter_clear(struct results_filter *f)
{
	strbuf_free(&f->held);
	strbuf_free(&f->id);
}
