/*
 * AMF 0: every type, ECMA arrays with wrong counts, AMF 3 inside, cut short at every byte, bounds.
 */
#include "rtmp/amf0.h"

#include "harness.h"

#include "bytes.h"
#include "hearth/error.h"

static struct arena *arena;

static int read_one(struct slice in, const struct amf0_value **v)
{
	struct amf0_reader r;

	if (!arena)
		arena = arena_new();
	amf0_reader_init(&r, arena, in);
	return amf0_read(&r, v);
}

START_TEST(round_trip)
{
	struct strbuf b = { 0 };
	const struct amf0_value *v;
	struct amf0_reader r;

	amf0_write_string(&b, SLICE("connect"));
	amf0_write_number(&b, 1.5);
	amf0_write_boolean(&b, true);
	amf0_write_null(&b);
	amf0_write_object_begin(&b);
	amf0_write_key(&b, SLICE("app"));
	amf0_write_string(&b, SLICE("live"));
	amf0_write_key(&b, SLICE("n"));
	amf0_write_number(&b, -7);
	amf0_write_object_end(&b);
	amf0_reader_init(&r, arena_new(), strbuf_slice(&b));

	ck_assert_int_eq(amf0_read(&r, &v), 1);
	ck_assert(slice_eq(amf0_string(v), SLICE("connect")));
	ck_assert_double_eq(amf0_number(v, 9), 9);
	ck_assert_int_eq(amf0_read(&r, &v), 1);
	ck_assert_double_eq(amf0_number(v, 0), 1.5);
	ck_assert_uint_eq(amf0_string(v).n, 0);
	ck_assert_int_eq(amf0_read(&r, &v), 1);
	ck_assert_int_eq(v->type, AMF0_BOOLEAN);
	ck_assert_double_eq(amf0_number(v, 0), 1);
	ck_assert_int_eq(amf0_read(&r, &v), 1);
	ck_assert_int_eq(v->type, AMF0_NULL);
	ck_assert_int_eq(amf0_read(&r, &v), 1);
	ck_assert(slice_eq(amf0_string(amf0_get(v, SLICE("app"))), SLICE("live")));
	ck_assert_double_eq(amf0_number(amf0_get(v, SLICE("n")), 0), -7);
	ck_assert_ptr_null(amf0_get(v, SLICE("none")));
	ck_assert_ptr_null(amf0_get(NULL, SLICE("none")));
	ck_assert_int_eq(amf0_read(&r, &v), 0);
	arena_free(&r.arena);
	strbuf_free(&b);
}
END_TEST

START_TEST(long_strings)
{
	struct strbuf text = { 0 }, b = { 0 };
	const struct amf0_value *v;

	for (size_t n = 65535; n <= 65536; n++) {
		strbuf_reset(&text);
		strbuf_reset(&b);
		memset(strbuf_reserve(&text, n), 'x', n);
		strbuf_commit(&text, n);
		amf0_write_string(&b, strbuf_slice(&text));
		ck_assert_int_eq(b.p[0], n > 65535 ? 0x0C : 0x02);
		ck_assert_int_eq(read_one(strbuf_slice(&b), &v), 1);
		ck_assert_uint_eq(amf0_string(v).n, n);
	}
	strbuf_free(&text);
	strbuf_free(&b);
}
END_TEST

/* OBS writes a count of 20 whatever follows. */
START_TEST(ecma_array_ends_at_its_marker)
{
	static const uint32_t counts[] = { 0, 1, 20, 0xFFFFFFFF };

	for (size_t i = 0; i < 4; i++) {
		struct strbuf b = { 0 };
		const struct amf0_value *v;

		amf0_write_ecma_begin(&b, counts[i]);
		amf0_write_key(&b, SLICE("width"));
		amf0_write_number(&b, 1280);
		amf0_write_key(&b, SLICE("")); /* an empty key is no end */
		amf0_write_number(&b, 1);
		amf0_write_object_end(&b);
		ck_assert_int_eq(read_one(strbuf_slice(&b), &v), 1);
		ck_assert_int_eq(v->type, AMF0_ECMA_ARRAY);
		ck_assert_double_eq(amf0_number(amf0_get(v, SLICE("width")), 0), 1280);
		strbuf_free(&b);
	}
}
END_TEST

