/*
 * fuzz_smtp_chunk.c: any bytes as octets behind BDAT. The first three bytes say where chunks meet, how
 * the input is cut and which rules hold. However it is cut, the message is the same, and it is what a
 * plain reading gives, byte by byte.
 */
#include <assert.h>
#include <stdlib.h>

#include "smtp/smtp_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_LIMIT 3000

static struct strbuf run(struct slice in, size_t chunk, size_t step, enum smtp_data_bare policy,
	bool binary, int *verdict)
{
	struct smtp_chunk c;
	struct strbuf out = { 0 };
	size_t done = 0;

	smtp_chunk_init(&c, SIZE_LIMIT, policy, binary);
	do {
		size_t n = in.n - done < chunk ? in.n - done : chunk;
		enum smtp_data_event what = SMTP_DATA_MORE;
		struct slice body;

		smtp_chunk_begin(&c, n, done + n == in.n);
		while (what != SMTP_DATA_END) {
			struct slice piece = slice_head(slice_skip(in, done), step);
			size_t before = piece.n;

			while ((what = smtp_chunk_next(&c, &piece, &body)) == SMTP_DATA_BODY)
				strbuf_add(&out, body);
			done += before - piece.n;
		}
		assert(c.left == 0);
	} while (!c.last);
	assert(done == in.n);
	*verdict = smtp_chunk_result(&c);
	return out;
}

static struct strbuf model(struct slice in, bool mend, bool *bare)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < in.n; i++) {
		bool pair = in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n';

		if (pair) {
			strbuf_adds(&out, "\r\n");
			i++;
		} else if (in.p[i] == '\r' || in.p[i] == '\n') {
			*bare = true;
			if (mend)
				strbuf_adds(&out, in.p[i] == '\r' ? " " : "\r\n");
			else
				strbuf_addc(&out, in.p[i]);
		} else {
			strbuf_addc(&out, in.p[i]);
		}
	}
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum smtp_data_bare policy;
	struct strbuf one, two, plain;
	struct slice in;
	bool binary, bare = false;
	int verdict, again, expected = 0;

	if (size < 3)
		return 0;
	in = slice_of(data + 3, size - 3);
	policy = data[2] % 3;
	binary = data[2] & 4;
	one = run(in, in.n + 1, in.n + 1, policy, binary, &verdict);
	two = run(in, data[0] + 1u, data[1] + 1u, policy, binary, &again);
	plain = model(in, !binary && policy == SMTP_BARE_MEND, &bare);
	if (bare && !binary && policy == SMTP_BARE_REJECT)
		expected = SMTP_EDATA_BARE;
	else if (in.n > SIZE_LIMIT)
		expected = SMTP_EDATA_SIZE;
	assert(in.n > SIZE_LIMIT ? verdict < 0 && again < 0
				 : verdict == expected && again == expected);
	if (expected == 0) {
		assert(slice_eq(strbuf_slice(&one), strbuf_slice(&two)));
		assert(slice_eq(strbuf_slice(&one), strbuf_slice(&plain)));
	}
	strbuf_free(&one);
	strbuf_free(&two);
	strbuf_free(&plain);
	return 0;
}
