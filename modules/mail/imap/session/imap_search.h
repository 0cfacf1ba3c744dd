/*
 * imap_search.h: which messages a SEARCH means (RFC 3501 section 6.4.4).
 *
 * Each key says yes, no or "not known yet" about a message. What the message's row says is known at
 * once. Keys about its text are answered afterwards, all together, and only for the messages on
 * which the answer still depends (search.h). All of it in slices, so that one who searches for long
 * leaves room for others, and stops when the client has gone.
 *
 * Bounds: imap_search_job.h.
 */
#ifndef HEARTH_MAIL_IMAP_SEARCH_H
#define HEARTH_MAIL_IMAP_SEARCH_H

#include "imap/session/imap_view.h"
#include "mail.h"

struct imap_searching;

/*
 * Begins to look for the messages of the view for which `keys` hold, on behalf of an account. All
 * in `a`; the keys' sets are resolved in place. HEARTH_ETOOBIG when they have too many texts. Any
 * thread.
 */
int imap_search_begin(struct mail *m, int64_t account, const struct imap_view *view,
	struct imap_search_key *keys, struct arena *a, struct imap_searching **out);
/* One slice: 1 when there is more to do, 0 when all is known, or an error. On a worker. */
int imap_search_slice(struct imap_searching *s);
/* Once all is known: the indexes of what was found, ascending. */
size_t *imap_search_found(const struct imap_searching *s, size_t *n);
/* Gives back what is not in the arena, at any time. */
void imap_search_end(struct imap_searching *s);

#endif
