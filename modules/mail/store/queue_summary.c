/*
 * store/queue_summary.c: how much waits, and for whom (outgoing.h). On a database thread; both look at
 * every row of the queue, and keep one number of each domain.
 */
#include "hearth/error.h"
#include "store/outgoing.h"

int mail_store_queue_totals(struct db_tx *tx, struct mail_queue_totals *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT count(*), COALESCE(sum(CASE WHEN held = 0 THEN 0 ELSE 1 END), 0), "
		"count(DISTINCT domain),"
		" (SELECT count(*) FROM outgoing),"
		/* Numbers grow with time. */
		" COALESCE((SELECT queued_ms FROM outgoing ORDER BY id LIMIT 1), 0) FROM queue");

	if (rc < 0)
		return rc;
	*out = (struct mail_queue_totals){ .recipients = db_col_int(&rows, 0),
		.held = db_col_int(&rows, 1),
		.domains = db_col_int(&rows, 2),
		.messages = db_col_int(&rows, 3),
		.oldest_ms = db_col_int(&rows, 4) };
	return db_end(&rows);
}

int mail_store_queue_destinations(
	struct db_tx *tx, size_t max, mail_queue_destination_fn *each, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT d.domain, d.n, d.held, d.due, o.queued_ms FROM"
		" (SELECT domain, count(*) AS n, sum(CASE WHEN held = 0 THEN 0 ELSE 1 END) AS "
		"held, min(due_ms) AS due,"
		" min(outgoing) AS first FROM queue GROUP BY domain ORDER BY 2 DESC, domain"
		" LIMIT $1) d JOIN outgoing o ON o.id = d.first ORDER BY d.n DESC, d.domain",
		db_int((int64_t)max));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, &(struct mail_queue_destination){ .domain = db_col_text(&rows, 0),
					 .recipients = db_col_int(&rows, 1),
					 .held = db_col_int(&rows, 2),
					 .due_ms = db_col_int(&rows, 3),
					 .oldest_ms = db_col_int(&rows, 4) });
	rc = db_end(&rows);
	return stop ? stop : rc;
}
