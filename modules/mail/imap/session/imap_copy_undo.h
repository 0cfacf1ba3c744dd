/*
 * imap/session/imap_copy_undo.h: taking back what a COPY has made in several transactions when it
 * does not end: the quota was met, the client has gone, the process was killed (store.h says how it
 * is noted). On the loop.
 */
#ifndef MAIL_IMAP_COPY_UNDO_H
#define MAIL_IMAP_COPY_UNDO_H

#include "mail.h"

/* Takes one back; `done` (may be NULL) is called afterwards. */
void mail_copying_undo(struct mail *m, int64_t op, done_fn *done, void *arg);
/* At start: those of a process that was killed. Waits for what is there; others go on meanwhile. */
int mail_copying_recover(struct mail *m);

#endif
