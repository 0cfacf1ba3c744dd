/*
 * mime/date.h: the date and time of RFC 5322 section 3.3 with the obsolete forms of 4.3, and what
 * else is met in Date fields: asctime's order, dashes, a missing zone or second, ISO 8601.
 *
 * Pure, any thread; linear in the value.
 */
#ifndef HEARTH_MAIL_MIME_DATE_H
#define HEARTH_MAIL_MIME_DATE_H

#include "hearth/str.h"

struct mime_date {
	int64_t unix_s;   /* seconds since 1970-01-01 UTC */
	int zone_minutes; /* what was added to UTC where it was written; 0 when not said */
};

/* Reads an unfolded value; HEARTH_EINVAL when no date is to be made of it. Pure, any thread. */
int mime_date_parse(struct slice value, struct mime_date *out);
/* Appends a moment in UTC as Date and Received have it: "Mon, 2 Jan 2006 15:04:05 +0000". */
void mime_date_write(struct strbuf *out, int64_t unix_s);

#endif
