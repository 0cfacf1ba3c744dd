/*
 * sms_queue.c: handing queued messages to the driver: the consumer of the queue "auth.sms".
 *
 * The row is what counts, the task only wakes somebody: it is attempted as long as it has not
 * expired, at most ATTEMPTS_MAX times. That a message was sent is recorded even if the lease was
 * lost meanwhile, since whoever holds it now has then nothing more to do.
 *
 * On workers of "net".
 */
#include "sms/sms_queue.h"

#include "auth.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "sms/phone.h"
#include "sms/sms_private.h"

#define ATTEMPTS_MAX 16 /* the delays between them double from 1 s: nine hours */

struct handling {
	const struct queue_task *task;
	struct arena *arena;
	struct sms_outgoing m;
	const char *error; /* NULL: sent */
	int64_t waiting;
};

static int get(struct db_tx *tx, void *arg)
{
	struct handling *h = arg;
	int64_t id;

	if (slice_i64(h->task->payload, 1, INT64_MAX, &id) < 0)
		return HEARTH_ENOTFOUND;
	return sms_store_get(tx, id, h->arena, &h->m);
}

static int end(struct db_tx *tx, void *arg)
{
	struct handling *h = arg;
	int64_t dead;
	int rc = sms_store_end(tx, h->m.id, clock_wall_ms(), h->error);

	if (rc == 0)
		rc = queue_complete(tx, h->task);
	if (rc == HEARTH_ECONFLICT)
		rc = 0;
	return rc < 0 ? rc : queue_count(tx, SMS_QUEUE, &h->waiting, &dead);
}

static void log_message(
	enum log_level level, const char *what, const struct handling *h, const char *why)
{
	char to[PHONE_MASK];

	phone_mask(h->m.to, to);
	log_event(level, "sms", what, "message", "%s", h->m.name, "to", "%s", to, "attempt", "%d",
		h->m.attempt, why ? "why" : NULL, "%s", why, NULL);
}

static int settle(const struct auth *a, struct handling *h, const char *error)
{
	int rc;

	h->error = error;
	rc = db_write_wait(a->db, end, h);
	if (rc < 0)
		return rc;
	metric_add(error ? a->sms->failed : a->sms->sent, 1);
	metric_set(a->sms->waiting, h->waiting);
	if (error)
		log_message(LOG_ERROR, "a message is given up", h, error);
	else
		log_message(LOG_INFO, "a message was sent", h, NULL);
	return 0;
}

static int attempt(const struct auth *a, struct handling *h)
{
	const char *why = "";

	switch (a->sms->send(a->sms, &h->m, h->arena, &why)) {
	case SMS_SENT: return settle(a, h, NULL);
	case SMS_REFUSED: return settle(a, h, why);
	case SMS_LATER: break;
	}
	if (h->m.attempt >= ATTEMPTS_MAX)
		return settle(a, h, why);
	metric_add(a->sms->retried, 1);
	log_message(LOG_WARN, "a message could not be sent yet", h, why);
	return HEARTH_EIO;
}

int auth_sms_handle(void *module, const struct queue_task *task, struct arena *arena)
{
	const struct auth *a = module;
	struct handling h = { .task = task, .arena = arena };
	int rc = db_read_wait(a->db, get, &h);

	if (rc == HEARTH_ENOTFOUND)
		return 0; /* it ended while somebody thought it had not */
	if (rc < 0)
		return rc;
	h.m.attempt = task->attempt;
	if (!a->sms->send)
		return settle(a, &h, "sms_driver is none now");
	if (h.m.expires_at <= clock_wall_ms())
		return settle(a, &h, "expired before it could be sent");
	if (h.m.attempt > ATTEMPTS_MAX)
		return settle(a, &h, "too many attempts that never ended");
	return attempt(a, &h);
}
