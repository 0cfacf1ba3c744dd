/*
 * FLV files: round trip, cut short at every byte, times over 24 bits, malformed.
 */
#include "flv/flv_tag.h"

#include "harness.h"

#include "hearth/error.h"

START_TEST(round_trip)
{
	static const uint32_t times[] = { 0, 40, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0xFFFFFFFF };
	struct strbuf b = { 0 };
	struct flv_header header;
	struct flv_tag tag = { .type = FLV_VIDEO, .body = SLICE("\x17\x01hello") };
	struct slice in;
	ssize_t used;

	flv_write_header(&b, true, false);
	for (size_t i = 0; i < 6; i++) {
		tag.timestamp_ms = times[i];
		flv_write_tag(&b, &tag);
	}
	in = strbuf_slice(&b);
	used = flv_read_header(in, &header);
	ck_assert_int_eq(used, 13);
	ck_assert(header.audio && !header.video);
	in = slice_skip(in, (size_t)used);
	for (size_t i = 0; i < 6; i++) {
		struct flv_tag got;

		for (size_t n = 0; n < 11 + tag.body.n + 4; n++)
			ck_assert_int_eq(flv_read_tag(slice_head(in, n), &got), 0);
		used = flv_read_tag(in, &got);
		ck_assert_int_eq(used, (ssize_t)(11 + tag.body.n + 4));
		ck_assert_uint_eq(got.type, FLV_VIDEO);
		ck_assert_uint_eq(got.timestamp_ms, times[i]);
		ck_assert(slice_eq(got.body, tag.body));
		in = slice_skip(in, (size_t)used);
	}
	ck_assert_uint_eq(in.n, 0);
	strbuf_free(&b);
}
END_TEST

START_TEST(headers)
{
	static const struct slice whole = SLICE("FLV\x01\x05\0\0\0\x0b??\0\0\0\0");
	struct flv_header h;

	for (size_t n = 0; n < whole.n; n++)
		ck_assert_int_eq(flv_read_header(slice_head(whole, n), &h), 0);
	ck_assert_int_eq(flv_read_header(whole, &h), 15);
	ck_assert(h.audio && h.video);
	ck_assert_int_eq(flv_read_header(SLICE("FLX"), &h), HEARTH_EINVAL);
	ck_assert_int_eq(
		flv_read_header(SLICE("FLV\x02\x05\0\0\0\x09\0\0\0\0"), &h), HEARTH_EINVAL);
	ck_assert_int_eq(
		flv_read_header(SLICE("FLV\x01\x05\0\0\0\x08\0\0\0\0"), &h), HEARTH_EINVAL);
	ck_assert_int_eq(
		flv_read_header(SLICE("FLV\x01\x05\xff\0\0\x09\0\0\0\0"), &h), HEARTH_EINVAL);
}
END_TEST

START_TEST(malformed)
{
	struct flv_tag tag;

	ck_assert_int_eq(
		flv_read_tag(SLICE("\x29\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), &tag), HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(
		flv_read_tag(SLICE("\xc9\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), &tag), HEARTH_EINVAL);
	ck_assert_int_eq(flv_read_tag(SLICE("\x09\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0"), &tag), 0);
}
END_TEST

TEST_MAIN("flv_tag", round_trip, headers, malformed)
