/*
 * store/queue_summary.c: how much waits, and for whom (outgoing.h). On a database thread.
 *
 * The totals are counts of whole indexes. The domains are walked in order, in slices, through the index that has
 * all that is told of them; in memory are the MAIL_QUEUE_TOP with the most recipients so far.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "store/outgoing.h"

int mail_store_queue_totals(struct db_tx *tx, struct mail_queue_totals *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT (SELECT count(*) FROM queue), (SELECT count(*) FROM queue WHERE held > 0),"
		" (SELECT count(*) FROM outgoing),"
		/* Numbers grow with time. */
		" COALESCE((SELECT queued_ms FROM outgoing ORDER BY id LIMIT 1), 0)");

	if (rc < 0)
		return rc;
	*out = (struct mail_queue_totals){ .recipients = db_col_int(&rows, 0),
		.held = db_col_int(&rows, 1),
		.messages = db_col_int(&rows, 2),
		.oldest_ms = db_col_int(&rows, 3) };
	return db_end(&rows);
}

/* ---- domain after domain ---- */

/* The place of one with so many recipients among the top: a free one, or the last one's; NULL: it has none. */
static struct mail_queue_destination *find_place(struct mail_queue_domains *d, int64_t recipients)
{
	struct mail_queue_destination *last = d->top;

	if (d->n < MAIL_QUEUE_TOP)
		return &d->top[d->n++];
	for (size_t i = 1; i < d->n; i++)
		if (d->top[i].recipients < last->recipients)
			last = &d->top[i];
	return recipients > last->recipients ? last : NULL;
}

/* oldest_ms is its first row's number, below 0, until the slice ends. */
static void count_domain(struct mail_queue_domains *d, struct db_rows *rows)
{
	struct mail_queue_destination *place = find_place(d, db_col_int(rows, 1));

	INVARIANT(db_col_text(rows, 0).n < sizeof(d->after));
	d->count++;
	snprintf(d->after, sizeof(d->after), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	if (!place)
		return;
	*place = (struct mail_queue_destination){ .recipients = db_col_int(rows, 1),
		.held = db_col_int(rows, 2),
		.due_ms = db_col_int(rows, 3),
		.oldest_ms = -db_col_int(rows, 4) };
	memcpy(place->domain, d->after, sizeof(place->domain));
}

/* Of those that this slice has found, while their rows are there. */
static int find_oldest(struct db_tx *tx, struct mail_queue_domains *d)
{
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++)
		if (d->top[i].oldest_ms < 0)
			rc = db_get_int(tx, &d->top[i].oldest_ms,
				"SELECT o.queued_ms FROM queue q JOIN outgoing o ON o.id = "
				"q.outgoing WHERE q.id = $1",
				db_int(-d->top[i].oldest_ms));
	return rc;
}

static int by_recipients(const void *a, const void *b)
{
	const struct mail_queue_destination *x = a, *y = b;

	if (x->recipients != y->recipients)
		return x->recipients < y->recipients ? 1 : -1;
	return strcmp(x->domain, y->domain);
}

int mail_store_queue_count_domains(struct db_tx *tx, struct mail_queue_domains *d)
{
	bool over = false;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT domain, count(*), sum(CASE WHEN held = 0 THEN 0 ELSE 1 END), min(due_ms), "
		"min(id) FROM queue"
		" WHERE domain > $1 GROUP BY domain ORDER BY domain",
		db_text(slice_str(d->after)));

	if (rc < 0)
		return rc;
	while (!over && db_next(&rows) > 0) {
		count_domain(d, &rows);
		over = db_slice_over(tx);
	}
	rc = db_end(&rows);
	if (rc == 0)
		rc = find_oldest(tx, d);
	d->done = rc == 0 && !over;
	if (d->done)
		qsort(d->top, d->n, sizeof(*d->top), by_recipients);
	return rc;
}
