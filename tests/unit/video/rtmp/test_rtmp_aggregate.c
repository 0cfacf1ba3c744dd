/*
 * Aggregate messages: their parts and times, cut short at every byte, malformed, too many parts;
 * and whole ones that come over a chunk stream cut at every byte.
 */
#include "rtmp/rtmp_aggregate.h"

#include "harness.h"

#include "flv/flv_tag.h"
#include "hearth/arena.h"
#include "hearth/error.h"

#include <inttypes.h>
#include <stdlib.h>

static void put_part(struct strbuf *b, uint8_t type, uint32_t timestamp_ms, struct slice body)
{
	flv_write_tag(
		b, &(struct flv_tag){ .type = type, .timestamp_ms = timestamp_ms, .body = body });
}

/* Writes down the parts of a message; returns what the last call said. */
static int take_apart(const struct rtmp_message *m, struct strbuf *log)
{
	struct rtmp_aggregate a;
	struct rtmp_message part;
	int rc;

	rtmp_aggregate_init(&a, m);
	while ((rc = rtmp_aggregate_next(&a, &part)) == 1) {
		ck_assert_uint_eq(part.stream_id, m->stream_id);
		strbuf_printf(log, "%u@%" PRId64 ":%.*s ", part.type, part.timestamp_ms,
			SLICE_ARG(part.body));
	}
	return rc;
}

static int take_body_apart(struct slice body, int64_t timestamp_ms, struct strbuf *log)
{
	return take_apart(&(struct rtmp_message){ .type = RTMP_AGGREGATE,
				  .stream_id = 1,
				  .timestamp_ms = timestamp_ms,
				  .body = body },
		log);
}

static void expect(struct slice body, int64_t timestamp_ms, const char *parts)
{
	struct strbuf log = { 0 };

	ck_assert_int_eq(take_body_apart(body, timestamp_ms, &log), 0);
	ck_assert_str_eq(log.p ? log.p : "", parts);
	strbuf_free(&log);
}

/* The parts in front of what is wrong are given. */
static void expect_error(struct slice body, const char *parts)
{
	struct strbuf log = { 0 };

	ck_assert_int_eq(take_body_apart(body, 0, &log), HEARTH_EINVAL);
	ck_assert_str_eq(log.p ? log.p : "", parts);
	strbuf_free(&log);
}

/* The first part has the time of the whole, the others as far from it as they say. */
START_TEST(parts_and_times)
{
	struct strbuf b = { 0 };

	expect((struct slice){ 0 }, 5, "");
	put_part(&b, RTMP_AUDIO, 500, SLICE("aa"));
	put_part(&b, RTMP_VIDEO, 520, SLICE("v"));
	put_part(&b, RTMP_DATA, 490, SLICE("d")); /* a little back */
	put_part(&b, RTMP_AUDIO, 540, SLICE(""));
	expect(strbuf_slice(&b), 1000, "8@1000:aa 9@1020:v 18@990:d 8@1040: ");
	expect(strbuf_slice(&b), 0, "8@0:aa 9@20:v 18@-10:d 8@40: ");
	strbuf_reset(&b);
	put_part(&b, RTMP_AUDIO, 0xFFFFFFF0, SLICE("a")); /* the 32 bits end within it */
	put_part(&b, RTMP_AUDIO, 0x10, SLICE("b"));
	expect(strbuf_slice(&b), INT64_C(1) << 33, "8@8589934592:a 8@8589934624:b ");
	strbuf_free(&b);
}
END_TEST

START_TEST(cut_short_at_every_byte)
{
	struct strbuf b = { 0 };
	size_t first, second;

	put_part(&b, RTMP_AUDIO, 0, SLICE("aa"));
	first = b.n;
	put_part(&b, RTMP_VIDEO, 20, SLICE("vvv"));
	second = b.n;
	put_part(&b, RTMP_AUDIO, 40, SLICE("a"));
	for (size_t n = 0; n < b.n; n++) {
		struct slice whole = strbuf_slice(&b), head;
		/* In memory of its own, so that a byte read behind it is found out. */
		char *copy = mem_alloc(n + 1);
		const char *parts = n < first ? "" : n < second ? "8@0:aa " : "8@0:aa 9@20:vvv ";

		memcpy(copy, whole.p, n);
		head = slice_of(copy, n);
		if (n == 0 || n == first || n == second)
			expect(head, 0, parts);
		else
			expect_error(head, parts);
		free(copy);
	}
	strbuf_free(&b);
}
END_TEST

