/*
 * queue/attempt.h: what the two files of a connection to a destination share: attempt.c has the
 * connection, attempt_mail.c the mails that go over it. On the loop.
 */
#ifndef MAIL_QUEUE_ATTEMPT_H
#define MAIL_QUEUE_ATTEMPT_H

#include "queue/internal.h"

#define ATTEMPT_PIECE ((size_t)65536) /* of a body, read at a time */

struct attempt {
	struct list_node node;
	struct destination *d;
	size_t host, address;         /* in d->route */
	bool without_tls, plain_next; /* this connection; the same address once more */
	bool lax;                     /* for mails that waive what TLS must prove */
	bool unproven;                /* one of them did not prove itself by TLS, as it must */
	bool worked;                  /* an address answered, and was fit for mail */
	bool hungry;                  /* it has had no batch yet */
	bool taken;                   /* one mail, at least */
	bool ours;                    /* it ends for a reason of our own */
	uint64_t mails;               /* begun on the present connection */
	char tls[32];                 /* … and what it is encrypted by, for people; or empty */
	struct route_host at;         /* the host of the present connection */
	struct dial dial;
	struct smtp_client_options options;
	struct smtp_client *client; /* NULL: not connected (any more) */
	char why[512];              /* of the last address that did not do */
	struct timer later;         /* connects, or ends, in a later turn */

	/*
	 * A mail that requires TLS of all who get it, on its way to the next host, since those before lack
	 * something; NULL: none. Then `aside`: the connections that follow are for it alone.
	 */
	struct mail_batch *carried;
	bool aside;
	size_t lacking;    /* how many hosts lacked something */
	const char *lacks; /* the last of them */

	struct mail_batch *batch; /* in hand; NULL: none */
	struct smtp_recipient *recipients;
	size_t *to; /* which of the batch each of them is */
	struct smtp_envelope_out envelope;
	bool job; /* the batch's mail, or a piece of it, is being read */
	struct mail_reader reader;
	uint64_t offset, size; /* of the body */
	struct strbuf piece;
	int status;
};

/* The next address in order; where none is left, or one has worked, it ends. */
void attempt_connect_next(struct attempt *t);

/* From READY: the mail that was carried here, or else the next batch. */
void attempt_go_on(struct attempt *t);
/* No host is left for the mail that is carried. */
void attempt_put_off_carried(struct attempt *t);
/* The next batch, or QUIT; from READY. */
void attempt_take_batch(struct attempt *t);
/* The batch's outcome is written; it is not in hand any more. */
void attempt_finish_batch(struct attempt *t);
/* Whoever of the batch nothing final is known of: by the class of a code, or as it is said. */
void attempt_settle_open(struct mail_batch *b, enum outcome outcome, const struct smtp_response *r);
enum outcome attempt_outcome_of(int code);

/* The envelope of the batch; who is in it, less those whom the server cannot take: they are settled. */
size_t attempt_fill_envelope(struct attempt *t);

/* Of struct smtp_client_events. */
void attempt_on_recipient(void *ctx, size_t i, const struct smtp_response *r);
void attempt_on_body(void *ctx);
void attempt_on_done(void *ctx, const struct smtp_response *r);

#endif
