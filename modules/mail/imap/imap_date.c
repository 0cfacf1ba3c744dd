/*
 * imap_date.c: reading and writing IMAP dates.
 */
#include "imap/imap_date.h"

#include "hearth/error.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Days from 1970-01-01 to a day of the Gregorian calendar; years are counted from March. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* And back. */
static void date_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
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

/* "-Feb-1994" off the front, and the day before it checked; HEARTH_EINVAL or 0. */
static int take_month_year(struct slice *s, int day, int64_t *days)
{
	int month = 0, year;

	if (!take_char(s, '-'))
		return HEARTH_EINVAL;
	for (int i = 0; i < 12; i++)
		if (slice_istarts(*s, slice_of(months + 3 * i, 3)))
			month = i + 1;
	if (!month)
		return HEARTH_EINVAL;
	*s = slice_skip(*s, 3);
	if (!take_char(s, '-') || (year = take_number(s, 4)) < 1)
		return HEARTH_EINVAL;
	if (day < 1 || day > days_in_month(year, month))
		return HEARTH_EINVAL;
	*days = days_from_date(year, month, day);
	return 0;
}

int imap_date_parse(struct slice s, int32_t *day)
{
	size_t digits = s.n > 1 && s.p[1] == '-' ? 1 : 2;
	int64_t days;

	if (take_month_year(&s, take_number(&s, digits), &days) < 0 || s.n)
		return HEARTH_EINVAL;
	*day = (int32_t)days;
	return 0;
}

int imap_datetime_parse(struct slice s, struct imap_datetime *out)
{
	int day, hour, minute, second, zone_hour, zone_minute;
	int64_t days;
	bool west;

	/* date-day-fixed is two digits, or a space and one; some clients leave the space out. */
	take_char(&s, ' ');
	day = take_number(&s, s.n > 1 && s.p[1] == '-' ? 1 : 2);
	if (take_month_year(&s, day, &days) < 0 || !take_char(&s, ' '))
		return HEARTH_EINVAL;
	if ((hour = take_number(&s, 2)) < 0 || hour > 23 || !take_char(&s, ':') ||
		(minute = take_number(&s, 2)) < 0 || minute > 59 || !take_char(&s, ':') ||
		(second = take_number(&s, 2)) < 0 || second > 60 || !take_char(&s, ' '))
		return HEARTH_EINVAL;
	west = take_char(&s, '-');
	if ((!west && !take_char(&s, '+')) || (zone_hour = take_number(&s, 2)) < 0 ||
		(zone_minute = take_number(&s, 2)) < 0 || zone_minute > 59 || s.n)
		return HEARTH_EINVAL;
	out->zone_min = (zone_hour * 60 + zone_minute) * (west ? -1 : 1);
	out->time_s = days * 86400 + hour * 3600 + minute * 60 + second - out->zone_min * 60;
	return 0;
}

void imap_datetime_format(struct strbuf *out, struct imap_datetime t)
{
	const int64_t first = days_from_date(1, 1, 1) * 86400;
	const int64_t last = days_from_date(10000, 1, 1) * 86400 - 1;
	int64_t local = t.time_s < first ? first : t.time_s > last ? last : t.time_s;
	int year, month, day, zone = t.zone_min < 0 ? -t.zone_min : t.zone_min;

	local += (int64_t)t.zone_min * 60;
	local = local < first ? first : local > last ? last : local;
	local -= first;
	date_from_days(local / 86400 + first / 86400, &year, &month, &day);
	strbuf_printf(out, "%02d-%.3s-%04d %02d:%02d:%02d %c%02d%02d", day, months + 3 * (month - 1), year,
		(int)(local / 3600 % 24), (int)(local / 60 % 60), (int)(local % 60),
		t.zone_min < 0 ? '-' : '+', zone / 60, zone % 60);
}
