/*
 * The chunk stream: all header forms, time, interleaving, bounds; everything split at every byte.
 */
#include "rtmp/rtmp_chunk.h"

#include "harness.h"

#include "bytes.h"
#include "hearth/error.h"

#include <inttypes.h>
#include <stdio.h>

/* --- helpers ------------------------------------------------------------------------------- */

/* A chunk header as it goes over the wire, all fields by hand. */
static void put_header(struct strbuf *b, unsigned fmt, uint8_t csid, uint32_t field,
	uint32_t length, uint8_t type, uint8_t stream_id)
{
	write_u8(b, (uint8_t)(fmt << 6 | csid));
	if (fmt <= 2)
		write_be24(b, field >= 0xFFFFFF ? 0xFFFFFF : field);
	if (fmt <= 1) {
		write_be24(b, length);
		write_u8(b, type);
	}
	if (fmt == 0)
		strbuf_add(b, slice_of((char[]){ (char)stream_id, 0, 0, 0 }, 4));
	if (fmt <= 2 && field >= 0xFFFFFF)
		write_be32(b, field);
}

static void put_bytes(struct strbuf *b, char c, size_t n)
{
	memset(strbuf_reserve(b, n), c, n);
	strbuf_commit(b, n);
}

/*
 * Reads all of `in` in pieces that end at `cut`, or of one byte each; writes down what comes out.
 */
static int read_all(struct slice in, size_t cut, bool bytewise, struct strbuf *log)
{
	struct rtmp_reader *r = rtmp_reader_new(1 << 20);
	size_t given = bytewise ? 1 : cut;
	struct slice left = slice_head(in, given);
	struct rtmp_message m;
	int rc;

	for (;;) {
		while ((rc = rtmp_reader_next(r, &left, &m)) == 1) {
			strbuf_printf(log, "%u/%u/%u@%" PRId64 ":%zu ", m.csid, m.type, m.stream_id,
				m.timestamp_ms, m.body.n);
			strbuf_add(log, slice_head(m.body, 3));
			strbuf_addc(log, '\n');
		}
		if (rc < 0 || given == in.n)
			break;
		ck_assert_uint_le(left.n, 17);
		left.n += bytewise ? 1 : in.n - given;
		given = bytewise ? given + 1 : in.n;
	}
	if (rc == 0)
		ck_assert_uint_eq(rtmp_reader_received(r) + left.n, in.n);
	rtmp_reader_free(&r);
	return rc;
}

/* Checks what comes out against `expected`, also when the input is cut at every byte. */
static void expect(struct strbuf *bytes, const char *expected)
{
	for (size_t cut = 0; cut <= bytes->n + 1; cut++) {
		struct strbuf log = { 0 };
		bool bytewise = cut == bytes->n + 1;
		int rc = read_all(strbuf_slice(bytes), cut, bytewise, &log);

		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(log.p ? log.p : "", expected);
		strbuf_free(&log);
	}
	strbuf_free(bytes);
}

static void expect_error(struct strbuf *bytes, int code)
{
	for (size_t cut = 0; cut <= bytes->n; cut++) {
		struct strbuf log = { 0 };

		ck_assert_int_eq(read_all(strbuf_slice(bytes), cut, false, &log), code);
		strbuf_free(&log);
	}
	strbuf_free(bytes);
}

/* --- header forms -------------------------------------------------------------------------- */

START_TEST(deltas)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 4, 1000, 3, RTMP_AUDIO, 1);
	strbuf_adds(&b, "aaa");
	put_header(&b, 1, 4, 20, 2, RTMP_AUDIO, 0);
	strbuf_adds(&b, "bb");
	put_header(&b, 2, 4, 21, 0, 0, 0);
	strbuf_adds(&b, "cc");
	put_header(&b, 3, 4, 0, 0, 0, 0); /* a new message: the last delta again */
	strbuf_adds(&b, "dd");
	expect(&b, "4/8/1@1000:3 aaa\n4/8/1@1020:2 bb\n4/8/1@1041:2 cc\n4/8/1@1062:2 dd\n");
}
END_TEST

START_TEST(fmt3_after_fmt0)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 4, 23, 1, RTMP_AUDIO, 1);
	strbuf_adds(&b, "a");
	put_header(&b, 3, 4, 0, 0, 0, 0); /* the delta is the timestamp of the fmt 0 chunk */
	strbuf_adds(&b, "b");
	put_header(&b, 3, 4, 0, 0, 0, 0);
	strbuf_adds(&b, "c");
	expect(&b, "4/8/1@23:1 a\n4/8/1@46:1 b\n4/8/1@69:1 c\n");
}
END_TEST

