/*
 * smtp_chunk.c: counting the octets behind BDAT, and looking at their line ends (smtp_chunk.h).
 *
 * Where a CR or LF of its own does no harm (BINARYMIME, or they are kept) octets pass as they come, in
 * one run. Else lines pass in runs, and what is between them by the byte, as in smtp_data.c.
 *
 * Pure; what is beyond size_max is read over.
 */
#include "smtp/smtp_chunk.h"

#include "hearth/log.h"

void smtp_chunk_init(
	struct smtp_chunk *c, uint64_t size_max, enum smtp_data_bare policy, bool binary)
{
	*c = (struct smtp_chunk){ .size_max = size_max, .policy = policy, .binary = binary };
}

void smtp_chunk_begin(struct smtp_chunk *c, uint64_t size, bool last)
{
	INVARIANT(c->left == 0 && !c->last);
	c->left = size;
	c->last = last;
	c->size = size > UINT64_MAX - c->size ? UINT64_MAX : c->size + size;
}

int smtp_chunk_result(const struct smtp_chunk *c)
{
	if (c->bare && c->policy == SMTP_BARE_REJECT)
		return SMTP_EDATA_BARE;
	return c->size > c->size_max ? SMTP_EDATA_SIZE : 0;
}

/* A CR or LF of its own, where it is not kept. */
static struct slice bare(struct smtp_chunk *c, char b)
{
	c->bare = true;
	return b == '\r' ? SLICE(" ") : SLICE("\r\n");
}

#define RUN_MAX 4096 /* bytes that are looked through at a time, however little of it is used */

/* Bytes at the front of `s` that are whole lines, and behind them what has neither CR nor LF. */
static size_t clean(struct slice s)
{
	const char *at = s.p, *end = s.p + (s.n < RUN_MAX ? s.n : RUN_MAX), *lf, *cr;

	while ((lf = memchr(at, '\n', (size_t)(end - at)))) {
		if (lf == at || memchr(at, '\r', (size_t)(lf - at)) != lf - 1)
			break;
		at = lf + 1;
	}
	cr = memchr(at, '\r', (size_t)(end - at));
	if (cr && (!lf || cr < lf))
		return (size_t)(cr - s.p);
	return (size_t)((lf ? lf : end) - s.p);
}

/* Uses up to `here`, of which there is some, or nothing but the CR that was held back. */
static size_t look(struct smtp_chunk *c, struct slice here, struct slice *body)
{
	size_t n;

	if (c->cr) {
		c->cr = false;
		*body = here.p[0] == '\n' ? SLICE("\r\n") : bare(c, '\r');
		return here.p[0] == '\n' ? 1 : 0;
	}
	n = clean(here);
	if (n > 0) {
		*body = slice_head(here, n);
		return n;
	}
	c->cr = here.p[0] == '\r';
	if (!c->cr)
		*body = bare(c, '\n');
	return 1;
}

static size_t take(struct smtp_chunk *c, struct slice here, struct slice *body)
{
	if (!c->binary && c->policy != SMTP_BARE_KEEP)
		return look(c, here, body);
	*body = here;
	return here.n;
}

enum smtp_data_event smtp_chunk_next(struct smtp_chunk *c, struct slice *in, struct slice *body)
{
	while (c->left > 0 && in->n > 0) {
		struct slice here = *in;
		size_t n;

		if (here.n > c->left)
			here.n = (size_t)c->left;
		*body = (struct slice){ NULL, 0 };
		n = take(c, here, body);
		INVARIANT(n <= here.n);
		*in = slice_skip(*in, n);
		c->left -= n;
		if (body->n && smtp_chunk_result(c) == 0)
			return SMTP_DATA_BODY;
	}
	if (c->left == 0 && c->last && c->cr) {
		c->cr = false;
		*body = bare(c, '\r');
		if (smtp_chunk_result(c) == 0)
			return SMTP_DATA_BODY;
	}
	*body = (struct slice){ NULL, 0 };
	return c->left == 0 ? SMTP_DATA_END : SMTP_DATA_MORE;
}
