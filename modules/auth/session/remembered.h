/*
 * remembered.h: passwords that were right a short while ago, so that a mail program that comes back
 * ten times a minute, or with ten connections, costs one argon2id and not ten.
 *
 * What is kept is a BLAKE2b of the password and of the account's stored hash, under a random key of
 * this process: nothing that is written anywhere, nothing that is worth more than the argon2id hash
 * to who does not read this process's memory (and who does, sees passwords pass anyway). The stored
 * hash has a salt of its own, so another password, or the same one set again, is never recognised
 * by what was before: there is nothing to end when one changes. Whether the account may log in at
 * all is asked of the database each time, and an attempt is taken as for any other
 * (login_throttle.h), so that a fast answer is no faster way to guess.
 *
 * What is remembered is this process's, under its own key: another node, and this one after a restart,
 * hashes once more. To forget is heard of by all ("auth.revoked").
 *
 * Bounded, for REMEMBERED_MS; a new one takes the place of what stood there. On the loop.
 */
#ifndef AUTH_REMEMBERED_H
#define AUTH_REMEMBERED_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/str.h"

#define REMEMBERED_MS  (INT64_C(10) * 60 * 1000) /* after it was last hashed */
#define REMEMBERED_MAX 8192

struct remembered;

struct remembered *remembered_new(void);
/* Wipes it. */
void remembered_free(struct remembered **);
/* `hash` is the account's stored one, which this password was right for. */
void remembered_add(struct remembered *, int64_t account, const char *hash, struct slice password);
bool remembered_has(struct remembered *, int64_t account, const char *hash, struct slice password);
/*
 * Forgets what there is of an account (0: of all): its sessions were ended, so all of it shall be
 * proven anew.
 */
void remembered_forget(struct remembered *, int64_t account);

#endif
