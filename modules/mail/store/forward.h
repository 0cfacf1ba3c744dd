/*
 * store/forward.h: where a person wants their mail sent on to, and how many mails were sent on within the
 * hour. A forward counts once the address it goes to has said yes; until then it is a row with the hash of
 * what was mailed there. Inside a db_fn on the database "mail".
 */
#ifndef MAIL_STORE_FORWARD_H
#define MAIL_STORE_FORWARD_H

#include "hearth/db.h"

#define MAIL_FORWARD_HASH 65 /* hexadecimal, with its NUL */

struct mail_forward {
	char address[256]; /* "" when none was chosen */
	bool keep;         /* a copy stays here */
	bool confirmed;
	int64_t asked_ms;
};

/* HEARTH_ENOTFOUND. */
int mail_store_forward(struct db_tx *tx, int64_t account, struct mail_forward *out);
/*
 * Chooses one, which waits for its yes until then; of the address that it is already only whether a copy
 * stays changes (*asks false).
 */
int mail_store_forward_set(struct db_tx *tx, int64_t account, const struct mail_forward *f,
	const char hash[MAIL_FORWARD_HASH], bool *asks);
/* The yes: *account is whose; HEARTH_ENOTFOUND where nobody asked since `since_ms`. */
int mail_store_forward_confirm(
	struct db_tx *tx, const char hash[MAIL_FORWARD_HASH], int64_t since_ms, int64_t *account);
/* HEARTH_ENOTFOUND. */
int mail_store_forward_remove(struct db_tx *tx, int64_t account);

/*
 * Counts one mail more within the hour for `key` (an address that mail is sent on to, or whatever else is bounded
 * so); HEARTH_EDENIED when there are more than max. And forgets the hours of days before.
 */
int mail_store_forwarded(struct db_tx *tx, struct slice key, int64_t now_ms, int64_t max);
/* Whether one more would be too many; nothing is counted. HEARTH_EDENIED. */
int mail_store_forwarded_full(struct db_tx *tx, struct slice key, int64_t now_ms, int64_t max);
int mail_store_forwarded_prune(struct db_tx *tx, int64_t now_ms);

#endif
