/*
 * verp.h: the envelope's sender of a group's mail to a member elsewhere: an address of ours of their own, so
 * that a report says by where it comes for whom the mail could not be delivered, whatever it has in it.
 *
 *   verp=GROUP-MEMBER-DAY-HHHHHHHHHHHH@ours
 *
 * GROUP and MEMBER are numbers (accounts.h), DAY since 1970, HHHHHHHHHHHH 48 bits of an HMAC over them, all in
 * digits and lower case, 63 octets at most; no account or alias has "=" in its name. Nobody but us can make one, so
 * that nobody pauses others by reports they have written themselves. One is good for VERP_DAYS. Pure.
 */
#ifndef MAIL_ADDRESS_VERP_H
#define MAIL_ADDRESS_VERP_H

#include "hearth/str.h"

#define VERP_KEY       32
#define VERP_DAYS      21
#define VERP_LOCAL_MAX 64

/* The key for this server, of the key of secrets (secret.h). */
void verp_key_derive(const unsigned char secret[32], unsigned char key[VERP_KEY]);
/* The local part, for mail that leaves now (Unix seconds). */
void verp_write(const unsigned char key[VERP_KEY], int64_t group, int64_t member, int64_t now_s,
	char out[VERP_LOCAL_MAX + 1]);
/* Whether a local part is written like one. */
bool verp_is(struct slice local);
/* HEARTH_EINVAL: not written by us; HEARTH_ETIMEOUT: it was, too long ago. */
int verp_read(const unsigned char key[VERP_KEY], struct slice local, int64_t now_s, int64_t *group,
	int64_t *member);

#endif
