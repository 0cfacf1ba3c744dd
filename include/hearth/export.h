/*
 * export.h: what modules keep of a person: handing it out, and forgetting it. Both begin with a
 * durable event of the accounts (accounts.h) that every such module takes; what takes long is a
 * task on a queue of the module's own, so that kill -9 delays it and no more.
 *
 *	ACCOUNTS_TOPIC_EXPORT ──apply: export_push──▶ queue ──▶ a worker:
 *	   export_part_open ─▶ export_file_open, add, blob …, close ─▶ …
 *	   ─▶ export_part_finish ─▶ ready, once all modules have handed in theirs
 *
 * The files lie in the blob store, cut into pieces, until the export expires: those made here under
 * names that no other attempt has, and blobs of the module's own, which are named where they are.
 * All functions block: workers only. A part belongs to one thread.
 */
#ifndef HEARTH_EXPORT_H
#define HEARTH_EXPORT_H

#include "hearth/bus.h"
#include "hearth/module.h"

#define EXPORT_LEASE_MS     INT64_C(15000) /* of a consumer's task, prolonged as the part grows */
#define EXPORT_ATTEMPTS_MAX 30

/* A piece of a file. */
struct export_piece {
	const char *blob; /* its key */
	uint64_t size;
	bool kept; /* it is the module's own and stays when the export goes */
};

/* A file as it is handed in: its pieces, one behind the other. */
struct export_file {
	struct slice path; /* in the module's folder: UTF-8, parts by "/", none "." or ".." */
	int64_t at_s;      /* when it was last changed, Unix time */
	const struct export_piece *pieces;
	size_t piece_count;
};

/*
 * In apply of an event: a task with the event's payload on this queue of the same database. An
 * event that comes again is the same task.
 */
int export_push(struct db_tx *tx, const struct bus_event *ev, const char *queue);
/* The account that a payload {"account": id, …} names; HEARTH_EINVAL. Any thread. */
int export_account_of(struct slice payload, int64_t *account);

struct export_part;

/*
 * Begins the part of a module for a task of its queue in `db`. 0; HEARTH_ENOTFOUND: there is
 * nothing to do, since it was handed in before or nobody wants it any more; or an error. *out is
 * NULL unless it returned 0.
 */
int export_part_open(struct hearth *h, const char *module, struct db *db,
	const struct queue_task *task, struct export_part **out);
int64_t export_part_account(const struct export_part *p);

/* A file from its first byte to its last; one at a time. Errors come out at the end. */
void export_file_open(struct export_part *p, struct slice path, int64_t at_s);
void export_file_add(struct export_part *p, struct slice bytes);
/* What follows is a blob of the module's own, which stays as long as the account. */
void export_file_blob(struct export_part *p, const char *key, uint64_t size);
void export_file_close(struct export_part *p);
/* Bytes of the open file so far. */
uint64_t export_file_size(const struct export_part *p);

/* The module found an error of its own: the part is not handed in. */
void export_part_fail(struct export_part *p, int error);
/* The first error so far, or 0: long work may end early. */
int export_part_status(const struct export_part *p);
/*
 * Hands the part in, if there was no error, and frees it; sets *p to NULL. What the handler of the
 * task returns.
 */
int export_part_finish(struct export_part **p);

#endif
