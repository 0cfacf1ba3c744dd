/*
 * sasl.h: SASL PLAIN (RFC 4616), as IMAP's AUTHENTICATE and SMTP's AUTH get it. Pure; as long as the
 * line it came in.
 */
#ifndef MAIL_SASL_H
#define MAIL_SASL_H

#include "hearth/str.h"

/*
 * Reads "[authorization identity] NUL authentication identity NUL password", decoded; both point into
 * it. HEARTH_EINVAL when it is none, HEARTH_EDENIED when one account wants to act for another.
 */
int mail_sasl_plain(struct slice response, struct slice *user, struct slice *password);

#endif
