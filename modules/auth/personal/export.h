/*
 * export.h: a person's own data, handed out (hearth/export.h is what the modules see of it).
 *
 *   asked ──all parts handed in──▶ ready ──expires_at, or another is ready──▶ closed ──▶ gone
 *     └──not ready within a day──▶ closed (failed)                            blobs, then rows
 *
 * An export waits for the parts of the modules that kept data when it was asked for. What is sent
 * is one tar archive, put together from the parts' pieces as the client takes it.
 */
#ifndef AUTH_EXPORT_H
#define AUTH_EXPORT_H

#include "auth.h"
#include "hearth/export.h"

#define AUTH_EXPORT_GIVEN_UP_MS (INT64_C(24) * 3600 * 1000)
#define AUTH_QUEUE_EXPORT       "auth.export"
#define AUTH_QUEUE_EXPIRE       "auth.export.expire"
#define AUTH_EXPIRE_LEASE_MS    (INT64_C(10) * 60 * 1000)
#define AUTH_EXPIRE_ATTEMPTS    100

/* ---- export_store.c; inside a db_fn ---- */

struct auth_export {
	int64_t id, account;
	int64_t asked_at, ready_at, expires_at, closed_at; /* wall, ms; 0: not yet */
	int64_t size;                                      /* bytes of all its files */
};

/*
 * Begins one: its parts, the event that asks for them, and the task that will remove it.
 * HEARTH_ECONFLICT: one is being made; HEARTH_EBUSY: that was enough within 24 hours.
 */
int auth_export_add(struct db_tx *tx, const struct auth *a, int64_t account, int64_t now_ms,
	struct auth_export *out);
/* By its number; the latest of an account. HEARTH_ENOTFOUND. */
int auth_export_get(struct db_tx *tx, int64_t id, struct auth_export *out);
int auth_export_latest(struct db_tx *tx, int64_t account, struct auth_export *out);
/* The modules whose part is not there yet. */
int auth_export_waiting(struct db_tx *tx, int64_t id,
	void (*each)(void *arg, struct slice module, int64_t attempts, bool done), void *arg);
/* As the service interface has them (accounts.h). */
int auth_export_begin(struct db_tx *tx, int64_t id, struct slice module, int attempt);
int auth_export_part(struct db_tx *tx, const struct auth *a, int64_t id, const char *module,
	const struct export_file *files, size_t n, int64_t now_ms);
/* Its files in order of paths, each followed by its pieces; slices are valid during the call. */
struct auth_export_reader {
	void (*file)(void *arg, struct slice path, int64_t at_s, uint64_t size);
	void (*piece)(void *arg, struct slice blob, uint64_t size);
	void *arg;
};
int auth_export_read(struct db_tx *tx, int64_t id, const struct auth_export_reader *r);
/* Nothing is handed out or in any more. */
int auth_export_close(struct db_tx *tx, int64_t id, int64_t now_ms);
/* Whether a blob is a piece of an export that is not closed yet: 1, 0 or an error. */
int auth_export_named(struct db_tx *tx, const char *key);
/*
 * Removes its rows but one, which says that it was asked for: that counts for a day, also when the
 * export did not last so long.
 */
int auth_export_remove(struct db_tx *tx, int64_t id);
/* Removes such rows when they do not count any more. */
int auth_export_expire_rows(struct db_tx *tx, int64_t now_ms);
/* All exports of an account end now: their task comes at once. */
int auth_export_forget(struct db_tx *tx, int64_t account);
/* The task that removes one, not before then; `step` tells it from one that is there already. */
int auth_export_push_expiry(struct db_tx *tx, int64_t id, const char *step, int64_t not_before_ms);

/* ---- export.c ---- */

/* Fills in the service interface (accounts.h): keeps_data, export_begin_wait, export_part_wait. */
void auth_export_service(struct auth *a);

/* ---- export_expire.c: the queue AUTH_QUEUE_EXPIRE ---- */

int auth_export_expire(void *module, const struct queue_task *task, struct arena *a);

/* ---- export_own.c: the part of this module: account.json, events.json … ---- */

int auth_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
int auth_export_own(void *module, const struct queue_task *task, struct arena *a);

/* Whether the token may have all that an export is made of; else it answers 403. */
bool auth_export_allowed(struct http_request *rq);

/* ---- routes (export.c, export_send.c) ---- */

http_handler auth_post_export;
http_handler auth_get_export;
http_handler auth_get_export_tar;

#endif
