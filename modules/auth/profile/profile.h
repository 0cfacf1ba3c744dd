/*
 * profile.h: what a person says of themselves: the name others see, time zone, languages, avatar.
 *
 * The two pictures of an avatar are blobs under names of their own (never used again), written
 * before the row that names them; those it named before are released (blob.h).
 */
#ifndef AUTH_PROFILE_H
#define AUTH_PROFILE_H

#include "account/account.h"
#include "hearth/blob.h"
#include "profile/profile_check.h"

/* An avatar's two blobs; empty keys: there is none. */
struct avatar_keys {
	char large[BLOB_KEY_MAX + 1], small[BLOB_KEY_MAX + 1];
};

struct profile {
	char name[PROFILE_NAME_BYTES + 1];                              /* empty: none */
	char time_zone[64];                                             /* empty: none */
	char languages[PROFILE_LANGUAGES_MAX * (LANGUAGE_TAG_MAX + 1)]; /* split by blanks */
	struct avatar_keys avatar;
};

/* ---- profile_store.c: inside a db_fn ---- */

/* An account without a row has an empty profile. */
int profile_get(struct db_tx *tx, int64_t account, struct profile *out);
/* Sets all but the avatar. */
int profile_set(struct db_tx *tx, int64_t account, const struct profile *p);
/* Sets the name alone, already checked (profile_check.h): for who makes accounts. */
int profile_set_name(struct db_tx *tx, int64_t account, const char *name);
/* Before its blobs are put: they are released for later, so that a crash leaves none (blob.h). */
int profile_begin_avatar(struct db_tx *tx, const struct avatar_keys *keys, int64_t now_ms);
/*
 * Sets the avatar, at most AUTH_BLOB_PUT_MS after it was begun, or removes it (empty keys); the
 * blobs of the one before are released.
 */
int profile_set_avatar(struct db_tx *tx, int64_t account, const struct avatar_keys *keys);
/* Whether an avatar is this blob: 1, 0 or an error. */
int profile_avatar_named(struct db_tx *tx, const char *key);
/* Removes it all. */
int profile_forget(struct db_tx *tx, int64_t account);

/* ---- profile.c ---- */

/* GET and PATCH /api/auth/me. */
http_handler auth_get_me;
http_handler auth_patch_me;

/* ---- avatar.c ---- */

/* PUT and DELETE /api/auth/me/avatar, GET /api/auth/accounts/{id:int}/avatar?size=64|256. */
http_handler auth_put_avatar;
http_handler auth_delete_avatar;
http_handler auth_get_avatar;
/*
 * The path of an account's avatar, which changes with the picture, so that it may be kept: appended
 * to `out`.
 */
void avatar_write_path(struct strbuf *out, int64_t account, const struct avatar_keys *keys);

#endif
