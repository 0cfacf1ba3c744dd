/*
 * expiry.h: tokens whose time is over end as if somebody had ended them: the row goes, and whatever
 * is open by it is closed: WebSockets, IMAP, SMTP, RTMP, requests under way. A look at the earliest
 * end (one entry of an index) every few seconds; so what is open lasts that much longer at most.
 */
#ifndef AUTH_EXPIRY_H
#define AUTH_EXPIRY_H

#include "auth.h"

/* Starts looking; from the loop. auth's timer `expiry` ends it. */
void auth_expiry_start(struct auth *a);

#endif
