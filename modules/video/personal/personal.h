/*
 * personal.h: what the video module keeps of a person, handed out (export.h) and forgotten.
 *
 * The part of an export is streams.json and the raw backup of each stream, stream-ID.flv, as it is
 * stored. A deleted account's channel is nobody's at once: its name and key are gone, its stream is
 * ended. A task then removes blob after blob, each before the row that names it, and at last the
 * rows. What was stored within the store's grace goes with a later task. Each declaration says on
 * which thread.
 */
#ifndef VIDEO_PERSONAL_H
#define VIDEO_PERSONAL_H

#include "video.h"

#define VIDEO_QUEUE_EXPORT "video.export"
#define VIDEO_QUEUE_FORGET "video.forget"

/* The subscription "video.exports" and the queue VIDEO_QUEUE_EXPORT. */
int video_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
int video_export(void *module, const struct queue_task *task, struct arena *a);

/* The subscription "video.accounts" and the queue VIDEO_QUEUE_FORGET. */
int video_on_deleted(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
void video_account_gone(void *module, const struct bus_event *ev);
int video_forget(void *module, const struct queue_task *task, struct arena *a);
#define VIDEO_FORGET_LEASE_MS (INT64_C(5) * 60 * 1000)
#define VIDEO_FORGET_ATTEMPTS 60

/* storage.c: accounts_storage_fn (accounts.h); `db` is the database "video". */
int video_used_wait(void *db, const int64_t *accounts, size_t n, int64_t *bytes);

#endif
