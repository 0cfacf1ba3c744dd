/*
 * test_header.c: header fields, folds, and lines that are no fields.
 */
#include "mail/mime/mime_test.h"
#include "mime/header.h"

static struct arena *a;

static void setup(void)
{
	a = arena_new();
}

START_TEST(fields_in_order)
{
	struct slice header =
		SLICE("From: a@b\r\nSubject : x\r\n y\r\n\tz\r\nEmpty:\r\n\r\nbody: no\r\n");
	struct mime_fields it = mime_fields_of(header);
	struct mime_field f;

	setup();
	ck_assert(mime_fields_next(&it, &f));
	CK_TEXT(f.name, "From");
	CK_TEXT(f.value, " a@b");
	CK_TEXT(f.raw, "From: a@b\r\n");
	ck_assert(f.raw.p == header.p);
	ck_assert(mime_fields_next(&it, &f));
	CK_TEXT(f.name, "Subject");
	CK_TEXT(f.value, " x\r\n y\r\n\tz");
	CK_TEXT(mime_unfold(a, f.value), "x y\tz");
	ck_assert(mime_fields_next(&it, &f));
	CK_TEXT(f.name, "Empty");
	ck_assert_uint_eq(f.value.n, 0);
	ck_assert(mime_unfold(a, f.value).p != NULL);
	ck_assert(!mime_fields_next(&it, &f));
	CK_TEXT(slice_head(it.rest, 2), "\r\n");
	ck_assert_uint_eq(mime_header_size(header), header.n - strlen("body: no\r\n"));
	arena_free(&a);
}
END_TEST

START_TEST(broken_lines)
{
	/*
	 * An mbox line, a continuation of nothing, no colon, a name with a space, LF alone, no end.
	 */
	struct slice header = SLICE(" first\nFrom x@y Thu 12:00\nno colon\na b: c\nTo: x\n y");
	static const char *const names[] = { "", "", "", "", "To" };
	struct mime_fields it = mime_fields_of(header);
	struct mime_field f;
	size_t n = 0, total = 0;

	setup();
	while (mime_fields_next(&it, &f)) {
		ck_assert_uint_lt(n, COUNT(names));
		CK_TEXT(f.name, names[n++]);
		total += f.raw.n;
	}
	ck_assert_uint_eq(n, COUNT(names));
	ck_assert_uint_eq(total, header.n);
	CK_TEXT(mime_unfold(a, f.value), "x y");
	ck_assert_uint_eq(mime_header_size(header), header.n);
	arena_free(&a);
}
END_TEST

START_TEST(header_ends)
{
	ck_assert_uint_eq(mime_header_size(SLICE("\r\nbody")), 2);
	ck_assert_uint_eq(mime_header_size(SLICE("\nbody")), 1);
	ck_assert_uint_eq(mime_header_size(SLICE("A: b\n\nbody")), 6);
	ck_assert_uint_eq(mime_header_size(SLICE("A: b\r\r\nbody")), 11); /* CR ends nothing */
	ck_assert_uint_eq(mime_header_size(SLICE("")), 0);
}
END_TEST

START_TEST(find_and_join)
{
	struct slice header = SLICE("To: a\nto: b,\n c\nX: y\nTO:\n\n");
	struct mime_field f;

	setup();
	ck_assert(mime_field_find(header, SLICE("tO"), &f));
	CK_TEXT(f.value, " a");
	ck_assert(!mime_field_find(header, SLICE("Cc"), &f));
	CK_TEXT(mime_field_join(a, header, SLICE("To")), "a, b, c, ");
	CK_TEXT(mime_field_join(a, header, SLICE("X")), "y");
	ck_assert(mime_field_join(a, header, SLICE("Cc")).p == NULL);
	arena_free(&a);
}
END_TEST

START_TEST(bounds)
{
	struct strbuf b = { 0 };
	struct mime_fields it;
	struct mime_field f;
	size_t n = 0;

	setup();
	for (int i = 0; i < MIME_FIELDS_MAX + 10; i++)
		strbuf_adds(&b, "To: abcdefghijklmnopqrstuvwxyz0123456789\n");
	for (it = mime_fields_of(strbuf_slice(&b)); mime_fields_next(&it, &f);)
		n++;
	ck_assert_uint_eq(n, MIME_FIELDS_MAX);
	ck_assert_uint_eq(mime_field_join(a, strbuf_slice(&b), SLICE("To")).n, MIME_VALUE_MAX);
	strbuf_reset(&b);
	for (int i = 0; i < MIME_VALUE_MAX; i++)
		strbuf_adds(&b, "x\n ");
	ck_assert_uint_le(mime_unfold(a, strbuf_slice(&b)).n, MIME_VALUE_MAX);
	strbuf_free(&b);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime header", fields_in_order, broken_lines, header_ends, find_and_join, bounds)
