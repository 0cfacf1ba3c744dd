/*
 * srs.h: Sender Rewriting Scheme: the envelope's sender of a mail that is sent on, as an address of ours
 * under which a report finds its way back.
 *
 *   ann@a.test                   SRS0=HHHHHHHH=TT=a.test=ann@ours
 *   SRS0=x=tt=a.test=ann@b.test  SRS1=HHHHHHHH=b.test==x=tt=a.test=ann@ours   (sent on by b.test before)
 *   SRS1=y=b.test==rest@c.test   SRS1=HHHHHHHH=b.test==rest@ours              (and by c.test)
 *
 * TT is the day it was written on, modulo 1024, in base32; HHHHHHHH 40 bits of an HMAC, in base32, over
 * all behind it, with its letters in lower case: what comes back may have lost the case of its letters, and
 * is taken all the same. A day is good for SRS_DAYS; SRS1 has none of its own, since that of SRS0, which
 * its maker checks, holds. Nobody but us can make one, so an address of this kind opens no relay.
 *
 * Pure; addresses of at most 254 octets.
 */
#ifndef MAIL_ADDRESS_SRS_H
#define MAIL_ADDRESS_SRS_H

#include "hearth/str.h"

#define SRS_KEY         32
#define SRS_DAYS        21
#define SRS_ADDRESS_MAX 254

/* The key for this server, of the key of secrets (secret.h). */
void srs_key_derive(const unsigned char secret[32], unsigned char key[SRS_KEY]);
/*
 * The sender of a mail that is sent on now (Unix seconds), at `domain`. HEARTH_EINVAL: it is no address;
 * HEARTH_ETOOBIG: what would come of it is too long.
 */
int srs_forward(const unsigned char key[SRS_KEY], int64_t now_s, struct slice sender,
	struct slice domain, char out[SRS_ADDRESS_MAX + 1]);
/* Whether a local part is written like one. */
bool srs_is(struct slice local);
/*
 * Whom an address of ours leads back to, by its local part. HEARTH_EINVAL: not written by us, or not any
 * more; HEARTH_ETIMEOUT: it was, too long ago.
 */
int srs_reverse(const unsigned char key[SRS_KEY], int64_t now_s, struct slice local,
	char out[SRS_ADDRESS_MAX + 1]);

#endif
