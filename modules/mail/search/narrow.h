/*
 * search/narrow.h: from a key about addresses or the subject to the few contents that can have it,
 * without looking at each message of a mailbox: what the index of envelopes finds, and what it does
 * not know yet.
 *
 * On a worker; at most as many contents as the caller takes.
 */
#ifndef MAIL_SEARCH_NARROW_H
#define MAIL_SEARCH_NARROW_H

#include "search/search.h"

/*
 * Contents, ascending and in `a`, outside of which none has the key that was stored before this call:
 * at most `max`. HEARTH_EUNSUPPORTED when that cannot be said cheaply; then each must be looked at.
 * Blocks: on a worker.
 */
int mail_search_narrow(struct mail *m, int64_t account, const struct mail_search_for *key,
	size_t max, struct arena *a, int64_t **contents, size_t *n);

#endif
