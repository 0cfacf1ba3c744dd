/*
 * search.h: finding text in messages. The index (search/index.h) may be behind, or being built;
 * what it does not have yet is looked at directly, and its candidates are checked, so that the
 * answer is exactly what reading every message would give.
 *
 * A search is done in slices of DB_SLICE_MS, so that others have readers and workers in between
 * (turns.h says when the next slice may run). Each message is read at most once, for all keys
 * together, and only if the answer depends on it.
 *
 *   MARKING    which contents are in the index
 *   INDEX      for each key: which of them cannot have it, by the index alone
 *   ENVELOPES  of what is open: their addresses and subjects
 *   MESSAGES   of what is open then: read, and their texts looked through
 */
#ifndef MAIL_SEARCH_H
#define MAIL_SEARCH_H

#include "mail.h"
#include "store/store.h"

enum mail_search_where {
	MAIL_SEARCH_TEXT, /* header and body: IMAP TEXT */
	MAIL_SEARCH_BODY, /* body only: IMAP BODY */
	/* header fields of one name, as they are written: IMAP HEADER, SUBJECT */
	MAIL_SEARCH_FIELD,
	/* the addresses of one, as IMAP's ENVELOPE has them: IMAP FROM, TO, … */
	MAIL_SEARCH_ENVELOPE,
};

struct mail_search_for {
	enum mail_search_where where;
	struct slice field; /* its name, for MAIL_SEARCH_FIELD and _ENVELOPE */
	struct slice
		needle; /* UTF-8, compared folded as text_fold does; empty is found everywhere */
};

enum mail_search_answer { MAIL_SEARCH_UNKNOWN, MAIL_SEARCH_NO, MAIL_SEARCH_YES };

struct mail_search {
	struct mail *m;
	int64_t account; /* who searches: the fairness of database readers is by account */
	const struct mail_search_for *keys;
	size_t key_n;
	const int64_t *contents; /* ascending, each once */
	size_t n;
	/* Whether the whole still depends on contents[i]; NULL: on each that is not answered. */
	bool (*open)(void *arg, size_t i);
	void *arg;
	struct arena *a; /* lives as long as the search */

	/* enum mail_search_answer of key k about contents[i], at [k * n + i] */
	unsigned char *answers;

	/* search.c's own */
	enum mail_search_phase {
		MAIL_SEARCH_MARKING,
		MAIL_SEARCH_INDEX,
		MAIL_SEARCH_ENVELOPES,
		MAIL_SEARCH_MESSAGES,
		MAIL_SEARCH_DONE
	} phase;
	struct mail_folded_key *folded;
	bool *indexed, *candidates;
	size_t key, at;
	int64_t above, generation;
	struct mail_search_batch *batch; /* messages in hand */
	struct arena *scratch;
};

/* With the fields down to `a` filled in and the others zero. */
void mail_search_begin(struct mail_search *s);
/* One slice: 1 when there is more to do, 0 when all is answered, or an error. On a worker. */
int mail_search_slice(struct mail_search *s);
/* Gives back what is not in the arena; legal at any time, and twice. */
void mail_search_end(struct mail_search *s);

#endif
