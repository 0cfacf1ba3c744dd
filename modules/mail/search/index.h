/*
 * search/index.h: keeping the search index (database mail_search): fed by "mail.content", built
 * anew by itself when there is none, when what goes into it has changed, or when it is broken.
 *
 *   READY ──broken, or of another version──▶ emptied ──▶ BUILDING, some contents a transaction
 *     ▲                                                       │ all of them
 *     └───────────────────────────────────────────────────────┘
 *
 * Which contents the index answers for is `built_to` in its own database: all up to that one. While
 * it is being built, what is new only gets its text; the builder comes to it. So a search is right
 * at any moment (search.h), just slower for what is not built yet; and a crash goes on where it
 * was.
 *
 * A content may be expunged while the builder has its text in hand. So the builder looks afterwards
 * which of its contents are still there, and takes the others out again.
 */
#ifndef MAIL_SEARCH_INDEX_H
#define MAIL_SEARCH_INDEX_H

#include "mail.h"

#define MAIL_INDEX "mail_text"

extern const char *const mail_search_migrations[];

/*
 * The subscription "mail.search" on "mail.content" (search/feed.c): indexes and forgets contents.
 */
int mail_search_prepare(void *module, const struct bus_event *ev, struct arena *a, void **prepared);
int mail_search_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);

/* Takes a content out of the index, as far as it is in it, and its text away. In mail_search. */
int mail_index_forget(struct db_tx *tx, int64_t content);

/*
 * Up to which content the index answers (INT64_MAX: all), and a number that grows each time it is
 * begun anew. In mail_search.
 */
int mail_index_state(struct db_tx *tx, int64_t *built_to, int64_t *generation);

/* Makes the index if it is not there, and starts to look after it. At module start; on the loop. */
int mail_index_start(struct mail *m);
/* Begins no further step. */
void mail_index_drain(struct mail *m);
void mail_index_stop(struct mail *m);

#endif
