/*
 * imap_fetch_job.h: a FETCH under way: what its two files share. Within a batch it is a worker's.
 */
#ifndef HEARTH_MAIL_IMAP_FETCH_JOB_H
#define HEARTH_MAIL_IMAP_FETCH_JOB_H

#include "imap/session/imap_internal.h"
#include "message.h"

struct imap_fetch_row {
	size_t index;  /* in the view */
	bool seen_now; /* we have just set \Seen */
	struct mail_message m;
};

struct imap_fetch_job {
	struct imap_session *s;
	bool uid, sets_seen;
	unsigned want; /* enum mail_want */
	bool needs_content;
	bool has_uid, has_flags;
	struct imap_spans spans;
	size_t span, at; /* what to load next: a span, and an index within it */

	/* rows loaded, and the one that is being written */
	struct arena *a; /* reset with each load */
	struct imap_fetch_row *rows;
	size_t n, row;
	size_t text_size;
	size_t next_span, next_at;

	/* the message under way */
	bool begun;
	struct arena *one; /* reset with each message */
	const struct imap_fetch_item *item;
	struct mail_reader reader;
	struct mime_part *root;
	uint64_t literal_at, literal_left; /* of a section that is being written */
	const char *space;

	/* outcome */
	int64_t modseq_before, modseq_after; /* of setting \Seen in this batch */
	bool missing;                        /* a message was expunged by another session */
	int error;                           /* something could not be read */
	bool over, broken;
};

/*
 * imap_fetch_rows.c: loads the next rows, as many as there is room for, and sets \Seen on them if
 * the command does that. `over` when there are none, or with `error`. On a worker.
 */
void imap_fetch_load(struct imap_fetch_job *f);

#endif
