/*
 * The RTMP handshake: versions, the echo, split at every byte.
 */
#include "rtmp/rtmp_handshake.h"

#include "harness.h"

#include "hearth/error.h"

#define C0C1 (1 + RTMP_HANDSHAKE_SIZE)

/* C0, C1 with some pattern, C2, and one byte of the first chunk. */
static struct slice client_bytes(void)
{
	static char bytes[C0C1 + RTMP_HANDSHAKE_SIZE + 1];

	bytes[0] = 3;
	for (size_t i = 1; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	return slice_of(bytes, sizeof(bytes));
}

START_TEST(answers)
{
	struct slice in = client_bytes(), all = in, s;
	struct rtmp_handshake h;
	struct strbuf out = { 0 };

	rtmp_handshake_init(&h, 0x01020304, 42);
	ck_assert_int_eq(rtmp_handshake_feed(&h, &in, &out), 1);
	ck_assert_uint_eq(in.n, 1);
	ck_assert_uint_eq(out.n, 1 + 2 * RTMP_HANDSHAKE_SIZE);
	s = strbuf_slice(&out);
	ck_assert(slice_starts(s, SLICE("\x03\x01\x02\x03\x04\0\0\0\0")));
	s = slice_skip(s, C0C1); /* S2 is C1 but for the time it was read at */
	ck_assert(slice_eq(slice_head(s, 4), slice_head(slice_skip(all, 1), 4)));
	ck_assert(slice_eq(slice_head(slice_skip(s, 4), 4), SLICE("\x01\x02\x03\x04")));
	ck_assert(slice_eq(
		slice_skip(s, 8), slice_head(slice_skip(all, 9), RTMP_HANDSHAKE_SIZE - 8)));
	strbuf_free(&out);
}
END_TEST

START_TEST(differs_by_seed)
{
	struct strbuf out[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		struct slice in = client_bytes();
		struct rtmp_handshake h;

		rtmp_handshake_init(&h, 0, (uint64_t)i);
		rtmp_handshake_feed(&h, &in, &out[i]);
	}
	ck_assert(!slice_eq(strbuf_slice(&out[0]), strbuf_slice(&out[1])));
	strbuf_free(&out[0]);
	strbuf_free(&out[1]);
}
END_TEST

START_TEST(split_at_every_byte)
{
	struct slice all = client_bytes();

	for (size_t cut = 0; cut <= all.n; cut++) {
		struct rtmp_handshake h;
		struct strbuf out = { 0 };
		struct slice in = slice_head(all, cut);
		int rc;

		rtmp_handshake_init(&h, 0, 1);
		rc = rtmp_handshake_feed(&h, &in, &out);
		ck_assert_int_eq(rc, cut >= all.n - 1);
		in = slice_of(in.p, in.n + all.n - cut);
		ck_assert_int_eq(rtmp_handshake_feed(&h, &in, &out), 1);
		ck_assert_uint_eq(in.n, 1);
		ck_assert_uint_eq(out.n, 1 + 2 * RTMP_HANDSHAKE_SIZE);
		strbuf_free(&out);
	}
}
END_TEST

START_TEST(refuses)
{
	struct slice http = SLICE("GET / HTTP/1.1\r\n"), encrypted = SLICE("\x06");
	struct rtmp_handshake h;
	struct strbuf out = { 0 };

	rtmp_handshake_init(&h, 0, 1);
	ck_assert_int_eq(rtmp_handshake_feed(&h, &http, &out), HEARTH_EINVAL);
	ck_assert_ptr_nonnull(h.reason);
	rtmp_handshake_init(&h, 0, 1);
	ck_assert_int_eq(rtmp_handshake_feed(&h, &encrypted, &out), HEARTH_EUNSUPPORTED);
	ck_assert_uint_eq(out.n, 0);
}
END_TEST

TEST_MAIN("rtmp_handshake", answers, differs_by_seed, split_at_every_byte, refuses)
