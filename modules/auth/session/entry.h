/*
 * entry.h: the last step of every way in: a session is made and told, by token and by cookie. For
 * ways in that make it within a transaction of their own; others use auth_enter (session.h).
 *
 *   auth_entry_init (loop) ──▶ auth_entry_add (in the transaction) ──▶ auth_entry_reply (loop)
 */
#ifndef AUTH_ENTRY_H
#define AUTH_ENTRY_H

#include "session/session.h"

struct auth_entry {
	struct auth *a;
	struct http_request *rq;
	struct account account; /* of whom, with the scopes of the session: by the caller */
	int status;             /* to answer with: 200 or 201 */
	char token[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
};

/* Makes up the token. */
void auth_entry_init(struct auth_entry *e, struct auth *a, struct http_request *rq, int status);
/* Adds the session and its event; `how` is a short text for people ("totp") or NULL. */
int auth_entry_add(struct db_tx *tx, struct auth_entry *e, const char *how);
/* Answers with {"token", "account"} and the cookie, and wipes the token. */
void auth_entry_reply(struct auth_entry *e);

#endif
