/*
 * proof.h: a code of a second factor beside the password, for what would weaken or end it, go round
 * it, or open a way in for good. Who has stolen password and session has not the factor; so as long
 * as one is enrolled, nothing of this goes without it:
 *
 *   the factors    removing one, adding another, new recovery codes                 factor_api.c
 *   ways in        app passwords, API tokens of more than the scope account         sessions.c
 *                  another password, a second address or none                       password_change.c,
 *                                                                                   second_address.c
 *                  another phone, to which codes can be sent                        phone_api.c
 *   the account    deleting it                                                      erasure.c
 *   of others      a link for their password, their factors, their end              admin_deed.c
 *                  making moderators and administrators, of accounts or by links    admin.c,
 *                                                                                   invitation_api.c
 *                  whom an address reaches: an alias made or removed (*)            alias_api.c
 *                  and one who gets a group's mail elsewhere (*)                    subscriber_api.c
 *                  what other modules ask it for (accounts.prove) (*)               proof_service.c
 *
 * Not what ends something open, and not a yes to a page of another origin (grant/), which opens
 * games alone.
 *
 * A code is one of the authenticator app, one that was sent by SMS for this (auth_post_sms_code),
 * or a recovery code. Wrong ones count for the account as they do at log-in
 * (session/mfa_challenge.h), and make it wait; a recovery code never waits. An account without a
 * factor needs none.
 *
 * A code works once, and there is one in half a minute: so of what is marked (*), a session that has
 * shown password and code asks for more, for [auth] proof_ttl, without either (session/proven_store.c).
 * That is the very session: no other one of the account, no API token; and not once the password or the
 * factors have changed. All the rest wants its code each time: whoever sits down at an open page takes
 * the account away from nobody.
 */
#ifndef AUTH_PROOF_H
#define AUTH_PROOF_H

#include "auth.h"
#include "factor/recovery.h"
#include "factor/totp.h"
#include "session/session.h"

/* Lies in the request's arena. */
struct auth_proof {
	struct auth *a;
	struct http_request *rq;
	bool given;
	bool lasts;                   /* once it is taken, the session has shown it for a while */
	bool before;                  /* nothing came: the session must have shown it before */
	char digits[TOTP_DIGITS + 1]; /* or "" */
	struct slice text;            /* as it came: a recovery code, perhaps */
	/* the outcome */
	enum { PROOF_DONE, PROOF_MISSING, PROOF_WRONG, PROOF_WAIT, PROOF_NOT_BEFORE } outcome;
	int64_t wait_ms;
};

/*
 * Reads "code" of the body, if it is there. False when it was answered: it is no text, or too long.
 */
bool auth_proof_read(
	struct auth_proof *p, struct auth *a, struct http_request *rq, const struct json *body);
/*
 * What is marked (*) above begins so: with "password" and "code" of the body as all else, the password
 * looked at here; or with neither, and then auth_proof_take says whether the session needs none. `body`
 * NULL: the request's own, which has nothing else and need not be there. `done`, at once or later: 0 (then
 * it is to be taken), or it was answered.
 */
void auth_proof_begin(struct auth_proof *p, struct auth *a, struct http_request *rq,
	const struct json *body, auth_reauthenticate_fn *done, void *arg);
/*
 * Takes it, in the transaction of what it is for: 0 with the outcome. Unless that is PROOF_DONE
 * nothing else may change, and the transaction must be committed, for a wrong one to count.
 */
int auth_proof_take(struct db_tx *tx, struct auth_proof *p);
/* Whether it was taken, so that the transaction may go on: after auth_proof_take's 0. */
static inline bool auth_proof_done(const struct auth_proof *p)
{
	return p->outcome == PROOF_DONE;
}
/* Answers what is not PROOF_DONE; false when it is. */
bool auth_proof_refuse(const struct auth_proof *p);

/* Implements accounts.prove: password and code. */
void auth_prove(void *self, struct http_request *rq, const struct json *body,
	accounts_proven_fn *done, void *arg);

/* POST /api/auth/me/factors/sms/code: sends such a code to the phone that is enrolled. */
http_handler auth_post_sms_code;

#endif
