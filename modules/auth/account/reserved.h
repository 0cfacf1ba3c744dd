/*
 * reserved.h: names that speak for whoever runs the server. By some, certificates are given out and
 * mail servers report (CA/Browser Forum Baseline Requirements 3.2.2.4.4, RFC 2142, 7489, 8460); to
 * others strangers write who want the organisation. No member gets either by chance. Those of the
 * organisation an administrator gives by naming them; for those of the system even an administrator
 * says that it is meant, since who has one may get a certificate. Pure.
 */
#ifndef AUTH_RESERVED_H
#define AUTH_RESERVED_H

#include "hearth/str.h"

/*
 * Whether a local part, an address or a group's name is one of them in any spelling: letters of any
 * case, with separators in it, a subaddress behind it, digits and pairs that look like letters.
 * Names are ASCII here (address.c, group_check.c), so no other script can look like one.
 */
bool reserved_name(struct slice name);
/* Whether it is one that administrators give with a word of their own, too. */
bool reserved_for_system(struct slice name);
/*
 * Whether mail for this local part reaches the administrators where no account or group has the
 * name: postmaster (RFC 5321 section 4.5.1), abuse and hostmaster (RFC 2142). In any case.
 */
bool reserved_reaches_administrators(struct slice local);

/* What somebody reads who may not have one, and how an administrator can. */
#define RESERVED_WHY "this name speaks for whoever runs the server"

#endif
