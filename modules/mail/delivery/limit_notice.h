/*
 * limit_notice.h: somebody has reached the hourly limit of sending ([queue] per_hour): the person, whose
 * password may be in other hands, and the administrators are told, once an hour. On the loop.
 */
#ifndef MAIL_LIMIT_NOTICE_H
#define MAIL_LIMIT_NOTICE_H

#include "mail.h"

/* Notes it, and tells unless that was done within the hour. The address is copied. */
void mail_limit_reached(struct mail *m, int64_t account, const char *address);

#endif