START_TEST(fresh_stream)
{
	struct strbuf b = { 0 };

	put_header(&b, 1, 2, 5, 6, RTMP_USER_CONTROL, 0); /* librtmp's ping */
	strbuf_adds(&b, "abcdef");
	expect(&b, "2/4/0@5:6 abc\n");
	for (unsigned fmt = 2; fmt <= 3; fmt++) {
		put_header(&b, fmt, 7, 5, 0, 0, 0);
		put_bytes(&b, 'x', 20);
		expect_error(&b, HEARTH_EINVAL);
	}
}
END_TEST

START_TEST(stream_numbers)
{
	static const uint32_t csids[] = { 2, 3, 63, 64, 319, 320, 65599 };
	struct rtmp_writer w;
	struct strbuf b = { 0 }, expected = { 0 };

	rtmp_writer_init(&w);
	for (size_t i = 0; i < sizeof(csids) / sizeof(csids[0]); i++) {
		struct rtmp_message m = { .csid = csids[i],
			.type = RTMP_COMMAND,
			.stream_id = 0x01020304,
			.timestamp_ms = 7,
			.body = SLICE("body") };

		rtmp_writer_message(&w, &b, &m);
		strbuf_printf(&expected, "%u/20/%u@7:4 bod\n", csids[i], 0x01020304);
	}
	expect(&b, expected.p);
	strbuf_free(&expected);
}
END_TEST

START_TEST(empty_messages)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 4, 10, 0, RTMP_AUDIO, 1); /* silence */
	put_header(&b, 2, 4, 10, 0, 0, 0);
	put_header(&b, 3, 4, 0, 0, 0, 0);
	expect(&b, "4/8/1@10:0 \n4/8/1@20:0 \n4/8/1@30:0 \n");
}
END_TEST

START_TEST(interleaved)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 6, 40, 300, RTMP_VIDEO, 1);
	put_bytes(&b, 'v', 128);
	put_header(&b, 0, 4, 30, 130, RTMP_AUDIO, 1);
	put_bytes(&b, 'a', 128);
	put_header(&b, 3, 6, 0, 0, 0, 0);
	put_bytes(&b, 'v', 128);
	put_header(&b, 3, 4, 0, 0, 0, 0);
	put_bytes(&b, 'a', 2);
	put_header(&b, 3, 6, 0, 0, 0, 0);
	put_bytes(&b, 'v', 44);
	expect(&b, "4/8/1@30:130 aaa\n6/9/1@40:300 vvv\n");
}
END_TEST

START_TEST(header_inside_message)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 6, 40, 300, RTMP_VIDEO, 1);
	put_bytes(&b, 'v', 128);
	put_header(&b, 0, 6, 40, 300, RTMP_VIDEO, 1);
	expect_error(&b, HEARTH_EINVAL);
}
END_TEST

/* --- time ---------------------------------------------------------------------------------- */

/* One message over three chunks, with the extended timestamp repeated in fmt 3 headers or not. */
static void put_long(struct strbuf *b, uint32_t timestamp, size_t last, bool repeat)
{
	put_header(b, 0, 6, timestamp, (uint32_t)(256 + last), RTMP_VIDEO, 1);
	for (int i = 0; i < 3; i++) {
		put_bytes(b, 'v', i < 2 ? 128 : last);
		if (i == 2)
			break;
		put_header(b, 3, 6, 0, 0, 0, 0);
		if (repeat && timestamp >= 0xFFFFFF)
			write_be32(b, timestamp);
	}
}

START_TEST(extended_timestamp)
{
	static const uint32_t times[] = { 0xFFFFFE, 0xFFFFFF, 0x1000000, 0x76767676, 0xFFFFFFFF };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		for (size_t last = 1; last <= 6; last++)
			for (int repeat = 0; repeat < 2; repeat++) {
				struct strbuf b = { 0 };
				char text[64];

				if (times[i] == 0x76767676 && !repeat)
					continue; /* "vvvv": the body looks like the field */
				put_long(&b, times[i], last, repeat);
				snprintf(text, sizeof(text), "6/9/1@%u:%zu vvv\n", times[i],
					256 + last);
				expect(&b, text);
			}
}
END_TEST

