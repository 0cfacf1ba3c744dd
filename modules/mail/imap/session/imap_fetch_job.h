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
	uint64_t octets; /* of messages whose bytes are read */
	bool has_blobs;  /* and some of them are blobs */
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
	bool broken;
};

/*
 * imap_fetch_rows.c, of the session's FETCH. Loads the next rows, as many as there is room for: up to
 * f->next_at of f->next_span. On a reader.
 */
int imap_fetch_load(struct db_tx *tx, void *session);
/* Whether the command sets \Seen on some of the rows loaded; and does so. On the loop; the writer. */
bool imap_fetch_sets_seen(const struct imap_fetch_job *f);
int imap_fetch_set_seen(struct db_tx *tx, void *session);

#endif
