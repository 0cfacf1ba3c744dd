/*
 * argon.h: argon2id (RFC 9106) in memory that is kept from one hash to the next.
 */
#ifndef AUTH_ARGON_H
#define AUTH_ARGON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hearth/str.h"

#define ARGON_ENCODED_MAX 128 /* bytes of an encoded hash, its NUL included */

/*
 * Hashes with this memory (bytes) and so many passes, one lane, a random salt; writes the usual
 * text, "$argon2id$v=19$m=…,t=…,p=1$salt$hash", as libsodium and others do. Takes as long as it was
 * told to: on a worker. 0, HEARTH_EBUSY when there is no memory, HEARTH_EINVAL for parameters that
 * RFC 9106 section 3.1 does not have.
 */
int argon_hash(struct slice password, size_t memory, uint32_t passes, char out[ARGON_ENCODED_MAX]);
/* Whether that is the password of this hash; costs what its making did. On a worker. */
bool argon_matches(const char *encoded, struct slice password);
/*
 * Writes a hash of these parameters that no password has: random bits, which cost nothing, while
 * trying a password on it costs what trying one on any other does.
 */
void argon_decoy(size_t memory, uint32_t passes, char out[ARGON_ENCODED_MAX]);
/* Whether memory is kept. Any thread. */
bool argon_is_keeping(void);
/*
 * From now on `fn` is called when memory begins to be kept: on the thread that has hashed; it is
 * quick, and sees to it that argon_rest is called. NULL: nobody. Before the first hash, and after
 * the last.
 */
void argon_when_keeping(void (*fn)(void *arg), void *arg);
/*
 * Gives the memory back when nothing was hashed since the last call: to be called now and then
 * while some is kept, on a worker.
 */
void argon_rest(void);

#endif
