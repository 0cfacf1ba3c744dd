/*
 * imap_date.c: reading and writing IMAP dates.
 *
 * Pure; a date has at most 26 characters.
 */
#include "imap/grammar/imap_date.h"

#include <time.h>

#include "hearth/error.h"

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

enum { DAY_S = 86400 };

/* Seconds from 1970-01-01 to midnight of a day. */
static int64_t day_to_time(int year, int month, int day)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };

	return timegm(&tm);
}

static int days_in_month(int year, int month)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* A number of exactly `digits` digits off the front of *s; -1 when there is none. */
static int take_number(struct slice *s, size_t digits)
{
	int value = 0;

	if (s->n < digits)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return -1;
		value = value * 10 + (s->p[i] - '0');
	}
	*s = slice_skip(*s, digits);
	return value;
}

static bool take_char(struct slice *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/* "-Feb-1994" off the front, and the day before it checked: midnight of it, in *time_s. */
static int take_month_year(struct slice *s, int day, int64_t *time_s)
{
	int month = 0, year;

	if (!take_char(s, '-'))
		return HEARTH_EINVAL;
	for (int i = 0; i < 12; i++)
		if (slice_istarts(*s, slice_of(months[i], 3)))
			month = i + 1;
	if (!month)
		return HEARTH_EINVAL;
	*s = slice_skip(*s, 3);
	if (!take_char(s, '-') || (year = take_number(s, 4)) < 1)
		return HEARTH_EINVAL;
	if (day < 1 || day > days_in_month(year, month))
		return HEARTH_EINVAL;
	*time_s = day_to_time(year, month, day);
	return 0;
}

/* One digit, which may have a space in front, or two. */
static int take_day(struct slice *s)
{
	take_char(s, ' ');
	return take_number(s, s->n > 1 && s->p[1] == '-' ? 1 : 2);
}

int imap_date_parse(struct slice s, int32_t *day)
{
	int64_t time_s;
	int number = take_day(&s);

	if (take_month_year(&s, number, &time_s) < 0 || s.n)
		return HEARTH_EINVAL;
	*day = (int32_t)(time_s / DAY_S);
	return 0;
}

/* "02:44:25" off the front, in seconds; -1 when there is none. */
static int take_time(struct slice *s)
{
	int hour, minute, second;

	if ((hour = take_number(s, 2)) < 0 || hour > 23 || !take_char(s, ':') ||
		(minute = take_number(s, 2)) < 0 || minute > 59 || !take_char(s, ':') ||
		(second = take_number(s, 2)) < 0 || second > 60)
		return -1;
	return hour * 3600 + minute * 60 + second;
}

/* "-0700" off the front, in minutes. */
static bool take_zone(struct slice *s, int *zone_min)
{
	bool west = take_char(s, '-');
	int hour, minute;

	if ((!west && !take_char(s, '+')) || (hour = take_number(s, 2)) < 0 ||
		(minute = take_number(s, 2)) < 0 || minute > 59)
		return false;
	*zone_min = (hour * 60 + minute) * (west ? -1 : 1);
	return true;
}

int imap_datetime_parse(struct slice s, struct imap_datetime *out)
{
	int64_t midnight;
	int day, second, zone_min;

	/*
	 * date-day-fixed is two digits, or a space and one; some clients leave the space out, and
	 * some put it where only date-day stands.
	 */
	day = take_day(&s);
	if (take_month_year(&s, day, &midnight) < 0 || !take_char(&s, ' ') ||
		(second = take_time(&s)) < 0 || !take_char(&s, ' ') || !take_zone(&s, &zone_min) ||
		s.n)
		return HEARTH_EINVAL;
	*out = (struct imap_datetime){ midnight + second - zone_min * INT64_C(60), zone_min };
	return 0;
}

void imap_datetime_format(struct strbuf *out, struct imap_datetime t)
{
	const time_t first = day_to_time(1, 1, 1), last = day_to_time(10000, 1, 1) - 1;
	int zone = t.zone_min < 0 ? -t.zone_min : t.zone_min;
	time_t local = t.time_s < first ? first : t.time_s > last ? last : t.time_s;
	struct tm tm;

	local += t.zone_min * INT64_C(60);
	local = local < first ? first : local > last ? last : local;
	gmtime_r(&local, &tm);
	strbuf_printf(out, "%02d-%s-%04d %02d:%02d:%02d %c%02d%02d", tm.tm_mday, months[tm.tm_mon],
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, t.zone_min < 0 ? '-' : '+',
		zone / 60, zone % 60);
}
