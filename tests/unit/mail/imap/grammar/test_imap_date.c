/*
 * test_imap_date.c: dates both ways, against the C library's calendar.
 */
#include "harness.h"

#include <time.h>

#include "hearth/error.h"
#include "imap/grammar/imap_date.h"

START_TEST(days)
{
	int32_t day;

	ck_assert_int_eq(imap_date_parse(SLICE("1-Jan-1970"), &day), 0);
	ck_assert_int_eq(day, 0);
	ck_assert_int_eq(imap_date_parse(SLICE(" 1-Jan-1970"), &day), 0);
	ck_assert_int_eq(day, 0);
	ck_assert_int_eq(imap_date_parse(SLICE("01-feb-1994"), &day), 0);
	ck_assert_int_eq(day, 8797);
	ck_assert_int_eq(imap_date_parse(SLICE("31-DEC-1969"), &day), 0);
	ck_assert_int_eq(day, -1);
	ck_assert_int_eq(imap_date_parse(SLICE("29-Feb-2000"), &day), 0);
	ck_assert_int_eq(day, 11016);
	ck_assert_int_eq(imap_date_parse(SLICE("1-Jan-0001"), &day), 0);
	ck_assert_int_eq(day, -719162);
	ck_assert_int_eq(imap_date_parse(SLICE("31-Dec-9999"), &day), 0);
	ck_assert_int_eq(day, 2932896);
}
END_TEST

START_TEST(bad_days)
{
	static const char *const bad[] = { "", "1", "1-", "0-Jan-2000", "32-Jan-2000",
		"29-Feb-1900", "31-Apr-2000", "1-Jan-0000", "1-Jan-200", "1-Jan-20000",
		"1-Jam-2000", "1 Jan 2000", "1-Jan-2000 ", "-1-Jan-2000", "001-Jan-2000",
		"1-January-2000", "1-Jan" };
	int32_t day;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			imap_date_parse(slice_str(bad[i]), &day) == HEARTH_EINVAL, "%s", bad[i]);
}
END_TEST

static void check_time(const char *text, int64_t time_s, int zone_min)
{
	struct imap_datetime t;

	ck_assert_msg(imap_datetime_parse(slice_str(text), &t) == 0, "%s", text);
	ck_assert_int_eq(t.time_s, time_s);
	ck_assert_int_eq(t.zone_min, zone_min);
}

START_TEST(times)
{
	check_time("17-Jul-1996 02:44:25 -0700", 837596665, -420);
	check_time(" 1-Jan-1970 00:00:00 +0000", 0, 0);
	check_time("1-Jan-1970 00:00:00 +0000", 0, 0);
	check_time("01-Jan-1970 05:30:00 +0530", 0, 330);
	check_time("31-Dec-1969 23:59:59 +0000", -1, 0);
	check_time("31-Dec-2016 23:59:60 +0000", 1483228800, 0);
}
END_TEST

START_TEST(bad_times)
{
	static const char *const bad[] = { "", "17-Jul-1996", "17-Jul-1996 02:44:25",
		"17-Jul-1996 24:44:25 -0700", "17-Jul-1996 02:60:25 -0700",
		"17-Jul-1996 02:44:61 -0700", "17-Jul-1996 02:44:25 -0760",
		"17-Jul-1996 02:44:25 0700", "17-Jul-1996 02:44:25 -070",
		"17-Jul-1996 02:44:25 -0700 ", "17-Jul-1996 2:44:25 -0700",
		"17-Jul-1996  02:44:25 -0700", "  1-Jul-1996 02:44:25 -0700",
		"31-Jun-1996 02:44:25 -0700" };
	struct imap_datetime t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			imap_datetime_parse(slice_str(bad[i]), &t) == HEARTH_EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(written_and_read)
{
	struct strbuf b = { 0 };

	for (int64_t s = -62135596800 + 86400; s < 253402300800 - 86400;
		s += 8640000 * 37 + 12345) {
		struct imap_datetime in = { s, (int)(s % 720) }, out;
		time_t unix_s = s;
		struct tm tm;

		strbuf_reset(&b);
		imap_datetime_format(&b, in);
		ck_assert_msg(imap_datetime_parse(strbuf_slice(&b), &out) == 0, "%s", b.p);
		ck_assert_int_eq(out.time_s, in.time_s);
		ck_assert_int_eq(out.zone_min, in.zone_min);
		unix_s += in.zone_min * 60;
		gmtime_r(&unix_s, &tm);
		ck_assert_int_eq(tm.tm_mday, (b.p[0] - '0') * 10 + b.p[1] - '0');
	}
	strbuf_reset(&b);
	imap_datetime_format(&b, (struct imap_datetime){ INT64_MAX, 0 });
	imap_datetime_format(&b, (struct imap_datetime){ INT64_MIN, -60 });
	ck_assert_str_eq(b.p, "31-Dec-9999 23:59:59 +000001-Jan-0001 00:00:00 -0100");
	strbuf_free(&b);
}
END_TEST

TEST_MAIN("imap date", days, bad_days, times, bad_times, written_and_read)
