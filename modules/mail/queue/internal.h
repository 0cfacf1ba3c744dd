/*
 * queue/internal.h: what the files of the queue share (queue.h). On the loop, but for functions that
 * get a transaction.
 */
#ifndef MAIL_QUEUE_INTERNAL_H
#define MAIL_QUEUE_INTERNAL_H

#include "hearth/dial.h"
#include "hearth/map.h"
#include "message.h"
#include "queue/queue.h"
#include "queue/report.h"
#include "queue/route.h"
#include "queue/smtp_client.h"
#include "store/outgoing.h"

#define DESTINATIONS_MAX 500 /* in memory at a time, those that are held back among them */
#define LOADED_MAX       200 /* recipients of one that are in memory and not in hand */
#define BATCH_MAX        100 /* recipients of one transaction (RFC 5321 section 4.5.3.1.8) */

struct mail_queue {
	struct mail *m;
	struct lease_keeper *keeper;
	struct lease lease;       /* epoch 0: another node has the queue */
	struct map *destinations; /* by domain */
	struct list list;         /* the same */
	size_t count;             /* of them */
	struct list batches;      /* whose outcome is to be written */
	size_t connections;       /* attempts in all */
	struct list in_line;      /* destinations that wait for one of them to end */
	struct timer turn;        /* … which has ended */
	struct timer timer;       /* to the next look at what is due */
	bool looking, look_again, draining;
	bool full;                      /* some that are due wait for room among the destinations */
	char after[DNS_NAME_MAX + 1];   /* where the next look goes on; empty: at the beginning */
	int64_t expired_ms, expired_id; /* the same, of mails whose time is over; 0: there */
	struct bus_listener *listener;
	int64_t restored; /* recipients that a backup brought */
	struct metric *sent, *deferred, *failed;
	struct tally *tally;
};

/* One domain: who is due there, how it is reached, and the connections to it. */
struct destination {
	struct list_node node;
	struct mail_queue *q;
	char domain[DNS_NAME_MAX + 2];
	/* Recipients that are due, and up to where they were read. */
	struct arena *a;
	struct mail_queued *rows;
	size_t count, next;
	int64_t after_ms, after_id;
	bool loading, dry; /* dry: there are no more that are due … */
	bool woken;     /* … but for what may have come since they were read from the beginning */
	size_t in_hand; /* recipients in batches */
	struct list batches;
	/* How it is reached. */
	struct route route;
	struct route_lookup lookup;
	int64_t routed_ms; /* when that was found; 0: never */
	/* Connections. */
	struct list attempts;
	struct list_node place; /* in line for a connection */
	size_t attempt_count, allowed;
	size_t hungry;         /* of the attempts those that have had no batch yet */
	bool lax;              /* one of them is for those that waive proof */
	unsigned failures;     /* in a row */
	unsigned hangups;      /* amid the first mail of a connection, since one was taken */
	int64_t not_before_ms; /* after a failure … */
	struct timer timer;    /* … until this */
};

enum outcome {
	OUTCOME_OPEN, /* not known yet: what was said is for the recipient alone */
	OUTCOME_SENT,
	OUTCOME_DEFERRED,
	OUTCOME_FAILED,
	OUTCOMES,
};

/* Recipients of one mail that go over one connection together; its own arena has all of it. */
struct mail_batch {
	struct list_node node; /* of the queue, from outcome_write on */
	struct list_node side; /* of its destination */
	struct mail_queue *q;
	char domain[DNS_NAME_MAX + 2]; /* of its destination, which counts it as in hand */
	bool expired;                  /* there may be more whose time is over */
	struct arena *a;
	struct mail_outgoing outgoing; /* at first what the rows have of it: sender, times */
	struct mail_batch_recipient {
		struct mail_queued row;
		enum outcome outcome;
		int code;
		char enhanced[12];
		bool refused; /* for good, by the answer to its own RCPT */
		struct slice answer;
		int64_t due_ms; /* of one that is deferred; 0 at first: by how long it has waited */
		bool warn;      /* … and whose sender is told now */
	} * recipients;
	size_t count;
	char host[DNS_NAME_MAX + 1]; /* who answered, for reports */
	char tls[32];                /* … over what, for people: "TLSv1.3, proven"; or empty */
	bool passed_on;              /* the server it went to reports (RFC 3461), and not we */
	struct strbuf header;        /* of the message, for reports: its first bytes */
	struct strbuf report;        /* a message for the sender */
	struct lease lease;          /* what its rows are changed by */
	struct mail_reader reader;
	struct timer again; /* its outcome could not be written */
	unsigned tries;
};

#define BATCH_HEADER_MAX 16384

/* ---- queue.c ---- */

/* Looks at what is due, now or right after the look that is under way. */
void mail_queue_look(struct mail_queue *q);
/* Somebody is due in so long: looks then, unless it would anyway. */
void mail_queue_due(struct mail_queue *q, int64_t in_ms);

