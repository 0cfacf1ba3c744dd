/*
 * queue.h: mail for other servers: what is due goes out, what fails for now is tried again, and what
 * fails for good comes back to its sender as a report. On the loop.
 *
 *   submission ─▶ rows (store/outgoing.h), with the 250 ─▶ queue.c: who is due?
 *        ▲                                                    │ a destination each (destination.c)
 *        │                                                    ▼
 *   report.c ◀─ outcome.c: rows change, in one ◀─ attempt.c: look up (route.c), dial, smtp_client.c
 *                transaction with the report
 *
 * The rows are the truth; what is in memory is what is under way. One node of several does it at a
 * time: it has the lease "mail.queue", which every change of a row checks. A kill between another
 * server's 250 and our commit sends a mail twice (RFC 5321 section 4.5.4.2 and 6.1 know no other way).
 *
 * Bounds: [queue] connections in all, DESTINATIONS_MAX destinations and LOADED_MAX recipients of each in
 * memory, and for each connection one piece of a body.
 */
#ifndef MAIL_QUEUE_QUEUE_H
#define MAIL_QUEUE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/lease.h"
#include "queue/relays.h"

struct mail;
struct mail_queue;

/* [queue], as settings say. */
struct mail_queue_limits {
	int64_t retry_ms, retry_max_ms; /* the first wait, and the longest */
	int64_t expiry_ms, warning_ms;  /* after so long it comes back; its sender is told */
	int64_t per_hour;               /* recipients of one account */
	int64_t connections, per_destination;
	int64_t patience_ms; /* with another server's answer, at most */
	int port;            /* of other servers */
	int sts_port;        /* of those that have MTA-STS policies */
	bool private_too;    /* addresses that are none of the internet */
	struct mail_relays relays;
};

struct mail_queue *mail_queue_new(struct mail *m);
/* Begins no attempt more; those that are under way may end. */
void mail_queue_drain(struct mail_queue *q);
/* After the loop's end. Sets *q to NULL; legal on NULL. */
void mail_queue_free(struct mail_queue **q);

/* What this node has the queue by; epoch 0: another has it. On the loop. */
const struct lease *mail_queue_lease(const struct mail_queue *q);
/* Looks at what is due at once, also where a failure holds a destination back. */
void mail_queue_retry(struct mail_queue *q);
/* Whether mail goes elsewhere at all: only from a server that has a name on the internet. Any thread. */
bool mail_sends_elsewhere(const struct mail *m);
/*
 * Something was added, and whichever node has the queue looks at it: these domains, in lower case, a line
 * each; empty: any. Any thread.
 */
void mail_queue_changed(struct mail *m, struct slice domains);

const struct mail_queue_limits *mail_queue_limits(const struct mail *m);
/* Reads [queue], [mail] relay and relays. On the loop's thread, before anything else. */
void mail_queue_configure(struct mail *m);

#endif
