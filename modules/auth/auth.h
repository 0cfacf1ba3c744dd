/*
 * auth.h: what the files of the auth module share.
 *
 * One account is a row; a token is 256 random bits that only its owner has (the database keeps its
 * SHA-256). All functions here run on the loop unless they say otherwise.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "account/password_rules.h"
#include "hearth/accounts.h"
#include "hearth/module.h"

#define AUTH_HASH_MAX    128 /* an encoded argon2id hash with its NUL (crypto_pwhash_STRBYTES) */
#define AUTH_TOKEN_BYTES 32
#define AUTH_TOKEN_HEX   65 /* the hex SHA-256 of a token, with its NUL */

struct auth {
	struct hearth *h;
	struct db *db;
	struct cache *cache;
	struct pool *hash;
	struct accounts service;
	struct sms *sms; /* sms/sms.h */
	uint64_t revocations; /* heard of: tells an answer of the database that is older than one */
	int64_t token_ttl_ms;
	int64_t guess_window_ms;
	int64_t guesses_per_account; /* from one network, within the window */
	int64_t guesses_per_network;
	int64_t registrations_per_network;
	unsigned long long argon_passes;
	size_t argon_memory;
	char decoy[AUTH_HASH_MAX]; /* hash of nothing: checked when there is no such account */
};

/* ---- address.c ---- */

/*
 * Makes a log-in name canonical: lower case, completed with the first local domain when it has
 * none. 0, or HEARTH_EINVAL when it is no address we would make an account for.
 */
int auth_address(const struct config *config, struct slice name, char out[256]);
/* Whether the address's domain is one of ours. */
bool auth_address_is_local(const struct config *config, const char *address);

/* ---- password.c ---- */

/* 0, or HEARTH_EINVAL with a text for a person in *why. Any thread. */
int auth_password_check(struct slice password, const char **why);
/* Hashes with argon2id; some 20 ms and 19 MiB: on a worker. 0 or HEARTH_EBUSY (no memory). */
int auth_password_hash(const struct auth *a, struct slice password, char out[AUTH_HASH_MAX]);
/* Whether it is the password of this hash; as costly. On a worker. */
bool auth_password_matches(const char *hash, struct slice password);

/* ---- store.c: every SQL statement of the module; inside a db_fn ---- */

extern const char *const auth_migrations[];
extern const char auth_sms_migration[]; /* sms/sms_store.c: messages, codes, phones */

/* *id is the new account's; HEARTH_EEXIST when the address is taken. */
int auth_store_add(struct db_tx *tx, const char *address, const char *hash, bool admin,
	int64_t now_ms, int64_t *id);
/* By address or by id; hash may be NULL when not wanted. HEARTH_ENOTFOUND. */
int auth_store_find(
	struct db_tx *tx, const char *address, struct account *out, char hash[AUTH_HASH_MAX]);
int auth_store_get(struct db_tx *tx, int64_t id, struct account *out);
int auth_store_list(
	struct db_tx *tx, void (*each)(void *arg, const struct account *account), void *arg);
int auth_store_set_hash(struct db_tx *tx, int64_t id, const char *hash);
int auth_store_set_disabled(struct db_tx *tx, int64_t id, bool disabled);
/* Frees the address; the id is never given again. Publishes "auth.account.deleted". */
int auth_store_delete(struct db_tx *tx, int64_t id, int64_t now_ms);

int auth_store_add_token(struct db_tx *tx, const char *token_hex, int64_t account, int64_t now_ms,
	int64_t expires_ms, struct slice device, const char *peer);
/* The account of a token that has not expired; *expires_ms is when it will. */
int auth_store_find_token(struct db_tx *tx, const char *token_hex, int64_t now_ms,
	struct account *out, int64_t *expires_ms);
/*
 * Removes one token (token_hex), or all of an account (token_hex NULL), and publishes
 * "auth.revoked" with what was removed.
 */
int auth_store_revoke(struct db_tx *tx, int64_t account, const char *token_hex);
/* Removes what has expired. */
int auth_store_expire_tokens(struct db_tx *tx, int64_t now_ms);

/* ---- guess.c: the limit on guesses ---- */

typedef void auth_guess_fn(void *arg, int status);
/*
 * Takes one guess for this name from this network, before the password is looked at, so that
 * guesses at the same time count too. HEARTH_EBUSY when there is none left in this window.
 */
void auth_guess_take(
	struct auth *a, const char *address, const char *peer, auth_guess_fn *done, void *arg);
/* Gives it back: the password was right. */
void auth_guess_return(struct auth *a, const char *address, const char *peer);

/* Counts a registration from this network; HEARTH_EBUSY when there were too many in this window. */
void auth_registration_take(struct auth *a, const char *peer, auth_guess_fn *done, void *arg);

/* ---- login.c ---- */

/* Implements accounts.authenticate. */
void auth_login(void *self, struct slice user, struct slice password, const struct conn_info *peer,
	enum accounts_via via, accounts_fn *done, void *arg);

/* ---- token.c ---- */

/* Makes a token: the text its owner gets (base64url, with its NUL) and its hash. */
void auth_token_make(char text[64], char hex[AUTH_TOKEN_HEX]);
/* The hash of a token as it came. */
void auth_token_hash(struct slice text, char hex[AUTH_TOKEN_HEX]);
/* Implements accounts.by_token: the cache first, then the database. */
void auth_by_token(void *self, struct slice token, accounts_fn *done, void *arg);
/* Event "auth.revoked": forgets cached tokens, and tells whoever keeps connections for them. */
void auth_on_revoked(void *module, const struct bus_event *ev);

/* ---- service.c ---- */

void auth_service_init(struct auth *a);

/* ---- tables ---- */

extern const struct http_route auth_routes[];
extern const struct hearth_command auth_commands[];

#endif
