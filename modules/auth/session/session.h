/*
 * session.h: how a person shows who they are, and what they hold afterwards.
 *
 * A token is random and its owner's alone; the database keeps its SHA-256. Four kinds lie in one
 * table, since they are listed, ended and expired alike.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include "auth.h"

#define AUTH_TOKEN_HEX  65 /* the hex SHA-256 of a token, with its NUL */
#define AUTH_TOKEN_TEXT 64 /* room for a token as its owner gets it */

enum auth_token_kind {
	AUTH_TOKEN_SESSION, /* made by logging in; cookie or bearer */
	AUTH_TOKEN_API,     /* made by its owner for a program; bearer */
	AUTH_TOKEN_APP,     /* an app password for IMAP, SMTP, RTMP */
	AUTH_TOKEN_DEVICE,  /* a trusted device: spares the second step, opens nothing */
};

/* ---- token.c ---- */

/* Makes a token: 256 bits as base64url with its NUL, and its hash. */
void auth_token_make(char text[AUTH_TOKEN_TEXT], char hex[AUTH_TOKEN_HEX]);
/* Whether it has the form of one: 43 characters of base64url. */
bool auth_token_looks_right(struct slice text);
/* The hash of a token as it came. */
void auth_token_hash(struct slice text, char hex[AUTH_TOKEN_HEX]);
/* Implements accounts.by_token: the cache first, then the database. */
void auth_by_token(
	void *self, struct slice token, const struct conn_info *peer, accounts_fn *done, void *arg);
/*
 * Forgets what the cache has of a token (by its hash): before an answer that says it is ended or
 * changed, where waiting for the event would be too late.
 */
void auth_token_forget(struct auth *a, const char *hex);
/* Notes, some time later, that a token was used from there. On the loop. */
void auth_token_touch(struct auth *a, int64_t id, const char *peer);
/* Event "auth.revoked": forgets cached tokens, and tells whoever keeps connections for them. */
void auth_on_revoked(void *module, const struct bus_event *ev);

/* ---- app_password.c ---- */

/* Makes an app password, "abcd-efgh-ijkl-mnop" (some 80 bits), and its hash. */
void auth_app_password_make(char text[AUTH_TOKEN_TEXT], char hex[AUTH_TOKEN_HEX]);
/* The hash of one as typed, with or without dashes and blanks; false when it has not the form. */
bool auth_app_password_hash(struct slice text, char hex[AUTH_TOKEN_HEX]);
/* The scope that a way of using a password needs. */
unsigned auth_via_scope(enum accounts_via via);
/* Implements accounts.by_app_password. */
void auth_by_app_password(void *self, struct slice password, const struct conn_info *peer,
	enum accounts_via via, accounts_fn *done, void *arg);

/* ---- scope.c ---- */

/* Reads "mail game:read" (names between blanks); HEARTH_EINVAL on another name or none. */
int auth_scopes_read(struct slice text, unsigned *scopes);
void auth_scopes_write(unsigned scopes, struct strbuf *out);

/* ---- token_store.c: SQL on tokens; inside a db_fn ---- */

struct auth_token {
	int64_t id;
	int64_t account;
	enum auth_token_kind kind;
	unsigned scopes;
	struct slice name;   /* given by its owner; may be empty */
	struct slice device; /* User-Agent; at most 200 bytes, UTF-8 */
	struct slice peer;   /* the network address last seen */
	int64_t created_ms, used_ms;
	int64_t expires_ms; /* 0: never */
};

/* Adds one (id is ignored, created_ms is its time of use too); *id is its number. */
int auth_store_add_token(
	struct db_tx *tx, const struct auth_token *token, const char *hex, int64_t *id);
/*
 * The account of a token of one of `kinds` (bits 1 << kind) that has not expired and whose account
 * is not disabled, with token and scopes set. *expires_ms is 0 for never. HEARTH_ENOTFOUND.
 */
int auth_store_find_token(struct db_tx *tx, const char *hex, unsigned kinds, int64_t now_ms,
	struct account *out, int64_t *expires_ms);
/* The account of an app password that allows this use, as auth_store_find_token. */
int auth_store_find_app_password(
	struct db_tx *tx, const char *hex, enum accounts_via via, struct account *out);
/* The tokens of an account and kind, the newest first; slices are valid during the call. */
int auth_store_list_tokens(struct db_tx *tx, int64_t account, enum auth_token_kind kind,
	void (*each)(void *arg, const struct auth_token *token), void *arg);
/* Whose token that is; HEARTH_ENOTFOUND. */
int auth_store_token_owner(struct db_tx *tx, int64_t id, int64_t *account);
int auth_store_count_tokens(
	struct db_tx *tx, int64_t account, enum auth_token_kind kind, int64_t *count);
