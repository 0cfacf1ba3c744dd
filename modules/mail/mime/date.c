/*
 * mime/date.c: dates. The value is read as a bag of tokens (numbers, words, a time, a zone) whose
 * places hardly matter, since hardly anybody keeps to them.
 *
 * Pure; linear in the value.
 */
#include "mime/date.h"

#include <time.h>

#include "hearth/error.h"
#include "mime/token.h"

#include <time.h>

struct tokens {
	struct {
		unsigned value;
		size_t digits;
	} numbers[3];
	size_t n;
	unsigned month; /* from a name; 0 without one */
	bool has_time, pm, am;
	unsigned hour, minute, second;
	int zone_minutes;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

/* Takes digits; the value stays small whatever they are. Returns how many there were. */
static size_t take_number(struct mime_cursor *c, unsigned *value)
{
	const char *start = c->p;

	for (*value = 0; c->p < c->end && is_digit(*c->p); c->p++)
		*value = *value < 100000 ? *value * 10 + (unsigned)(*c->p - '0') : *value;
	return (size_t)(c->p - start);
}

/* Takes ':' and the number behind it, with white space or comments around them. */
static bool take_colon(struct mime_cursor *c, unsigned *value)
{
	mime_skip_space(c);
	if (!mime_at(c, ':'))
		return false;
	c->p++;
	mime_skip_space(c);
	take_number(c, value);
	return true;
}

/* Behind the hour: takes the rest of a time; false when it was no hour. */
static bool take_time(struct mime_cursor *c, struct tokens *t, unsigned hour)
{
	unsigned ignored;

	if (!take_colon(c, &t->minute))
		return false;
	t->has_time = true;
	t->hour = hour;
	t->second = 0;
	take_colon(c, &t->second);
	if (mime_at(c, '.') || mime_at(c, ',')) { /* a fraction */
		c->p++;
		take_number(c, &ignored);
	}
	return true;
}

/* At the sign: hhmm, hh:mm or hh. */
static void take_zone(struct mime_cursor *c, struct tokens *t)
{
	int sign = *c->p++ == '-' ? -1 : 1, minutes;
	unsigned value, more = 0;
	size_t digits = take_number(c, &value);

	if (mime_at(c, ':')) {
		c->p++;
		take_number(c, &more);
		minutes = (int)(value * 60 + more % 60);
	} else {
		minutes = (int)(digits <= 2 ? value * 60 : value / 100 * 60 + value % 100);
	}
	if (digits && minutes < 24 * 60)
		t->zone_minutes = sign * minutes;
}

static void read_word(struct slice word, struct tokens *t)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	/* RFC 5322 section 4.3; every other name means UTC there. */
	static const struct {
		struct slice name;
		int hours;
	} zones[] = {
		{ { "EST", 3 }, -5 },
		{ { "EDT", 3 }, -4 },
		{ { "CST", 3 }, -6 },
		{ { "CDT", 3 }, -5 },
		{ { "MST", 3 }, -7 },
		{ { "MDT", 3 }, -6 },
		{ { "PST", 3 }, -8 },
		{ { "PDT", 3 }, -7 },
	};

	for (size_t i = 0; i < 12 && word.n >= 3 && !t->month; i++)
		if (slice_istarts(word, slice_of(months + 3 * i, 3)))
			t->month = (unsigned)i + 1;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]) && t->has_time; i++)
		if (slice_ieq(word, zones[i].name))
			t->zone_minutes = zones[i].hours * 60;
	t->pm = t->pm || slice_ieq(word, SLICE("pm"));
	t->am = t->am || slice_ieq(word, SLICE("am"));
}

static void read_tokens(struct slice value, struct tokens *t)
{
	struct mime_cursor c = mime_cursor_of(value);

	while (c.p < c.end) {
		const char *start;

		mime_skip_space(&c);
		start = c.p;
		if (c.p == c.end)
			return;
		if (is_digit(*c.p)) {
			unsigned number;
			size_t digits = take_number(&c, &number);

			if (!t->has_time && take_time(&c, t, number))
				continue;
			if (t->n < 3) {
				t->numbers[t->n].value = number;
				t->numbers[t->n++].digits = digits;
			}
		} else if (is_letter(*c.p)) {
			while (c.p < c.end && is_letter(*c.p))
				c.p++;
			read_word(slice_of(start, (size_t)(c.p - start)), t);
		} else if ((*c.p == '+' || *c.p == '-') && t->has_time && c.p + 1 < c.end &&
			   is_digit(c.p[1])) {
			take_zone(&c, t);
		} else {
			c.p++;
		}
	}
}

/* Chooses year, month and day among the tokens. */
static int read_day(const struct tokens *t, unsigned *year, unsigned *month, unsigned *day)
{
	size_t y = 1, d = 0;

	*month = t->month;
	if (t->n < 2)
		return HEARTH_EINVAL;
	if (!t->month) { /* only 2024-12-31 is clear without the name of the month */
		if (t->n < 3 || t->numbers[0].digits != 4)
			return HEARTH_EINVAL;
		*month = t->numbers[1].value;
		y = 0;
		d = 2;
	} else if (t->numbers[0].digits > 2 || t->numbers[0].value > 31) {
		y = 0;
		d = 1;
	}
	*year = t->numbers[y].value;
	*day = t->numbers[d].value;
	if (t->numbers[y].digits <= 2)
		*year += *year < 50 ? 2000 : 1900;
	else if (t->numbers[y].digits == 3)
		*year += 1900;
	if (*year > 9999 || *month < 1 || *month > 12 || *day < 1 || *day > 31)
		return HEARTH_EINVAL;
	return 0;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, years counted from March. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (int64_t)day - 719469;
}

int mime_date_parse(struct slice value, struct mime_date *out)
{
	struct tokens t = { .n = 0 };
	unsigned year, month, day;

	read_tokens(value, &t);
	if (read_day(&t, &year, &month, &day))
		return HEARTH_EINVAL;
	if (t.pm && t.hour < 12)
		t.hour += 12;
	else if (t.am && t.hour == 12)
		t.hour = 0;
	if (t.hour > 24 || t.minute > 59 || t.second > 60)
		return HEARTH_EINVAL;
	out->unix_s = days_since_1970(year, month, day) * 86400 + (int64_t)t.hour * 3600 +
		      (int64_t)t.minute * 60 + (int64_t)t.second - (int64_t)t.zone_minutes * 60;
	out->zone_minutes = t.zone_minutes;
	return 0;
}

void mime_date_write(struct strbuf *out, int64_t unix_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)unix_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strbuf_printf(out, "%.3s, %d %.3s %d %02d:%02d:%02d +0000",
		days + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday, months + (ptrdiff_t)3 * tm.tm_mon,
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
