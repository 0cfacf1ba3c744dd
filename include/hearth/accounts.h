/*
 * accounts.h: service interface "accounts", implemented by the auth module: who is this, may they,
 * where do I reach them. Other modules know people only through it.
 */
#ifndef HEARTH_ACCOUNTS_H
#define HEARTH_ACCOUNTS_H

#include "hearth/conn.h"
#include "hearth/str.h"

struct account {
	int64_t id;        /* never used again for another */
	char address[256]; /* mail address, lower case; also the log-in name */
	bool admin;
	bool disabled; /* may not log in; mail for it is still taken */
};

/* Where a password is used: some places cannot ask for a second factor. */
enum accounts_via {
	ACCOUNTS_VIA_WEB,
	ACCOUNTS_VIA_IMAP,
	ACCOUNTS_VIA_SMTP,
	ACCOUNTS_VIA_RTMP,
};

/*
 * 0 with the account (valid during the call), or HEARTH_EDENIED (wrong name or password: never
 * which), HEARTH_EBUSY (too many guesses: try later), HEARTH_ENOTFOUND (by address or token),
 * HEARTH_EIO, with NULL.
 */
typedef void accounts_fn(void *arg, int status, const struct account *account);

struct accounts {
	void *self; /* first argument of each function */
	/* Checks a password, with the limits on guesses. From the loop; `done` there. */
	void (*authenticate)(void *self, struct slice user, struct slice password,
		const struct conn_info *peer, enum accounts_via via, accounts_fn *done, void *arg);
	/* The account a session token belongs to. From the loop; `done` there. */
	void (*by_token)(void *self, struct slice token, accounts_fn *done, void *arg);
	/* The account that a mail address reaches. From the loop; `done` there. */
	void (*by_address)(void *self, struct slice address, accounts_fn *done, void *arg);
	/* The same, and by id, waiting: workers and commands. 0, HEARTH_ENOTFOUND, HEARTH_EIO. */
	int (*by_address_wait)(void *self, struct slice address, struct account *out);
	int (*by_id_wait)(void *self, int64_t id, struct account *out);
};

/*
 * Live topic "accounts.revoked": sessions were ended; payload is JSON {"account": id, "all": …,
 * "tokens": [the SHA-256 of each session token, in hex]}. Whoever keeps a connection for one of
 * them ends it; with "all" (another password, disabled, deleted) also those that a password opened.
 */
#define ACCOUNTS_TOPIC_REVOKED "accounts.revoked"

#endif
