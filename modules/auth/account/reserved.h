/*
 * reserved.h: names that speak for whoever runs the server. Certificates are given out to some
 * (CA/Browser Forum Baseline Requirements 3.2.2.4.4), strangers write to the others (RFC 2142); so
 * nobody gets one by chance: an administrator says that it is meant. Pure.
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
/*
 * Whether mail for this local part reaches the administrators where no account or group has the
 * name: postmaster (RFC 5321 section 4.5.1), abuse and hostmaster (RFC 2142). In any case.
 */
bool reserved_reaches_administrators(struct slice local);

/* What somebody reads who may not have one, and how an administrator can. */
#define RESERVED_WHY "this name speaks for whoever runs the server"

#endif
