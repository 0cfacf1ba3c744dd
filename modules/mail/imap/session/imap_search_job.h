/*
 * imap_search_job.h: a SEARCH under way: what its three files share (imap_search.h).
 *
 *	imap_search.c        from slice to slice: rows, then texts, then what was found
 *	imap_search_rows.c   the rows that may be meant become candidates
 *	imap_search_keys.c   what the keys say about a candidate, as far as it is known
 *
 * One thread at a time has it: the worker of the slice, or the reader that it waits for. Bounds: a
 * candidate a message of the view, IMAP_SEARCH_TEXTS_MAX keys about text.
 */
#ifndef HEARTH_MAIL_IMAP_SEARCH_JOB_H
#define HEARTH_MAIL_IMAP_SEARCH_JOB_H

#include "imap/session/imap_search.h"
#include "search/search.h"

#define IMAP_SEARCH_TEXTS_MAX 32 /* keys about text in one command */

enum imap_answer { IMAP_ANSWER_NO, IMAP_ANSWER_YES, IMAP_ANSWER_UNKNOWN };

/* A message that may be meant. */
struct imap_candidate {
	size_t index;   /* in the view */
	size_t content; /* in search.contents; IMAP_NO_CONTENT: nothing depends on it */
	uint32_t uid;
	unsigned flags;
	struct slice keywords;
	int64_t internal_date;
	uint64_t size;
	int64_t content_id;
	int64_t sent_day; /* days since 1970-01-01; IMAP_NO_DAY without a Date field */
};

#define IMAP_NO_DAY     INT64_MIN
#define IMAP_NO_CONTENT SIZE_MAX

struct imap_searching {
	struct mail *m;
	int64_t account;
	const struct imap_view *view;
	struct imap_search_key *keys;
	struct arena *a;
	int64_t now;
	bool dates; /* some key is about the Date field */

	/* reading rows */
	struct imap_candidate *v;
	size_t n;
	size_t at; /* in the view */
	struct db_tx *tx;
	bool rows_begun, rows_read;
	int64_t *only; /* contents of which alone rows are read; NULL: all rows are */
	size_t only_n, only_at;

	/* texts */
	const struct imap_search_key *texts[IMAP_SEARCH_TEXTS_MAX];
	struct mail_search_for sought[IMAP_SEARCH_TEXTS_MAX];
	size_t text_n;
	size_t *by_content; /* indexes of candidates, those of one content together */
	size_t *first; /* for each content: the first of its in by_content; one more at the end */
	struct mail_search search;
};

/* ---- imap_search_keys.c ---- */

/* Resolves the keys' sets in place and lists those about text; HEARTH_ETOOBIG for too many. Pure. */
int imap_search_prepare(struct imap_searching *s, struct imap_search_key *key);
/* What a key says about candidate i. Pure; as often as there are keys, for each candidate. */
enum imap_answer imap_search_answer(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i);
/* Whether it asks for a text; and what the search (search.h) is to look for then. */
bool imap_key_is_text(const struct imap_search_key *key);
struct mail_search_for imap_key_sought(const struct imap_search_key *key);
/* The day of a moment, in UTC, since 1970-01-01. */
int64_t imap_search_day(int64_t unix_s);

/* ---- imap_search_rows.c ---- */

/*
 * Goes on reading rows into candidates, those about which the keys do not say no: 1 when there are
 * more, 0 when all are read, or an error. On a worker.
 */
int imap_search_rows(struct imap_searching *s);

#endif
