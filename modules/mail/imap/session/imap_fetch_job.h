/*
 * imap_fetch_job.h: a FETCH under way: what its three files share. Within a batch it is a worker's,
 * but for the rows that a reader loads ahead meanwhile.
 *
 * Bounds: ROWS_MAX rows or ROWS_TEXT_MAX bytes of them, twice (imap_fetch_rows.c), and a batch.
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

/* Rows loaded together. */
struct imap_fetch_rows {
	struct imap_fetch_job *job;
	size_t span, at; /* where they begin: a span, and an index within it */

	/* the reader's, while it loads */
	struct arena *a; /* reset with each load */
	struct imap_fetch_row *v;
	size_t n, text_size;
	uint64_t octets; /* of messages whose bytes are read */
	bool has_blobs;  /* and some of them are blobs */
	bool missing;    /* a message was expunged by another session */
	size_t next_span,
		next_at; /* where the next ones begin; next_span == spans.n: there are none */
	int status;      /* of loading ahead */
};

struct imap_fetch_job {
	struct imap_session *s;
	bool uid, sets_seen;
	unsigned want; /* enum mail_want */
	bool needs_content;
	bool has_uid, has_flags;
	struct imap_spans spans;

	struct imap_fetch_rows both[2];
	struct imap_fetch_rows *rows,
		*ahead;         /* being written; being loaded, or loaded behind them */
	size_t row;             /* of `rows` */
	bool has_ahead;         /* the next rows are there */
	struct waiter *loading; /* within a batch, while a reader has `ahead` */

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
	bool missing;                        /* of any rows */
	int error;                           /* something could not be read */
	bool broken;
};

/*
 * Bytes of a batch of answers: fewer than the connection queues, so that the next is made while this
 * one goes.
 */
#define IMAP_FETCH_OUTPUT_MAX (240u << 10)

/*
 * imap_fetch_write.c: writes what there is room for of the rows loaded, from where the last batch
 * ended. On a worker; what is small, on the loop.
 */
void imap_fetch_write(struct imap_fetch_job *f);
/* Whether all that an item asks for are fields that rows keep for themselves. Pure. */
bool imap_fetch_wants_listed(const struct imap_fetch_item *item);

/* imap_fetch_rows.c: room for rows, and giving it back. On the loop. */
void imap_fetch_rows_init(struct imap_fetch_job *f);
void imap_fetch_rows_clear(struct imap_fetch_job *f);
/* Loads f->rows, of the session's FETCH, from where they begin. On a reader. */
int imap_fetch_load(struct db_tx *tx, void *session);
/*
 * Loads f->ahead while the caller, a worker, writes f->rows, if there are more and readers have room;
 * and waits for that.
 */
void imap_fetch_load_ahead(struct imap_fetch_job *f);
void imap_fetch_wait_ahead(struct imap_fetch_job *f);
/* Makes those loaded ahead the ones to be written. */
void imap_fetch_take_ahead(struct imap_fetch_job *f);
/* Whether the command sets \Seen on some of the rows loaded; and does so. On the loop; the writer. */
bool imap_fetch_sets_seen(const struct imap_fetch_job *f);
int imap_fetch_set_seen(struct db_tx *tx, void *session);

#endif
