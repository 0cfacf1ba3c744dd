/*
 * test_imap_seqset.c: sequence sets read, resolved and written.
 */
#include "harness.h"

#include "hearth/error.h"
#include "imap/grammar/imap_seqset.h"
#include "imap/grammar/imap_write.h"

static struct arena *arena;

static ptrdiff_t read_set(const char *text, struct imap_seqset *set)
{
	if (!arena)
		arena = arena_new();
	return imap_seqset_read(arena, slice_str(text), set);
}

/* Reads, resolves against `max`, and writes all numbers. */
static void check(const char *text, uint32_t max, const char *want)
{
	struct imap_seqset set, resolved;
	struct strbuf b = { 0 };
	struct imap_seqset_writer w = { 0 };

	ck_assert_msg(read_set(text, &set) == (ptrdiff_t)strlen(text), "%s", text);
	resolved = imap_seqset_resolve(arena, &set, max);
	strbuf_adds(&b, "");
	for (uint64_t i = 0; i <= (uint64_t)max + 1; i++)
		if (imap_seqset_has(&resolved, (uint32_t)i))
			imap_seqset_add(&w, &b, (uint32_t)i);
	imap_seqset_end(&w, &b);
	ck_assert_str_eq(b.p, want);
	strbuf_free(&b);
}

START_TEST(resolves)
{
	check("1", 10, "1");
	check("2,4:7,9,12:*", 15, "2,4:7,9,12:15"); /* the example of RFC 3501 */
	check("*:4,5:7", 10, "4:10");
	check("*", 3, "3");
	check("*:*", 3, "3");
	check("5:*", 3, "3");
	check("*:5", 3, "3");
	check("5:6", 3, "");
	check("5", 3, "");
	check("2:9", 3, "2:3");
	check("9:2", 3, "2:3");
	check("1,1,1", 3, "1");
	check("7:8,1:2,3", 8, "1:3,7:8");
	check("1:*", 0, "");
	check("4294967295", 3, "");
	check("1:4294967295", 3, "1:3");
}
END_TEST

START_TEST(refuses)
{
	static const char *const bad[] = { "", "0", "a", ",", "1,", "1:", "1:0", ":1", "1,,2",
		"4294967296", "99999999999999999999", "1:-2", "-1", "1,a", "1:a" };
	struct imap_seqset set;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(read_set(bad[i], &set) == HEARTH_EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(stops_at_the_end)
{
	struct imap_seqset set;

	ck_assert_int_eq(read_set("1:3 (FLAGS)", &set), 3);
	ck_assert_int_eq(read_set("1:2:3", &set), 3);
	ck_assert_int_eq(read_set("**", &set), 1);
	ck_assert_int_eq(read_set("7,*:3)", &set), 5);
	ck_assert_uint_eq(set.n, 2);
	ck_assert_uint_eq(set.ranges[1].first, IMAP_STAR);
	ck_assert_uint_eq(imap_seqset_max(&set), 7);
}
END_TEST

START_TEST(bounded)
{
	struct strbuf b = { 0 };
	struct imap_seqset set;

	for (int i = 0; i < IMAP_SEQSET_MAX; i++)
		strbuf_printf(&b, i ? ",%d" : "%d", 2 * i + 1);
	ck_assert_int_eq(read_set(b.p, &set), (ptrdiff_t)b.n);
	ck_assert_uint_eq(set.n, IMAP_SEQSET_MAX);
	for (int i = 0; i < IMAP_SEQSET_MAX; i++)
		ck_assert_uint_eq(set.ranges[i].last, 2 * i + 1);
	strbuf_adds(&b, ",1");
	ck_assert_int_eq(read_set(b.p, &set), HEARTH_ETOOBIG);
	strbuf_free(&b);
}
END_TEST

START_TEST(writes_in_order)
{
	static const uint32_t numbers[] = { 3, 4, 5, 1, 2, 9, 8, 4294967295u };
	struct strbuf b = { 0 };

	imap_write_numbers(&b, numbers, sizeof(numbers) / sizeof(numbers[0]));
	ck_assert_str_eq(b.p, "3:5,1:2,9,8,4294967295");
	strbuf_free(&b);
}
END_TEST

START_TEST(merged)
{
	struct imap_seqset set, resolved;

	ck_assert_int_gt(read_set("7,1:2,3:4,4:5,9", &set), 0);
	resolved = imap_seqset_resolve(arena, &set, 9);
	ck_assert_uint_eq(resolved.n, 3); /* 1:5,7,9 */
	ck_assert_uint_eq(resolved.ranges[0].last, 5);
}
END_TEST

START_TEST(whole_range)
{
	struct imap_seqset set, resolved;

	ck_assert_int_gt(read_set("1:4294967295,4294967295:*", &set), 0);
	resolved = imap_seqset_resolve(arena, &set, UINT32_MAX);
	ck_assert_uint_eq(resolved.n, 1);
	ck_assert_uint_eq(resolved.ranges[0].first, 1);
	ck_assert_uint_eq(resolved.ranges[0].last, UINT32_MAX);
	ck_assert(imap_seqset_has(&resolved, UINT32_MAX) && !imap_seqset_has(&resolved, 0));
}
END_TEST

TEST_MAIN("imap seqset", resolves, refuses, stops_at_the_end, bounded, writes_in_order, merged,
	whole_range)
