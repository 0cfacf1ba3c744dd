/*
 * recovery.h: recovery codes: ten words of chance that open the second step when the phone is
 * gone, each once. Shown when they are made, and kept as hashes only. Pure; any thread.
 */
#ifndef AUTH_RECOVERY_H
#define AUTH_RECOVERY_H

#include "hearth/str.h"

#define RECOVERY_CODES   10
#define RECOVERY_LETTERS 16                     /* of 32 that are not mistaken: 80 bits */
#define RECOVERY_TEXT    (RECOVERY_LETTERS + 4) /* four groups, three hyphens, a NUL */
#define RECOVERY_HEX     65                     /* SHA-256 in hex with its NUL */

/* Makes one: "abcd-efgh-jkmn-pqrs". */
void recovery_make(char text[RECOVERY_TEXT]);

/*
 * The hash of a code as a person typed it (either case, hyphens and spaces as they like), which
 * is what the database keeps; the account is part of it, so that equal codes of two accounts do
 * not look alike. HEARTH_EINVAL when it cannot be a code. 80 bits of chance need no slow hash.
 */
int recovery_hash(int64_t account, struct slice text, char hex[RECOVERY_HEX]);

#endif