START_TEST(extended_delta)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 6, 100, 1, RTMP_VIDEO, 1);
	strbuf_adds(&b, "a");
	put_header(&b, 1, 6, 0x1000000, 1, RTMP_VIDEO, 1);
	strbuf_adds(&b, "b");
	put_header(&b, 3, 6, 0, 0, 0, 0); /* opens a message; the field is repeated */
	write_be32(&b, 0x1000000);
	strbuf_adds(&b, "c");
	put_header(&b, 2, 6, 5, 0, 0, 0);
	strbuf_adds(&b, "d");
	expect(&b, "6/9/1@100:1 a\n6/9/1@16777316:1 b\n6/9/1@33554532:1 c\n6/9/1@33554537:1 d\n");
}
END_TEST

/* Thirty seconds around the point where 24 or 32 bits end, with absolute and with delta headers. */
START_TEST(time_runs_on)
{
	static const int64_t ends[] = { 0xFFFFFF, INT64_C(1) << 31, INT64_C(1) << 32 };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct strbuf b = { 0 }, expected = { 0 };
		int64_t t = ends[i] - 15000;

		put_header(&b, 0, 6, (uint32_t)t, 1, RTMP_VIDEO, 1);
		strbuf_adds(&b, "v");
		strbuf_printf(&expected, "6/9/1@%" PRId64 ":1 v\n", t);
		for (int k = 0; k < 10; k++) {
			t += 3000;
			put_header(
				&b, k % 2 ? 2 : 0, 6, k % 2 ? 3000 : (uint32_t)t, 1, RTMP_VIDEO, 1);
			strbuf_adds(&b, "v");
			strbuf_printf(&expected, "6/9/1@%" PRId64 ":1 v\n", t);
			put_header(&b, 0, 4, (uint32_t)(t - 20), 1, RTMP_AUDIO, 1);
			strbuf_adds(&b, "a");
			strbuf_printf(&expected, "4/8/1@%" PRId64 ":1 a\n", t - 20);
		}
		expect(&b, expected.p);
		strbuf_free(&expected);
	}
}
END_TEST

START_TEST(commands_do_not_move_time)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 3, 0, 1, RTMP_COMMAND, 0);
	strbuf_adds(&b, "c");
	put_header(&b, 0, 6, 0xFFFFFFF0, 1, RTMP_VIDEO, 1);
	strbuf_adds(&b, "v");
	put_header(&b, 0, 4, 0xFFFFFFE0, 1, RTMP_AUDIO, 1); /* a little back */
	strbuf_adds(&b, "a");
	put_header(&b, 0, 4, 0x10, 1, RTMP_AUDIO, 1);
	strbuf_adds(&b, "a");
	expect(&b,
		"3/20/0@0:1 c\n6/9/1@4294967280:1 v\n4/8/1@4294967264:1 a\n4/8/1@4294967312:1 a\n");
}
END_TEST

/* --- protocol control ---------------------------------------------------------------------- */

static void put_control(struct strbuf *b, uint8_t type, uint32_t value)
{
	put_header(b, 0, 2, 0, 4, type, 0);
	write_be32(b, value);
}

START_TEST(chunk_size_changes)
{
	struct rtmp_writer w;
	struct strbuf b = { 0 };
	struct strbuf body = { 0 };

	rtmp_writer_init(&w);
	put_bytes(&body, 'x', 500);
	for (uint32_t size = 1; size <= 1000; size = size * 7 + 1) {
		struct rtmp_message m = {
			.csid = 5, .type = RTMP_DATA, .body = strbuf_slice(&body)
		};

		rtmp_writer_set_chunk_size(&w, &b, size);
		rtmp_writer_message(&w, &b, &m);
	}
	expect(&b, "5/18/0@0:500 xxx\n5/18/0@0:500 xxx\n5/18/0@0:500 xxx\n5/18/0@0:500 xxx\n");
	strbuf_free(&body);
}
END_TEST

START_TEST(chunk_size_bounds)
{
	static const uint32_t bad[] = { 0, 0x80000000, 0xFFFFFFFF };
	struct strbuf b = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_control(&b, RTMP_SET_CHUNK_SIZE, bad[i]);
		expect_error(&b, HEARTH_EINVAL);
	}
	put_header(&b, 0, 2, 0, 3, RTMP_SET_CHUNK_SIZE, 0);
	put_bytes(&b, 0, 3);
	expect_error(&b, HEARTH_EINVAL);
	put_control(&b, RTMP_SET_CHUNK_SIZE, 0x7FFFFFFF);
	expect(&b, "");
}
END_TEST

