/*
 * orders.h: what people order of the queue: hold, release, retry, remove, requeue; by command (queue_commands.c)
 * and over HTTP (api/queue_api.c). On a database thread.
 */
#ifndef MAIL_QUEUE_ORDERS_H
#define MAIL_QUEUE_ORDERS_H

#include "hearth/db.h"
#include "hearth/str.h"

/* Published with each, so that a server that runs looks at what is due. */
#define MAIL_TOPIC_QUEUE "mail.queue"

enum mail_queue_order {
	MAIL_QUEUE_HOLD,    /* no attempt until it is released */
	MAIL_QUEUE_RELEASE, /* what was held is due now */
	MAIL_QUEUE_RETRY,   /* due now, not only when its time is there */
	MAIL_QUEUE_REMOVE,  /* gone, and nobody is told */
	MAIL_QUEUE_REQUEUE, /* as if it had just been sent: its time begins anew (by command only) */
};

/* By its word ("hold"); false: there is none such. Pure. */
bool mail_queue_order_read(struct slice word, enum mail_queue_order *order);

/*
 * Carries it out for these recipients, and tells whichever node has the queue, in the same transaction.
 * Who is not there (any more) is passed over: *done is how many were. The caller bounds n.
 */
int mail_queue_order_run(
	struct db_tx *tx, enum mail_queue_order order, const int64_t *ids, size_t n, size_t *done);

#endif
