/*
 * restored.c: a queue that comes from a backup is held (internal.h): what waited then may have been sent since,
 * and whether it shall go (again) is somebody's to say, by `hearth queue release` or `remove`. On the loop,
 * and a database thread.
 *
 * `hearth restore` leaves a mark in the data folder. It goes once all that waits is held, in one transaction;
 * a kill in between does it once more.
 */
#include <stdio.h>
#include <unistd.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/internal.h"

#define MARK     "restored" /* written by src/backup/restore_fill.c */
#define AGAIN_MS INT64_C(5000)

static void mark_path(const struct mail_queue *q, struct strbuf *path)
{
	strbuf_printf(path, "%s/" MARK, hearth_data_dir(q->m->h));
}

bool mail_queue_is_restored(const struct mail_queue *q)
{
	struct strbuf path = { 0 };
	bool there;

	mark_path(q, &path);
	there = access(path.p, F_OK) == 0;
	strbuf_free(&path);
	return there;
}

static int hold_all(struct db_tx *tx, void *arg)
{
	struct mail_queue *q = arg;

	return mail_store_queue_hold_all(tx, clock_wall_ms() + mail_queue_limits(q->m)->expiry_ms,
		SLICE("held since a backup was restored: it may have been sent since then"),
		&q->restored);
}

static void on_again(void *arg)
{
	mail_queue_hold_restored(arg);
}

static void on_held(void *arg, int status)
{
	struct mail_queue *q = arg;
	struct strbuf path = { 0 };

	if (status < 0) {
		log_error("queue", "what a backup brought cannot be held; nothing is sent yet",
			"why", "%s", error_name(status), NULL);
		timer_start(&q->timer, AGAIN_MS, 0, on_again, q);
		return;
	}
	mark_path(q, &path);
	if (unlink(path.p) < 0)
		log_error("queue", "the mark of a restore cannot be removed", "path", "%s", path.p,
			NULL);
	strbuf_free(&path);
	if (q->restored > 0)
		log_warn("queue",
			"the queue comes from a backup, and is held: `hearth queue list` shows it, "
			"`hearth queue release` or `remove` settles it",
			"recipients", "%lld", (long long)q->restored, NULL);
	mail_queue_claim(q);
}

void mail_queue_hold_restored(struct mail_queue *q)
{
	if (db_write(q->m->db, hold_all, on_held, q) < 0)
		on_held(q, HEARTH_EBUSY);
}