START_TEST(other_types)
{
	static const struct slice in = SLICE("\x0A\0\0\0\x08"               /* strict array of 8 */
					     "\x06"                         /* undefined */
					     "\x0D"                         /* unsupported */
					     "\x07\0\x01"                   /* reference */
					     "\x0B\x40\x08\0\0\0\0\0\0\0\0" /* date: 3 ms */
					     "\x0F\0\0\0\x04<a/>"           /* XML */
					     "\x10\0\x01"
					     "C\0\0\x09"        /* typed object, empty */
					     "\x11\x04\x81\x00" /* AMF 3 integer 128 */
					     "\x11\x06\x05hi"); /* AMF 3 string */
	static const enum amf0_type types[] = { AMF0_NULL, AMF0_NULL, AMF0_NULL, AMF0_DATE,
		AMF0_STRING, AMF0_OBJECT, AMF0_NUMBER, AMF0_STRING };
	const struct amf0_value *v, *item;
	size_t i = 0;

	ck_assert_int_eq(read_one(in, &v), 1);
	ck_assert_int_eq(v->type, AMF0_STRICT_ARRAY);
	for (item = v->first; item; item = item->next, i++) {
		ck_assert_int_eq(item->type, types[i]);
		if (i == 3)
			ck_assert_double_eq(item->number, 3);
		if (i == 6)
			ck_assert_double_eq(item->number, 128);
		if (i == 7)
			ck_assert(slice_eq(item->string, SLICE("hi")));
	}
	ck_assert_uint_eq(i, 8);
	for (size_t n = 1; n < in.n; n++) /* cut short at every byte */
		ck_assert_int_eq(read_one(slice_head(in, n), &v), HEARTH_EINVAL);
}
END_TEST

START_TEST(amf3_numbers)
{
	static const struct {
		struct slice in;
		double value;
	} cases[] = {
		{ SLICE("\x11\x04\x7f"), 127 },
		{ SLICE("\x11\x04\xbf\xff\xff\xff"), 268435455 },
		{ SLICE("\x11\x04\xff\xff\xff\xff"), -1 },
		{ SLICE("\x11\x03"), 1 },
		{ SLICE("\x11\x05\x3f\xf0\0\0\0\0\0\0"), 1 },
	};
	const struct amf0_value *v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(read_one(cases[i].in, &v), 1);
		ck_assert_double_eq(amf0_number(v, -100), cases[i].value);
	}
	ck_assert_int_eq(read_one(SLICE("\x11\x0a\x01"), &v), HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(read_one(SLICE("\x11\x06\x04"), &v), HEARTH_EINVAL);
}
END_TEST

START_TEST(malformed)
{
	static const struct slice cases[] = {
		SLICE("\x04"),                     /* movie clip: reserved */
		SLICE("\x09"),                     /* an end without a beginning */
		SLICE("\x12"),                     /* no such marker */
		SLICE("\x0A\xff\xff\xff\xff\x05"), /* more items than bytes */
		SLICE("\x0C\xff\xff\xff\xffx"),
		SLICE("\x03\0\x01"
		      "a\x09"),
	};
	const struct amf0_value *v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(read_one(cases[i], &v), HEARTH_EINVAL);
}
END_TEST

START_TEST(bounds)
{
	struct strbuf b = { 0 };
	const struct amf0_value *v;
	struct amf0_reader r;
	int rc;

	for (int i = 0; i < AMF0_DEPTH_MAX; i++) { /* arrays of one array */
		strbuf_add(&b, SLICE("\x0A\0\0\0\x01"));
	}
	amf0_write_null(&b);
	ck_assert_int_eq(read_one(strbuf_slice(&b), &v), HEARTH_ETOOBIG);
	ck_assert_int_eq(read_one(slice_skip(strbuf_slice(&b), 5), &v), 1);

	strbuf_reset(&b);
	for (int i = 0; i < AMF0_VALUES_MAX + 1; i++)
		amf0_write_null(&b);
	amf0_reader_init(&r, arena, strbuf_slice(&b));
	for (int i = 0; i < AMF0_VALUES_MAX; i++)
		ck_assert_int_eq(amf0_read(&r, &v), 1);
	rc = amf0_read(&r, &v);
	ck_assert_int_eq(rc, HEARTH_ETOOBIG);
	strbuf_free(&b);
}
END_TEST

TEST_MAIN("amf0", round_trip, long_strings, ecma_array_ends_at_its_marker, other_types,
	amf3_numbers, malformed, bounds)
