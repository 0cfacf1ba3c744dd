/*
 * mfa_challenge.h: the second step of a log-in: the challenge (a ticket) for accounts with a second
 * factor.
 *
 *   right password ──▶ trusted device? ──yes──▶ session
 *                           │ no
 *                           ▼
 *                        ticket ──code of a factor──▶ session (and the device is trusted, if asked)
 *                           └── 5 wrong codes, 5 minutes, another password or factor ──▶ gone
 *
 * A ticket is a row, not an entry of the cache: a wrong code is counted, and a right one used up,
 * the ticket ended and the session made, in one transaction, so that two requests at once with one
 * code or ticket make one session. Wrong codes are counted over all tickets and networks too, and
 * from the sixth in a row on each one makes the account wait longer, up to an hour: six digits are
 * few for somebody who has the password. A recovery code is too long to be guessed and never waits.
 */
#ifndef AUTH_MFA_CHALLENGE_H
#define AUTH_MFA_CHALLENGE_H

#include "session/session.h"

#define AUTH_TICKET_TTL_MS (INT64_C(5) * 60 * 1000)
#define AUTH_TICKET_TRIES  5
#define AUTH_TICKETS_MAX   50 /* open ones of an account; the oldest goes */
#define AUTH_DEVICE_COOKIE "hearth_device"

/*
 * What follows a right password over HTTP: a session, or a ticket for the second step, or a session
 * that may only enrol. Answers the request.
 */
void auth_mfa_begin(struct auth *a, struct http_request *rq, const struct account *account);

/*
 * The body's "ticket", hashed. False when it was answered: it is missing, or may not come this way.
 */
bool auth_ticket_read(struct http_request *rq, const struct json *body, char hex[AUTH_TOKEN_HEX]);
/* 401: begin again. */
void auth_ticket_gone(struct http_request *rq);

/* ---- mfa_store.c: SQL on tickets; inside a db_fn ---- */

int auth_store_add_ticket(struct db_tx *tx, const char *hex, int64_t account, int64_t now_ms);
/* Whose it is; HEARTH_ENOTFOUND when it is used, expired or was never there. */
int auth_store_find_ticket(struct db_tx *tx, const char *hex, int64_t now_ms, struct account *out);
/* A right code: the ticket is used, and wrong ones before are forgotten. */
int auth_store_use_ticket(struct db_tx *tx, const char *hex, int64_t account);
/* A wrong code: counted against the ticket, which ends with the last, and the account. */
int auth_store_fail_ticket(struct db_tx *tx, const char *hex, int64_t account, int64_t now_ms);
/* How long the account waits after so many wrong codes in a row. Pure; any thread. */
int64_t auth_code_delay_ms(int64_t failures);
/* How long the account takes no code that can be guessed; 0 ms: it does. Writes, too. */
int auth_store_code_wait(struct db_tx *tx, int64_t account, int64_t now_ms, int64_t *wait_ms);
/* Ends all of an account. */
int auth_store_drop_tickets(struct db_tx *tx, int64_t account);
/* A session that could only enrol can do everything now; another token stays as it is. */
int auth_store_widen_session(struct db_tx *tx, int64_t token);

/* ---- routes ---- */

http_handler auth_post_login_sms;
http_handler auth_post_login_second;

#endif
