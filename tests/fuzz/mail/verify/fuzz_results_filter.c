/*
 * Any bytes as a message: cut anywhere the filter lets the same through, which has no more fields of ours
 * in its header (a second pass takes none), and of which nothing is new. The same bytes as a field's value
 * are read without falling.
 */
#include "hearth/log.h"
#include "verify/results.h"
#include "verify/results_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_ours(const void *arg, struct slice id)
{
	(void)arg;
	return slice_ieq(id, SLICE("mx"));
}

static size_t filter(struct strbuf *out, struct slice in, size_t cut)
{
	struct results_filter f = { .own = is_ours };
	struct slice rest = results_filter_feed(&f, slice_head(in, cut), out);
	size_t dropped;

	strbuf_add(out, rest);
	strbuf_add(out, results_filter_feed(&f, slice_skip(in, cut), out));
	INVARIANT(f.held.n <= RESULTS_HELD_MAX + 1);
	results_filter_end(&f, out);
	dropped = f.dropped;
	results_filter_clear(&f);
	return dropped;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole = { 0 }, parts = { 0 }, again = { 0 };
	struct slice in;

	if (size < 2)
		return 0;
	in = slice_of(data + 1, size - 1);
	INVARIANT(filter(&whole, in, in.n) == filter(&parts, in, data[0] % in.n));
	INVARIANT(slice_eq(strbuf_slice(&whole), strbuf_slice(&parts)));
	INVARIANT(whole.n <= in.n);
	INVARIANT(filter(&again, strbuf_slice(&whole), whole.n) == 0);
	INVARIANT(slice_eq(strbuf_slice(&whole), strbuf_slice(&again)));
	results_say(in, SLICE("dmarc"), SLICE("pass"), SLICE("header.from"), SLICE("a.example"));
	strbuf_free(&whole);
	strbuf_free(&parts);
	strbuf_free(&again);
	return 0;
}
