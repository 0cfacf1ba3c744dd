/*
 * search.h: finding text in messages. The index is fed by "mail.content" and may be behind; what it
 * does not have yet is looked at directly, and its candidates are checked, so that the answer is
 * exactly what reading every message would give.
 */
#ifndef MAIL_SEARCH_H
#define MAIL_SEARCH_H

#include "mail.h"
#include "store.h"

extern const char *const mail_search_migrations[];

/* Makes the index if it is not there; within a transaction of mail_search. */
int mail_search_create(struct db_tx *tx);

/* The subscription "mail.search" on "mail.content" (module.c): indexes and forgets contents. */
int mail_search_prepare(void *module, const struct bus_event *ev, struct arena *a, void **prepared);
int mail_search_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);

enum mail_search_where {
	MAIL_SEARCH_TEXT,  /* header and body: IMAP TEXT */
	MAIL_SEARCH_BODY,  /* body only: IMAP BODY */
	MAIL_SEARCH_FIELD, /* header fields of one name: IMAP HEADER, SUBJECT, … */
};

struct mail_search_for {
	enum mail_search_where where;
	struct slice field; /* its name, for MAIL_SEARCH_FIELD */
	struct slice
		needle; /* UTF-8, compared folded as text_fold does; empty is found everywhere */
};

/*
 * Of the given contents (ascending ids, maybe repeated), which contain what is searched for?
 * hits[i] says so for contents[i]. Blocks (database, blobs): on a worker.
 */
int mail_search(struct mail *m, const struct mail_search_for *what, const int64_t *contents,
	size_t n, bool *hits);

#endif