/*
 * 0 while the token that `account` was shown with is still theirs, else HEARTH_ECONFLICT. Within
 * the transaction that follows a password shown once more: while that was being checked the session
 * may have been ended, and the password changed.
 */
int auth_store_still_held(struct db_tx *tx, const struct account *account);
/* Notes that a token was used now, from there; at most once in five minutes. */
int auth_store_touch_token(struct db_tx *tx, int64_t id, int64_t now_ms, const char *peer);

/* ---- proven_store.c: a session that has shown password and code; inside a db_fn ---- */

/* Notes that it has, now. `session` is who asks: nothing is noted of tokens of other kinds. */
int auth_store_note_proven(struct db_tx *tx, const struct account *session, int64_t now_ms);
/* Whether it is one, is still there, and has done so less than lasts_ms ago. */
int auth_store_is_proven(struct db_tx *tx, const struct account *session, int64_t now_ms,
	int64_t lasts_ms, bool *proven);
/* No session of the account has, any more: its password or its factors are others now. */
int auth_store_forget_proven(struct db_tx *tx, int64_t account);

/* Which tokens of an account end. */
struct auth_revocation {
	int64_t account;
	unsigned kinds; /* bits 1 << kind; 0: all kinds */
	int64_t id;     /* this one alone; 0: all of those kinds */
	int64_t except; /* but not this one; 0: no exception */
	bool password;  /* and the connections that the main password opened */
};

/*
 * Ends them and publishes "auth.revoked". *count (may be NULL) is how many tokens there were.
 */
int auth_store_revoke(struct db_tx *tx, const struct auth_revocation *what, int64_t *count);
/*
 * The tokens stay, but what the cache has of them goes, since the account changed; publishes
 * "auth.revoked" with no ids.
 */
int auth_store_refresh(struct db_tx *tx, int64_t account);
/* All that there is of an account: tokens, devices, app passwords, connections. */
int auth_store_revoke_all(struct db_tx *tx, int64_t account);
/*
 * Ends the tokens of an account and kind that were unused the longest, so that at most `most` are
 * left.
 */
int auth_store_make_room(
	struct db_tx *tx, int64_t account, enum auth_token_kind kind, int64_t most);
/* How many tokens have expired and are still there. */
int auth_store_expired_count(struct db_tx *tx, int64_t now_ms, int64_t *count);
/* Ends those, as auth_store_revoke does, AUTH_EXPIRE_MAX at a time. *count is how many. */
int auth_store_expire_tokens(struct db_tx *tx, int64_t now_ms, int64_t *count);
#define AUTH_EXPIRE_MAX 500

/* ---- login.c ---- */

/* Implements accounts.authenticate. */
void auth_login(void *self, struct slice user, struct slice password, const struct conn_info *peer,
	enum accounts_via via, accounts_login_fn *done, void *arg);
/* The same over HTTP, where a browser may have the cookie of a trusted device (its hash, or ""). */
void auth_login_web(struct auth *a, struct slice user, struct slice password,
	const struct conn_info *peer, const char *device_hex, accounts_login_fn *done, void *arg);

/* ---- rehash.c ---- */

/*
 * Hashes a password that was right anew, later and elsewhere, when `hash` was made with other
 * parameters than [auth] has now. On the loop.
 */
void auth_rehash(struct auth *a, int64_t account, const char *hash, struct slice password);

/* ---- reauthentication.c: the password once more, for what matters ---- */

/* 0: it was right; else the request was answered, and what lies in its arena is gone. */
typedef void auth_reauthenticate_fn(void *arg, int status);
/*
 * Checks that `field` of the body is the main password of who is signed in; guesses count as they
 * do at log-in. Answers the request itself when it is not (400, 403 naming the field, 429, 503).
 */
void auth_reauthenticate(struct auth *a, struct http_request *rq, const struct json *body,
	const char *field, auth_reauthenticate_fn *done, void *arg);

/* ---- entry.c: the last step of every way in ---- */

/*
 * Makes a session for an account and answers the request with {"token", "account"} and the cookie;
 * status 200 or 201. Where a second factor is required and missing, `scopes` shrink to enrolling
 * it.
 */
void auth_enter(struct auth *a, struct http_request *rq, const struct account *account,
	unsigned scopes, int status);
/* Writes the members of an account as every answer has them; within an open object. */
void auth_write_account(struct json_writer *w, const struct account *account);

/* ---- routes ---- */

http_handler auth_post_login;
http_handler auth_post_logout;
http_handler auth_get_sessions;
http_handler auth_delete_sessions;
http_handler auth_delete_session;
http_handler auth_get_devices;
http_handler auth_delete_device;
http_handler auth_get_tokens;
http_handler auth_post_tokens;
http_handler auth_delete_token;
http_handler auth_get_app_passwords;
http_handler auth_post_app_passwords;
http_handler auth_delete_app_password;

#endif
