/*
 * imap_date.h: the two spellings of time in IMAP (RFC 3501 section 9): `date` of SEARCH and
 * `date-time` of INTERNALDATE. Proleptic Gregorian calendar, years 1 to 9999.
 *
 * Pure, any thread; a date has at most 26 characters.
 */
#ifndef HEARTH_MAIL_IMAP_DATE_H
#define HEARTH_MAIL_IMAP_DATE_H

#include "hearth/str.h"

struct imap_datetime {
	int64_t time_s; /* seconds since 1970-01-01 UTC */
	int zone_min;   /* minutes east of UTC in which it was written */
};

/* "1-Feb-1994" without quotes, as days since 1970-01-01; 0 or HEARTH_EINVAL. */
int imap_date_parse(struct slice s, int32_t *day);
/* "17-Jul-1996 02:44:25 -0700" without quotes; 0 or HEARTH_EINVAL. */
int imap_datetime_parse(struct slice s, struct imap_datetime *out);
/* Appends such a date-time, without quotes; years beyond 1 to 9999 are clamped. */
void imap_datetime_format(struct strbuf *out, struct imap_datetime t);

#endif
