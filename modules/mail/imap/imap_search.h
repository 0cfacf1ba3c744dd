/*
 * imap_search.h: which messages a SEARCH means (RFC 3501 section 6.4.4).
 *
 * Each key says yes, no or "not known yet" about a message. What the message's row says is known at
 * once. Keys about its text are answered afterwards by the search index, one by one, and only for
 * the messages on which the answer still depends. On a worker.
 */
#ifndef HEARTH_MAIL_IMAP_SEARCH_H
#define HEARTH_MAIL_IMAP_SEARCH_H

#include "imap/imap_view.h"
#include "mail.h"

/*
 * Finds the messages of the view for which `keys` hold: their indexes, ascending, in `a`. The keys'
 * sets are resolved in place. HEARTH_ETOOBIG when they have too many texts, HEARTH_EIO.
 */
int imap_search_run(struct mail *m, const struct imap_view *view, struct imap_search_key *keys,
	struct arena *a, size_t **found, size_t *n);

#endif
