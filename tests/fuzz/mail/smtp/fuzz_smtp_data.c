/*
 * fuzz_smtp_data.c: any bytes as the lines behind DATA. The first byte says how they are cut and
 * which policy holds. Cut or whole gives the same message, and it is the message that a slow and
 * plain reading of RFC 5321 section 4.5.2 gives.
 */
#include <assert.h>
#include <stdlib.h>

#include "smtp/smtp_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	struct strbuf body;
	size_t used;
	bool ended;
	int verdict;
};

static struct result run(struct slice in, size_t step, enum smtp_data_bare policy)
{
	struct smtp_data d;
	struct result r = { 0 };

	smtp_data_init(&d, 500, policy);
	for (size_t at = 0; at < in.n && !r.ended; at += step) {
		struct slice piece = slice_head(slice_skip(in, at), step), body;
		size_t n = piece.n;
		enum smtp_data_event what;

		while ((what = smtp_data_next(&d, &piece, &body)) == SMTP_DATA_BODY)
			strbuf_add(&r.body, body);
		r.ended = what == SMTP_DATA_END;
		r.used += n - piece.n;
	}
	r.verdict = smtp_data_result(&d);
	assert(r.body.n <= 500 && r.body.n <= d.size);
	return r;
}

/* The message as a model: the end is searched first, then each byte is looked at by itself. */
static struct result model(struct slice in, bool keep)
{
	struct result r = { 0 };
	size_t end = in.n;

	if (slice_starts(in, SLICE(".\r\n"))) {
		end = 0;
		r.ended = true;
	} else {
		ptrdiff_t at = slice_find(in, SLICE("\r\n.\r\n"));

		r.ended = at >= 0;
		end = r.ended ? (size_t)at + 2 : in.n;
	}
	r.used = r.ended ? end + 3 : in.n;
	for (size_t i = 0; i < end; i++) {
		bool line_start = !i || (i >= 2 && in.p[i - 1] == '\n' && in.p[i - 2] == '\r');
		bool crlf = i + 1 < in.n && in.p[i] == '\r' && in.p[i + 1] == '\n';

		if (crlf)
			strbuf_add(&r.body, slice_of(in.p + i++, 2));
		else if (in.p[i] == '\r' && !keep)
			strbuf_addc(&r.body, ' ');
		else if (in.p[i] == '\n' && !keep)
			strbuf_adds(&r.body, "\r\n");
		else if (in.p[i] != '.' || !line_start)
			strbuf_addc(&r.body, in.p[i]);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, cut, plain;
	enum smtp_data_bare policy;
	struct slice in;

	if (size < 1)
		return 0;
	in = slice_of(data + 1, size - 1);
	policy = data[0] % 3;
	whole = run(in, in.n + 1, policy);
	cut = run(in, data[0] / 3 + 1, policy);
	assert(whole.ended == cut.ended && whole.used == cut.used && whole.verdict == cut.verdict);
	assert(whole.verdict || slice_eq(strbuf_slice(&whole.body), strbuf_slice(&cut.body)));
	plain = model(in, policy == SMTP_BARE_KEEP);
	assert(plain.ended == whole.ended && plain.used == whole.used);
	if (plain.ended && !whole.verdict)
		assert(slice_eq(strbuf_slice(&whole.body), strbuf_slice(&plain.body)));
	strbuf_free(&whole.body);
	strbuf_free(&cut.body);
	strbuf_free(&plain.body);
	return 0;
}
