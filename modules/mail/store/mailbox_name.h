/*
 * store/mailbox_name.h: which names mailboxes have. Pure.
 *
 * Names are paths with "/" between the levels, of at most MAIL_NAME_MAX bytes of UTF-8 and 32 levels.
 */
#ifndef MAIL_MAILBOX_NAME_H
#define MAIL_MAILBOX_NAME_H

#include "hearth/str.h"

#define MAIL_NAME_MAX 1000 /* bytes of a name */

/* Names we take: UTF-8, no control characters, no empty level, not too deep. */
bool mail_name_is_good(struct slice name);
/*
 * The name as it is stored: INBOX in any case is one name (RFC 3501 section 5.1), and so is the
 * level that it is of the names below it. The result is `name`, or lies in `room`.
 */
struct slice mail_name_canonical(struct slice name, char room[MAIL_NAME_MAX + 1]);

#endif
