/*
 * list/leave.h: the link by which a member leaves a group with one click, from wherever they read their mail
 * (RFC 8058): which group, who, and the day, signed. It works without a log-in, for LEAVE_DAYS, and does
 * nothing but that. Pure.
 *
 *   GROUP-ACCOUNT-DAY-HHHH…   numbers in decimal, the day since 1970, 128 bits of an HMAC in hexadecimal
 *   GROUP-eMEMBER-DAY-HHHH…   of a member elsewhere, whose number stands for an account as a negative one
 */
#ifndef MAIL_LIST_LEAVE_H
#define MAIL_LIST_LEAVE_H

#include "hearth/str.h"

#define LEAVE_KEY       32
#define LEAVE_DAYS      400
#define LEAVE_TOKEN_MAX 96

/* The key for this server, of the key of secrets (secret.h). */
void leave_key_derive(const unsigned char secret[32], unsigned char key[LEAVE_KEY]);
void leave_token(const unsigned char key[LEAVE_KEY], int64_t group, int64_t account, int64_t now_s,
	char out[LEAVE_TOKEN_MAX]);
/* HEARTH_EINVAL: not signed by us; HEARTH_ETIMEOUT: it was, too long ago. */
int leave_token_read(const unsigned char key[LEAVE_KEY], struct slice token, int64_t now_s,
	int64_t *group, int64_t *account);

#endif
