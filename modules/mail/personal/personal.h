/*
 * personal.h: what the mail module keeps of a person, handed out (hearth/export.h) and erased.
 *
 * The part of an export is an mbox file for each mailbox (mbox.h) and index.json, which says what
 * mbox cannot: UIDs, dates, flags by their names, uses, subscriptions. When an account is deleted a
 * task removes its mailboxes, some messages a transaction; the index and the blobs follow each of
 * them by event.
 *
 * On workers of the queues; each step says what it holds.
 */
#ifndef MAIL_PERSONAL_H
#define MAIL_PERSONAL_H

#include "mail.h"

#define MAIL_QUEUE_EXPORT "mail.export"
#define MAIL_QUEUE_ERASE  "mail.forget"

/* The queue MAIL_QUEUE_EMPTY (store.h): a mailbox that was deleted (personal/erasure.c). */
int mail_empty(void *module, const struct queue_task *task, struct arena *a);
#define MAIL_EMPTY_LEASE_MS \
	5000 /* a piece takes some milliseconds; after a crash it goes on soon */

#define MAIL_ERASE_LEASE_MS (INT64_C(5) * 60 * 1000)
#define MAIL_ERASE_ATTEMPTS 100

/* The subscription "mail.exports" and the queue MAIL_QUEUE_EXPORT (export.c). */
int mail_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
int mail_export(void *module, const struct queue_task *task, struct arena *a);
/* The subscription "mail.accounts" and the queue MAIL_QUEUE_ERASE (personal/erasure.c). */
int mail_on_deleted(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
int mail_erase(void *module, const struct queue_task *task, struct arena *a);

#endif
