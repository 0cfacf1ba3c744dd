/*
 * imap/session/imap_copy_undo.h: taking back what a COPY has made in several transactions when it
 * does not end: the quota was met, the client has gone, the process was killed (store.h says how it
 * is noted). Who makes it, or takes it back, owns it by a lease, so that another server that starts
 * on the same databases lets it go on. On the loop.
 *
 * On the loop. One transaction at a time a COPY, of MAIL_BULK_MAX messages.
 */
#ifndef MAIL_IMAP_COPY_UNDO_H
#define MAIL_IMAP_COPY_UNDO_H

#include "hearth/lease.h"
#include "mail.h"

struct mail_copying {
	int64_t op; /* its number; 0: it is of one transaction, and nothing is noted */
	struct lease lease;
	bool owned; /* `lease` was committed */
};

/* Takes the lease in its first transaction, and holds on to it in later ones. Inside a db_fn. */
int mail_copying_own(const struct mail *m, struct db_tx *tx, struct mail_copying *c);
/* It is whole: nothing is noted any more. Inside a db_fn, after mail_copying_own. */
int mail_copying_end(struct db_tx *tx, const struct mail_copying *c);
/* Takes one back; `done` (may be NULL) is called afterwards. */
void mail_copying_undo(struct mail *m, const struct mail_copying *c, done_fn *done, void *arg);
/*
 * Takes back those of processes that were killed: now, waiting for what is there, and from time to
 * time; others go on meanwhile.
 */
int mail_copying_recover(struct mail *m);

#endif
