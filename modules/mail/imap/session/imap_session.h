/*
 * imap_session.h: an IMAP connection (RFC 3501), as the module sees it. On the loop.
 *
 * How many there are is the listener's to bound ([connections]).
 */
#ifndef HEARTH_MAIL_IMAP_SESSION_H
#define HEARTH_MAIL_IMAP_SESSION_H

#include "mail.h"

/* Greets and serves a new connection. */
void imap_session_new(struct mail *m, struct conn *conn);
/* Says BYE to every session that has no command in hand; the others after their command. */
void imap_sessions_drain(struct mail *m);
/* The same to the sessions of one account, whose password counts no more. */
void imap_sessions_revoke(struct mail *m, const struct json *event);

#endif
