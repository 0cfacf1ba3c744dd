/*
 * search/index.h: keeping the search index (database mail_search): fed by "mail.content", built
 * anew by itself when there is none, when what goes into it has changed, or when it is broken.
 *
 *   READY ──broken, or of another version──▶ emptied ──▶ BUILDING, some contents a transaction
 *     ▲                                                       │ all of them
 *     └───────────────────────────────────────────────────────┘
 *
 * Which contents are in it says its table `indexed`, always: with the digest of the tokens each was put
 * with (fts.h), since an index gives up only what it is shown. What is new is put at once, also while
 * the rest is being built; the builder comes to all up to `built_to`, and where a crash ended it goes
 * on. So a search is right at any moment (search.h), just slower for what is not in the index.
 *
 * So that a content can be shown to the index once more, it stays in the database `mail`, in no mailbox
 * any more, until the index has forgotten it and says so ("mail.forgotten", store/discard.c).
 *
 * A content may be expunged while the builder has its text in hand. So the builder looks afterwards
 * which of its contents are still in a mailbox, and takes the others out again.
 *
 * Started and stopped on the loop; what it does runs on workers, one step at a time.
 */
#ifndef MAIL_SEARCH_INDEX_H
#define MAIL_SEARCH_INDEX_H

#include "mail.h"
#include "search/document.h"

#define MAIL_INDEX "mail_text"

extern const char *const mail_search_migrations[];

/*
 * The subscription "mail.search" on "mail.content" (search/feed.c): indexes and forgets contents.
 */
int mail_search_prepare(void *module, const struct bus_event *ev, struct arena *a, void **prepared);
int mail_search_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);

/* What a content is put into the index with, and taken out of it. */
struct mail_indexed {
	struct mail_document document;
	int64_t digest; /* fts_digest of its text */
};
/* Puts a content, unless it is there. In mail_search. */
int mail_index_put(struct db_tx *tx, int64_t content, const struct mail_indexed *d);
/*
 * Takes it out, if it is there. 1: that is not possible, since its message says something else by now
 * or cannot be had (`d` NULL): the index is to be begun anew. In mail_search.
 */
int mail_index_forget(struct db_tx *tx, int64_t content, const struct mail_indexed *d);

/*
 * Up to which content it was built (INT64_MAX: all), and a number that grows each time it is begun
 * anew; 0: it is not begun. In mail_search.
 */
int mail_index_state(struct db_tx *tx, int64_t *built_to, int64_t *generation);

/* Its state is to be looked at: it may have to be begun anew. Any thread. */
void mail_index_doubt(struct mail *m);
/* Makes the index if it is not there, and starts to look after it. At module start; on the loop. */
int mail_index_start(struct mail *m);
/* Begins no further step. */
void mail_index_drain(struct mail *m);
void mail_index_stop(struct mail *m);

#endif