START_TEST(malformed)
{
	struct strbuf b = { 0 };

	put_part(&b, RTMP_AUDIO, 0, SLICE("aa"));
	put_part(&b, RTMP_VIDEO, 20, SLICE("v"));
	b.p[17 + 1] = 1; /* it says that it has 65537 bytes */
	expect_error(strbuf_slice(&b), "8@0:aa ");
	b.p[17 + 1] = (char)0xFF;
	expect_error(strbuf_slice(&b), "8@0:aa ");
	b.p[17 + 1] = 0;
	expect(strbuf_slice(&b), 0, "8@0:aa 9@20:v ");
	b.p[17] = 0x29; /* encrypted */
	expect_error(strbuf_slice(&b), "8@0:aa ");
	b.p[17] = (char)0x89;
	expect_error(strbuf_slice(&b), "8@0:aa ");
	b.p[17] = RTMP_AGGREGATE; /* one within another is a part that nobody takes */
	expect(strbuf_slice(&b), 0, "8@0:aa 22@20:v ");
	strbuf_free(&b);
}
END_TEST

START_TEST(too_many_parts)
{
	struct strbuf b = { 0 }, log = { 0 };
	int n = 0;

	for (int i = 0; i < RTMP_AGGREGATE_PARTS_MAX; i++)
		put_part(&b, RTMP_AUDIO, 0, SLICE(""));
	ck_assert_int_eq(take_body_apart(strbuf_slice(&b), 0, &log), 0);
	strbuf_reset(&log);
	put_part(&b, RTMP_AUDIO, 0, SLICE(""));
	ck_assert_int_eq(take_body_apart(strbuf_slice(&b), 0, &log), HEARTH_EINVAL);
	for (size_t i = 0; i < log.n; i++)
		n += log.p[i] == ' ';
	ck_assert_int_eq(n, RTMP_AGGREGATE_PARTS_MAX);
	strbuf_free(&log);
	strbuf_free(&b);
}
END_TEST

/* Reads one message in two pieces, or byte by byte, and takes it apart. */
static void read_in_pieces(struct slice in, size_t cut, bool bytewise, const char *parts)
{
	struct rtmp_reader *r = rtmp_reader_new(RTMP_MESSAGE_MAX);
	size_t given = bytewise ? 1 : cut;
	struct slice left = slice_head(in, given);
	struct strbuf log = { 0 };
	struct rtmp_message m;
	int rc;

	while ((rc = rtmp_reader_next(r, &left, &m)) == 0 && given < in.n) {
		left.n += bytewise ? 1 : in.n - given;
		given = bytewise ? given + 1 : in.n;
	}
	ck_assert_int_eq(rc, 1);
	ck_assert_uint_eq(m.type, RTMP_AGGREGATE);
	ck_assert_int_eq(take_apart(&m, &log), 0);
	ck_assert_str_eq(log.p, parts);
	strbuf_free(&log);
	rtmp_reader_free(&r);
}

START_TEST(over_a_chunk_stream)
{
	struct strbuf body = { 0 }, b = { 0 }, parts = { 0 };
	struct rtmp_message m = {
		.csid = 4, .type = RTMP_AGGREGATE, .stream_id = 1, .timestamp_ms = 7000
	};
	struct rtmp_writer w;

	for (uint32_t i = 0; i < 20; i++) { /* more than a chunk of 128 bytes holds */
		put_part(&body, i % 2 ? RTMP_VIDEO : RTMP_AUDIO, 100 + i, SLICE("xyz"));
		strbuf_printf(&parts, "%u@%u:xyz ", i % 2 ? RTMP_VIDEO : RTMP_AUDIO, 7000 + i);
	}
	m.body = strbuf_slice(&body);
	rtmp_writer_init(&w);
	rtmp_writer_message(&w, &b, &m);
	for (size_t cut = 0; cut <= b.n + 1; cut++)
		read_in_pieces(strbuf_slice(&b), cut, cut == b.n + 1, parts.p);
	strbuf_free(&b);
	strbuf_free(&body);
	strbuf_free(&parts);
}
END_TEST

TEST_MAIN("rtmp_aggregate", parts_and_times, cut_short_at_every_byte, malformed, too_many_parts,
	over_a_chunk_stream)
