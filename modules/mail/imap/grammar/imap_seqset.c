/*
 * imap_seqset.c: reading, resolving and writing sequence sets.
 *
 * Pure. A set has at most IMAP_SEQSET_MAX ranges: resolving sorts them, asking halves them.
 */
#include "imap/grammar/imap_seqset.h"

#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"

/* Reads "*" or a number from 1 to 4294967295 at s.p[*at]. */
static bool read_number(struct slice s, size_t *at, uint32_t *out)
{
	uint64_t value = 0;
	size_t begin = *at;

	if (*at < s.n && s.p[*at] == '*') {
		++*at;
		*out = IMAP_STAR;
		return true;
	}
	while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9' && value <= UINT32_MAX)
		value = value * 10 + (uint64_t)(s.p[(*at)++] - '0');
	*out = (uint32_t)value;
	return *at > begin && value > 0 && value <= UINT32_MAX;
}

ptrdiff_t imap_seqset_read(struct arena *a, struct slice s, struct imap_seqset *out)
{
	struct imap_seqset set = { NULL, 0 };
	size_t at = 0;

	for (;;) {
		struct imap_range r;

		if (!read_number(s, &at, &r.first))
			return HEARTH_EINVAL;
		r.last = r.first;
		if (at < s.n && s.p[at] == ':') {
			at++;
			if (!read_number(s, &at, &r.last))
				return HEARTH_EINVAL;
		}
		if (set.n == IMAP_SEQSET_MAX)
			return HEARTH_ETOOBIG;
		if (!(set.n & (set.n - 1))) { /* room for 1, 2, 4, 8, ... */
			struct imap_range *grown = arena_alloc(a, 2 * (set.n + 1) * sizeof(*grown));

			if (set.n)
				memcpy(grown, set.ranges, set.n * sizeof(*grown));
			set.ranges = grown;
		}
		set.ranges[set.n++] = r;
		if (at >= s.n || s.p[at] != ',')
			break;
		at++;
	}
	*out = set;
	return (ptrdiff_t)at;
}

static int by_first(const void *a, const void *b)
{
	uint32_t x = ((const struct imap_range *)a)->first,
		 y = ((const struct imap_range *)b)->first;

	return x < y ? -1 : x > y;
}

struct imap_seqset imap_seqset_resolve(struct arena *a, const struct imap_seqset *set, uint32_t max)
{
	struct imap_seqset out = { NULL, 0 };
	size_t n = 0;

	if (!max || !set->n)
		return out;
	out.ranges = arena_alloc(a, set->n * sizeof(*out.ranges));
	for (size_t i = 0; i < set->n; i++) {
		uint32_t x = set->ranges[i].first, y = set->ranges[i].last;

		x = x == IMAP_STAR ? max : x;
		y = y == IMAP_STAR ? max : y;
		if (x > max && y > max)
			continue;
		out.ranges[out.n++] = x < y ? (struct imap_range){ x, y < max ? y : max }
					    : (struct imap_range){ y, x < max ? x : max };
	}
	qsort(out.ranges, out.n, sizeof(*out.ranges), by_first);
	for (size_t i = 0; i < out.n; i++) {
		struct imap_range r = out.ranges[i];

		if (n && r.first <= (uint64_t)out.ranges[n - 1].last + 1) {
			if (r.last > out.ranges[n - 1].last)
				out.ranges[n - 1].last = r.last;
		} else {
			out.ranges[n++] = r;
		}
	}
	INVARIANT(n <= set->n && (n == 0 || out.ranges[n - 1].last <= max));
	out.n = n;
	return out;
}

bool imap_seqset_has(const struct imap_seqset *resolved, uint32_t number)
{
	size_t low = 0, high = resolved->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (resolved->ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < resolved->n && resolved->ranges[low].first <= number;
}

uint32_t imap_seqset_max(const struct imap_seqset *set)
{
	uint32_t max = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (set->ranges[i].first > max)
			max = set->ranges[i].first;
		if (set->ranges[i].last > max)
			max = set->ranges[i].last;
	}
	return max;
}

static void write_run(struct imap_seqset_writer *w, struct strbuf *out)
{
	if (!w->first)
		return;
	strbuf_printf(out, w->more ? ",%u" : "%u", w->first);
	if (w->last != w->first)
		strbuf_printf(out, ":%u", w->last);
	w->more = true;
}

void imap_seqset_add(struct imap_seqset_writer *w, struct strbuf *out, uint32_t number)
{
	if (w->first && number == (uint64_t)w->last + 1) {
		w->last = number;
		return;
	}
	write_run(w, out);
	w->first = w->last = number;
}

void imap_seqset_end(struct imap_seqset_writer *w, struct strbuf *out)
{
	write_run(w, out);
	*w = (struct imap_seqset_writer){ 0 };
}
