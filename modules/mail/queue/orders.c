/*
 * orders.c: carries out what people order of the queue (orders.h). On a database thread; a few
 * statements by key for each recipient.
 */
#include "queue/orders.h"

#include "hearth/bus.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/outgoing.h"

bool mail_queue_order_read(struct slice word, enum mail_queue_order *order)
{
	static const char *const words[] = { "hold", "release", "retry", "remove" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!slice_eq(word, slice_str(words[i])))
			continue;
		*order = (enum mail_queue_order)i;
		return true;
	}
	return false;
}

/* HEARTH_ENOTFOUND */
static int order_one(struct db_tx *tx, enum mail_queue_order order, int64_t id)
{
	struct arena *a;
	struct mail_queued q;
	int rc;

	switch (order) {
	case MAIL_QUEUE_HOLD: return mail_store_queue_hold(tx, id);
	case MAIL_QUEUE_RELEASE:
	case MAIL_QUEUE_RETRY: return mail_store_queue_retry(tx, id, clock_wall_ms());
	case MAIL_QUEUE_REQUEUE: return mail_store_queue_requeue(tx, id, clock_wall_ms());
	case MAIL_QUEUE_REMOVE: break;
	}
	a = arena_new();
	rc = mail_store_queue_get(tx, id, a, &q); /* removing tells nothing of a wrong number */
	arena_free(&a);
	return rc < 0 ? rc : mail_store_queue_remove(tx, id);
}

int mail_queue_order_run(
	struct db_tx *tx, enum mail_queue_order order, const int64_t *ids, size_t n, size_t *done)
{
	int rc = 0;

	INVARIANT(db_tx_writes(tx));
	*done = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = order_one(tx, order, ids[i]);
		*done += rc == 0;
		rc = rc == HEARTH_ENOTFOUND ? 0 : rc;
	}
	if (rc == 0 && *done > 0)
		rc = bus_publish(tx, MAIL_TOPIC_QUEUE, SLICE("command"), SLICE("{}"));
	return rc;
}