START_TEST(aborts)
{
	struct strbuf b = { 0 };

	put_header(&b, 0, 6, 40, 300, RTMP_VIDEO, 1);
	put_bytes(&b, 'v', 128);
	put_control(&b, RTMP_ABORT, 6);
	put_control(&b, RTMP_ABORT, 99); /* unknown: nothing to do */
	put_header(&b, 0, 6, 50, 4, RTMP_VIDEO, 1);
	strbuf_adds(&b, "next");
	expect(&b, "6/9/1@50:4 nex\n");
	put_header(&b, 0, 2, 0, 2, RTMP_ABORT, 0);
	put_bytes(&b, 0, 2);
	expect_error(&b, HEARTH_EINVAL);
}
END_TEST

/* --- bounds -------------------------------------------------------------------------------- */

START_TEST(message_too_large)
{
	struct rtmp_reader *r = rtmp_reader_new(1000);
	struct strbuf b = { 0 };
	struct rtmp_message m;
	struct slice in;

	put_header(&b, 0, 6, 0, 1001, RTMP_VIDEO, 1);
	in = strbuf_slice(&b);
	ck_assert_int_eq(rtmp_reader_next(r, &in, &m), HEARTH_ETOOBIG);
	ck_assert_str_ne(rtmp_reader_reason(r), "no error");
	rtmp_reader_free(&r);
	r = rtmp_reader_new(1000);
	rtmp_reader_set_message_max(r, 2000);
	in = strbuf_slice(&b);
	ck_assert_int_eq(rtmp_reader_next(r, &in, &m), 0);
	rtmp_reader_free(&r);
	strbuf_free(&b);
}
END_TEST

START_TEST(too_many_streams)
{
	struct strbuf b = { 0 };

	for (uint8_t i = 0; i < 62; i++) {
		put_header(&b, 0, (uint8_t)(2 + i), 0, 1, RTMP_DATA, 0);
		strbuf_addc(&b, 'x');
	}
	for (int i = 0; i < 3; i++) { /* the two-byte form for the others */
		strbuf_add(
			&b, slice_of((char[]){ 0, (char)i, 0, 0, 0, 0, 0, 1, 18, 0, 0, 0, 0, 'x' },
				    14));
	}
	expect_error(&b, HEARTH_ETOOBIG);
}
END_TEST

START_TEST(too_much_unfinished)
{
	struct rtmp_reader *r = rtmp_reader_new(1000);
	struct strbuf b = { 0 };
	struct rtmp_message m;
	struct slice in;

	for (int round = 0; round < 8; round++)
		for (uint8_t csid = 3; csid < 8; csid++) {
			put_header(&b, round ? 3 : 0, csid, 0, 1000, RTMP_DATA, 0);
			put_bytes(&b, 'x', round < 7 ? 128 : 104);
		}
	in = strbuf_slice(&b);
	ck_assert_int_eq(rtmp_reader_next(r, &in, &m), HEARTH_ETOOBIG);
	ck_assert_uint_lt(rtmp_reader_received(r), 2200);
	rtmp_reader_free(&r);
	strbuf_free(&b);
}
END_TEST

START_TEST(large_message)
{
	struct rtmp_reader *r = rtmp_reader_new(RTMP_MESSAGE_MAX);
	struct strbuf b = { 0 }, body = { 0 };
	struct rtmp_message m = { .csid = 6, .type = RTMP_VIDEO }, got;
	struct rtmp_writer w;
	struct slice in;

	put_bytes(&body, 'k', 12 << 20);
	m.body = strbuf_slice(&body);
	rtmp_writer_init(&w);
	rtmp_writer_set_chunk_size(&w, &b, 60000);
	for (int i = 0; i < 2; i++)
		rtmp_writer_message(&w, &b, &m);
	in = strbuf_slice(&b);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rtmp_reader_next(r, &in, &got), 1);
		ck_assert(slice_eq(got.body, m.body));
	}
	ck_assert_int_eq(rtmp_reader_next(r, &in, &got), 0);
	rtmp_reader_free(&r);
	strbuf_free(&b);
	strbuf_free(&body);
}
END_TEST

TEST_MAIN("rtmp_chunk", deltas, fmt3_after_fmt0, fresh_stream, stream_numbers, empty_messages,
	interleaved, header_inside_message, extended_timestamp, extended_delta, time_runs_on,
	commands_do_not_move_time, chunk_size_changes, chunk_size_bounds, aborts, message_too_large,
	too_many_streams, too_much_unfinished, large_message)
