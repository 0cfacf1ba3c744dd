/*
 * test_edit_distance.c: distances known by hand, and the laws that any distance keeps.
 */
#include "core/edit_distance.h"
#include "harness.h"
#include "hearth/rand.h"

static size_t far(const char *a, const char *b)
{
	return edit_distance(slice_str(a), slice_str(b));
}

START_TEST(known_distances)
{
	ck_assert_uint_eq(far("", ""), 0);
	ck_assert_uint_eq(far("abc", ""), 3);
	ck_assert_uint_eq(far("", "abc"), 3);
	ck_assert_uint_eq(far("hostname", "hostname"), 0);
	ck_assert_uint_eq(far("hostnam", "hostname"), 1);
	ck_assert_uint_eq(far("hostnames", "hostname"), 1);
	ck_assert_uint_eq(far("hostmane", "hostname"), 2);
	ck_assert_uint_eq(far("hotsname", "hostname"), 1);
	ck_assert_uint_eq(far("ab", "ba"), 1);
	ck_assert_uint_eq(far("kitten", "sitting"), 3);
	ck_assert_uint_eq(far("ca", "abc"), 3); /* optimal string alignment; 2 would be Damerau's */
}
END_TEST

START_TEST(laws)
{
	rand_seed_for_tests(15);
	for (int i = 0; i < 20000; i++) {
		char a[8], b[8];
		size_t an = rand_below(8), bn = rand_below(8), d;

		for (size_t j = 0; j < 8; j++) {
			a[j] = (char)('a' + rand_below(3));
			b[j] = (char)('a' + rand_below(3));
		}
		d = edit_distance(slice_of(a, an), slice_of(b, bn));
		ck_assert_uint_eq(d, edit_distance(slice_of(b, bn), slice_of(a, an)));
		ck_assert_int_eq(d == 0, slice_eq(slice_of(a, an), slice_of(b, bn)));
		ck_assert_uint_le(d, an > bn ? an : bn);
		ck_assert_uint_ge(d, an > bn ? an - bn : bn - an);
	}
}
END_TEST

START_TEST(long_words_are_cut)
{
	char a[200], b[200];

	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	ck_assert_uint_eq(edit_distance(slice_of(a, 200), slice_of(b, 200)), EDIT_DISTANCE_BYTES);
	ck_assert_uint_eq(edit_distance(slice_of(a, 200), slice_of(a, 100)), 0);
}
END_TEST

TEST_MAIN("edit_distance", known_distances, laws, long_words_are_cut)
