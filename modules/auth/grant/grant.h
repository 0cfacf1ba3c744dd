/*
 * grant.h: a page of another origin gets a token of a person's, by the person's own word:
 * OAuth 2.1's authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), for public clients
 * that nobody registers.
 *
 *   client's page ──▶ /oauth/authorize: the person, signed in here, says yes
 *                 ◀── redirect with a code: good for two minutes, once
 *                 ──▶ POST /api/auth/oauth/token with what only it knows ──▶ a token
 *
 * The token is an API token (session.h) of the scope game or game:read and nothing else; its owner
 * sees and ends it among the others. Nobody's cookie ever counts for a page of another origin.
 */
#ifndef AUTH_GRANT_H
#define AUTH_GRANT_H

#include "session/session.h"

#define GRANT_SCOPES       (ACCOUNTS_SCOPE_GAME | ACCOUNTS_SCOPE_GAME << ACCOUNTS_SCOPE_READ_SHIFT)
#define GRANT_CODE_TTL_MS  INT64_C(120000)
#define GRANT_TOKEN_TTL_MS (INT64_C(90) * 24 * 3600 * 1000)
#define GRANT_CODES_MAX    10  /* of one account that wait; a newer one takes the oldest's place */
#define GRANT_CLIENT_MAX   100 /* bytes of a client's name */
#define GRANT_REDIRECT_MAX 500 /* bytes of its address */
#define GRANT_CHALLENGE    43  /* characters of a SHA-256 as base64url */

/* What a code stands for. Slices stay the caller's, or are in the arena. */
struct grant {
	int64_t account, session; /* whose, and the token they said yes with */
	unsigned scopes;
	struct slice client, redirect, challenge;
};

/* ---- grant_check.c: pure ---- */

/*
 * Whether a code may be sent there: https, or http to this machine alone (RFC 8252 section 7.3); no
 * fragment, no user, printable ASCII. *host is its host and port.
 */
bool grant_redirect_valid(struct slice redirect, struct slice *host);
/* Whether a challenge has the form of S256 (RFC 7636 section 4.2), and a verifier matches it. */
bool grant_challenge_valid(struct slice challenge);
bool grant_verifier_matches(struct slice verifier, struct slice challenge);

/* ---- grant_store.c: inside a db_fn ---- */

extern const char auth_grant_migration[];
int grant_store_add(struct db_tx *tx, const char *hex, const struct grant *g, int64_t now_ms);
/* Takes a code, which is then gone, also when it is too old: HEARTH_ENOTFOUND. */
int grant_store_take(
	struct db_tx *tx, const char *hex, int64_t now_ms, struct arena *a, struct grant *out);
/* All of an account that is being deleted. */
int grant_store_forget(struct db_tx *tx, int64_t account);
int grant_store_expire(struct db_tx *tx, int64_t now_ms);

/* ---- routes ---- */

http_handler auth_post_authorize;     /* authorize.c */
http_handler auth_post_oauth_token;   /* exchange.c */
http_handler auth_get_oauth_metadata; /* authorize.c */

#endif
