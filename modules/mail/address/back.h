/*
 * address/back.h: from an address that mail was sent on with (srs.h) to who wrote it. Pure, any thread.
 */
#ifndef MAIL_ADDRESS_BACK_H
#define MAIL_ADDRESS_BACK_H

#include "address/srs.h"

struct mail;

/* Whether this is such an address of this server's, whether or not it was written by us. */
bool mail_comes_back(const struct mail *m, struct slice address);
/* Whose it is, the domain in lower case, and none of ours; HEARTH_ENOTFOUND: nobody's, or too old. */
int mail_back(const struct mail *m, struct slice address, char out[SRS_ADDRESS_MAX + 1]);

#endif
