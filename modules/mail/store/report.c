/*
 * store/report.c: see report.h. On a database thread; a report is one statement and one for each of its
 * rows, of which there are REPORT_ROWS_MAX at most.
 */
#include "store/report.h"

#include "hearth/error.h"
#include "hearth/log.h"

static int add_rows(struct db_tx *tx, int64_t id, const struct report_read *r)
{
	int rc = 0;

	for (size_t i = 0; i < r->count && rc >= 0; i++) {
		const struct report_row *row = &r->rows[i];

		rc = db_run(tx,
			"INSERT INTO report_row (report, source, result, dkim, spf, detail, count)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7)",
			db_int(id), db_text(row->source), db_text(row->result), db_text(row->dkim),
			db_text(row->spf), db_text(row->detail), db_int(row->count));
	}
	return rc < 0 ? rc : 0;
}

int mail_store_report_add(struct db_tx *tx, const struct report_read *r, int64_t now_s)
{
	int64_t id;
	int rc = db_get_int(tx, &id,
		"INSERT INTO report (kind, organization, report_id, domain, contact, begin_s, "
		"end_s,"
		" received_s, passed, failed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
		" ON CONFLICT (kind, organization, report_id, domain) DO NOTHING RETURNING id",
		db_str(r->kind == REPORT_TLS ? "tls" : "dmarc"), db_text(r->organization),
		db_text(r->id), db_text(r->domain), db_text(r->contact), db_int(r->begin_s),
		db_int(r->end_s), db_int(now_s), db_int(r->passed), db_int(r->failed));

	INVARIANT(db_tx_writes(tx));
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	return rc < 0 ? rc : add_rows(tx, id, r);
}

#define COLUMNS                                                                       \
	"SELECT id, kind, organization, report_id, domain, contact, begin_s, end_s, " \
	"received_s,"                                                                 \
	" passed, failed FROM report "

static void read_one(struct db_rows *rows, struct arena *a, struct mail_report *out)
{
	*out = (struct mail_report){ .id = db_col_int(rows, 0),
		.kind = arena_slice(a, db_col_text(rows, 1)),
		.organization = arena_slice(a, db_col_text(rows, 2)),
		.report_id = arena_slice(a, db_col_text(rows, 3)),
		.domain = arena_slice(a, db_col_text(rows, 4)),
		.contact = arena_slice(a, db_col_text(rows, 5)),
		.begin_s = db_col_int(rows, 6),
		.end_s = db_col_int(rows, 7),
		.received_s = db_col_int(rows, 8),
		.passed = db_col_int(rows, 9),
		.failed = db_col_int(rows, 10) };
}

int mail_store_report_list(struct db_tx *tx, struct slice kind, struct slice domain, int64_t before,
	size_t max, mail_report_fn *each, void *arg)
{
	struct arena *a = arena_new();
	struct mail_report report;
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		COLUMNS "WHERE id < $1 AND (kind = $2 OR length($2) = 0) AND (domain = $3 OR"
			" length($3) = 0) ORDER BY id DESC LIMIT $4",
		db_int(before ? before : INT64_MAX), db_text(kind), db_text(domain),
		db_int((int64_t)max));

	if (rc == 0) {
		while (stop == 0 && db_next(&rows) > 0) {
			arena_reset(a);
			read_one(&rows, a, &report);
			stop = each(arg, &report);
		}
		rc = db_end(&rows);
	}
	arena_free(&a);
	return stop ? stop : rc;
}

int mail_store_report_get(struct db_tx *tx, int64_t id, struct arena *a, struct mail_report *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, COLUMNS "WHERE id = $1", db_int(id));

	if (rc < 0)
		return rc;
	read_one(&rows, a, out);
	return db_end(&rows);
}

int mail_store_report_rows(struct db_tx *tx, int64_t id, mail_report_row_fn *each, void *arg)
{
	struct db_rows rows;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT source, result, dkim, spf, detail, count FROM report_row WHERE report = $1"
		" ORDER BY count DESC, id LIMIT $2",
		db_int(id), db_int(REPORT_ROWS_MAX));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0)
		stop = each(arg, &(struct report_row){ .source = db_col_text(&rows, 0),
					 .result = db_col_text(&rows, 1),
					 .dkim = db_col_text(&rows, 2),
					 .spf = db_col_text(&rows, 3),
					 .detail = db_col_text(&rows, 4),
					 .count = db_col_int(&rows, 5) });
	rc = db_end(&rows);
	return stop ? stop : rc;
}

int mail_store_report_prune(struct db_tx *tx, int64_t now_s)
{
	int rc = db_run(tx,
		"DELETE FROM report WHERE received_s < $1 OR id <= (SELECT id FROM report ORDER BY "
		"id"
		" DESC LIMIT 1 OFFSET $2)",
		db_int(now_s - MAIL_REPORT_DAYS * INT64_C(86400)), db_int(MAIL_REPORTS_MAX));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM report_row WHERE NOT EXISTS"
				" (SELECT 1 FROM report r WHERE r.id = report_row.report)");
	return rc < 0 ? rc : 0;
}
