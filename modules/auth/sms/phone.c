/*
 * phone.c: the canonical form of phone numbers (phone.h). Pure.
 */
#include "sms/phone.h"

#include <stdio.h>

#include "hearth/error.h"

#define DIGITS_MIN 8
#define DIGITS_MAX 15 /* ITU-T E.164 section 6.2 */

/* What is dialled inside a country before a number, where it is not the usual "0". */
static const struct {
	const char *country;
	const char *trunk;
} trunks[] = {
	{ "1", "1" },   /* North America */
	{ "7", "8" },   /* Russia, Kazakhstan */
	{ "36", "06" }, /* Hungary */
	{ "39", "" },   /* Italy: a leading 0 is part of the number */
	{ "225", "" },  /* Côte d'Ivoire, so too */
	{ "241", "" },  /* Gabon */
	{ "242", "" },  /* Congo */
	{ "375", "8" }, /* Belarus */
	{ "378", "" },  /* San Marino */
	{ "993", "8" }, /* Turkmenistan */
};

static const char *trunk_of(const char *country)
{
	for (size_t i = 0; i < sizeof(trunks) / sizeof(trunks[0]); i++)
		if (strcmp(trunks[i].country, country) == 0)
			return trunks[i].trunk;
	return "0";
}

bool phone_country_valid(const char *country)
{
	size_t n = strspn(country, "0123456789");

	return country[n] == '\0' && n <= 3 && country[0] != '0';
}

/* Digits of a number as somebody wrote it, with a leading '+' if there was one. */
struct draft {
	char text[1 + DIGITS_MAX + 8]; /* also what prefixes add before they go */
	size_t n;
};

static int take(struct draft *d, char c)
{
	if (c >= '0' && c <= '9')
		;
	else if (c == '+' && d->n == 0)
		;
	else
		return c && strchr(" -./()", c) ? 0 : HEARTH_EINVAL;
	if (d->n == sizeof(d->text))
		return HEARTH_EINVAL;
	d->text[d->n++] = c;
	return 0;
}

/* "+49 (0)170": the trunk prefix shown in parentheses is for callers from inside. */
static bool is_optional_trunk(struct slice rest, const struct draft *d)
{
	return d->n > 1 && d->text[0] == '+' && slice_starts(rest, SLICE("(0)"));
}

int phone_normalise(struct slice in, const char *country, char out[PHONE_MAX])
{
	struct draft d = { .n = 0 };
	struct slice digits;
	size_t n;

	for (size_t i = 0; i < in.n; i++) {
		if (is_optional_trunk(slice_skip(in, i), &d))
			i += 2;
		else if (take(&d, in.p[i]) < 0)
			return HEARTH_EINVAL;
	}
	digits = slice_of(d.text, d.n);
	if (slice_starts(digits, SLICE("+"))) {
		digits = slice_skip(digits, 1);
		country = "";
	} else if (slice_starts(digits, SLICE("00"))) {
		digits = slice_skip(digits, 2);
		country = "";
	} else if (country[0] == '\0') {
		return HEARTH_EINVAL;
	} else if (slice_starts(digits, slice_str(trunk_of(country)))) {
		digits = slice_skip(digits, strlen(trunk_of(country)));
	}
	n = strlen(country) + digits.n;
	if (n < DIGITS_MIN || n > DIGITS_MAX || (country[0] == '\0' && digits.p[0] == '0'))
		return HEARTH_EINVAL;
	snprintf(out, PHONE_MAX, "+%s%.*s", country, SLICE_ARG(digits));
	return 0;
}

void phone_mask(const char *number, char out[PHONE_MASK])
{
	size_t n = strlen(number);

	snprintf(out, PHONE_MASK, "•••%.2s", n > 2 ? number + n - 2 : "");
}