/* Tries to be the node that has the queue. */
void mail_queue_claim(struct mail_queue *q);
/* There is room for a destination again. */
void mail_queue_room(struct mail_queue *q);

/* ---- destination.c ---- */

/* There may be something due for the domain. False: there is no room for another destination. */
bool destination_wake(struct mail_queue *q, struct slice domain);
/* The destination, made where there is room for it; else NULL. */
struct destination *destination_get(struct mail_queue *q, struct slice domain);
/* Begins what can begin: reading rows, looking up, connecting. It may free the destination. */
void destination_pump(struct destination *d);
/*
 * None of its hosts proved itself by TLS as it must: as destination_failed; but mails whose senders waive
 * that (RFC 8689 section 5) are tried without.
 */
void destination_unproven(struct destination *d, const char *why);
/* No address of it could be used, or could be found: what is loaded is put off, or failed. */
void destination_failed(
	struct destination *d, enum outcome outcome, const char *enhanced, const char *why);
/* A connection has ended: who is first in line gets it, in a later turn. */
void destination_connection_free(struct mail_queue *q);
/* A connection worked: more are allowed, and failures forgotten. */
void destination_works(struct destination *d);
/* Waiting for others to end is over: everything of it is dropped. */
void destination_free(struct destination *d);

/* It is held back no longer: what is due is read, and tried. It may free the destination. */
void destination_try_now(struct destination *d);
/* Nothing is begun yet, after a failure. */
bool destination_is_held_back(const struct destination *d);

/* ---- destination_rows.c ---- */

/* Reads behind those in hand; from the beginning when there are none, since they may be due again. Then pumps. */
void destination_load(struct destination *d);
/*
 * The next batch for a connection that takes up to `max` recipients; NULL when there is none. With
 * MAIL_TLS_WAIVED only of mails whose senders waive proof, also while the destination is held back; with
 * MAIL_TLS_AS_IS of any.
 */
struct mail_batch *destination_take(struct destination *d, size_t max, enum mail_tls_asked which);
/* The next mail that waives proof, or does not, comes to the front; false: none of what is loaded. */
bool destination_bring_to_front(struct destination *d, bool waived);
/* The first of what is loaded, up to `max` recipients of one mail. */
struct mail_batch *destination_take_front(struct destination *d, size_t max);

/* ---- attempt.c ---- */

/* lax: for mails whose senders waive what TLS must prove. */
void attempt_begin(struct destination *d, bool lax);
void attempt_abort_all(struct destination *d);
/* At the end: frees them, when nothing of theirs is called any more. */
void attempt_free_all(struct destination *d);

/* ---- restored.c ---- */

/* Whether what waits comes from a backup, and nobody has looked at that yet. */
bool mail_queue_is_restored(const struct mail_queue *q);
/* Holds all of it, then claims the queue. */
void mail_queue_hold_restored(struct mail_queue *q);

/* ---- tally.c ---- */

struct tally *tally_new(struct mail_queue *q);
/* At the end. Sets *t to NULL; legal on NULL. */
void tally_free(struct tally **t);
/* What became of a recipient: SENT, DEFERRED, FAILED. */
void tally_outcome(struct tally *t, const char *domain, enum outcome o);
/* Something was added: what waits is counted within a quarter of a minute; at once. */
void tally_changed(struct tally *t);
void tally_count(struct tally *t);

/* ---- outcome_rows.c ---- */

/* In the transaction: the rows of a batch, and what follows from them. */
int mail_batch_write(struct db_tx *tx, void *batch);

/* ---- expire.c ---- */

/* Recipients at one domain of a mail whose time is over, tried or not; but for those who are in hand. */
void outcome_expire(struct mail_queue *q, const struct mail_queued *rows, size_t n);

/* ---- here.c ---- */

/* Files a mail that has waited for recipients who are here; then writes the outcome. */
void here_file(struct mail_batch *b);
/* Says of one that it was filed. */
void here_filed(struct mail_batch *b, size_t i);

/* ---- outcome.c ---- */

/* Writes what became of a batch, with the report; then its recipients are not in hand any more. */
void outcome_write(struct mail_batch *b);
void mail_batch_set(struct mail_batch_recipient *r, struct arena *a, enum outcome outcome, int code,
	const char *enhanced, struct slice answer);
void mail_batch_free(struct mail_batch *b);
/* One of `n` recipients, for who fills them in: they are in hand. */
struct mail_batch *mail_batch_new(struct destination *d, size_t n);
/* Copies a row into place i of it. */
void mail_batch_put(struct mail_batch *b, size_t i, const struct mail_queued *row);

/*
 * Whether its sender is to be told of a recipient: it failed, or is late and has `warn`, or was taken by a
 * server that will not report, where a report was asked for.
 */
bool mail_batch_tells(const struct mail_batch *b, const struct mail_batch_recipient *r);

#endif
