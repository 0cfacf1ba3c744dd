/*
 * store/dmarc.c: see dmarc.h. On a database thread. To count a message is one statement where its like
 * was counted before, three where not.
 */
#include "store/dmarc.h"

#include <openssl/evp.h>

#include "hearth/error.h"
#include "hearth/log.h"

/* All by which rows differ, but for day and domain. */
static void digest_of(const struct mail_dmarc_row *r, char hex[65])
{
	struct strbuf all = { 0 };
	unsigned char digest[32];

	strbuf_printf(&all, "%d %d %d", (int)r->disposition, r->dkim, r->spf);
	for (size_t i = 0; i < 6; i++) {
		const struct slice texts[] = { r->record, r->source, r->header_from,
			r->envelope_from, r->reason, r->results };

		strbuf_printf(&all, " %zu:%.*s", texts[i].n, SLICE_ARG(texts[i]));
	}
	INVARIANT(EVP_Digest(all.p, all.n, digest, NULL, EVP_sha256(), NULL) == 1);
	hex_encode(digest, sizeof(digest), hex);
	strbuf_free(&all);
}

/* HEARTH_ETOOBIG: no row more of this domain today. */
static int take_row(struct db_tx *tx, int64_t day, struct slice domain, int64_t max)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"INSERT INTO dmarc_day (day, domain, rows) VALUES ($1, $2, 1)"
		" ON CONFLICT (day, domain) DO UPDATE SET rows = dmarc_day.rows + 1"
		" WHERE dmarc_day.rows < $3 RETURNING rows",
		db_int(day), db_text(domain), db_int(max));

	return rc == HEARTH_ENOTFOUND ? HEARTH_ETOOBIG : rc;
}

/* A domain without rows has no row here either. */
static int give_row_back(struct db_tx *tx, int64_t day, struct slice domain)
{
	int rc = db_run(tx, "UPDATE dmarc_day SET rows = rows - 1 WHERE day = $1 AND domain = $2",
		db_int(day), db_text(domain));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM dmarc_day WHERE day = $1 AND domain = $2 AND rows = 0",
			db_int(day), db_text(domain));
	return rc < 0 ? rc : 0;
}

int mail_store_dmarc_count(struct db_tx *tx, const struct mail_dmarc_row *r)
{
	char digest[65];
	int64_t counted = 0;
	int rc;

	INVARIANT(db_tx_writes(tx) && r->domain.n > 0);
	digest_of(r, digest);
	rc = db_get_int(tx, &counted,
		"UPDATE dmarc_row SET count = count + 1 WHERE day = $1 AND domain = $2 AND digest "
		"= $3"
		" RETURNING count",
		db_int(r->day), db_text(r->domain), db_text(slice_str(digest)));
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = take_row(tx, r->day, r->domain, MAIL_DMARC_DOMAIN_ROWS_MAX);
	if (rc == 0) {
		rc = take_row(tx, r->day, SLICE(""), MAIL_DMARC_ROWS_MAX);
		if (rc == HEARTH_ETOOBIG)
			return give_row_back(tx, r->day, r->domain);
	}
	if (rc == HEARTH_ETOOBIG)
		return 0;
	if (rc < 0)
		return rc;
	rc = db_run(tx,
		"INSERT INTO dmarc_row (day, domain, digest, count, record, source, header_from,"
		" envelope_from, disposition, dkim, spf, reason, results)"
		" VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		db_int(r->day), db_text(r->domain), db_text(slice_str(digest)), db_text(r->record),
		db_text(r->source), db_text(r->header_from), db_text(r->envelope_from),
		db_int(r->disposition), db_int(r->dkim), db_int(r->spf), db_text(r->reason),
		db_text(r->results));
	return rc < 0 ? rc : 0;
}

int mail_store_dmarc_domains(struct db_tx *tx, int64_t day, struct slice after, size_t max,
	struct arena *a, struct slice *domains, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT domain FROM dmarc_day WHERE day = $1 AND domain > $2 ORDER BY domain LIMIT "
		"$3",
		db_int(day), db_text(after), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		domains[(*n)++] = arena_slice(a, db_col_text(&rows, 0));
	return db_end(&rows);
}

int mail_store_dmarc_rows(struct db_tx *tx, int64_t day, struct slice domain, int64_t after,
	size_t max, struct arena *a, struct mail_dmarc_row *out, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, count, record, source, header_from, envelope_from, disposition, dkim,"
		" spf, reason, results FROM dmarc_row WHERE day = $1 AND domain = $2 AND id > $3"
		" ORDER BY id LIMIT $4",
		db_int(day), db_text(domain), db_int(after), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		out[(*n)++] = (struct mail_dmarc_row){ .id = db_col_int(&rows, 0),
			.count = db_col_int(&rows, 1),
			.day = day,
			.domain = domain,
			.record = arena_slice(a, db_col_text(&rows, 2)),
			.source = arena_slice(a, db_col_text(&rows, 3)),
			.header_from = arena_slice(a, db_col_text(&rows, 4)),
			.envelope_from = arena_slice(a, db_col_text(&rows, 5)),
			.disposition = (enum mail_disposition)db_col_int(&rows, 6),
			.dkim = db_col_int(&rows, 7) != 0,
			.spf = db_col_int(&rows, 8) != 0,
			.reason = arena_slice(a, db_col_text(&rows, 9)),
			.results = arena_slice(a, db_col_text(&rows, 10)) };
	return db_end(&rows);
}

int mail_store_dmarc_first_day(struct db_tx *tx, int64_t *day)
{
	return db_get_int(
		tx, day, "SELECT day FROM dmarc_day WHERE domain <> '' ORDER BY day LIMIT 1");
}

int mail_store_dmarc_forget(struct db_tx *tx, int64_t day, struct slice domain)
{
	int rc = db_run(tx, "DELETE FROM dmarc_row WHERE day = $1 AND domain = $2", db_int(day),
		db_text(domain));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM dmarc_day WHERE day = $1 AND domain = $2", db_int(day),
			db_text(domain));
	return rc < 0 ? rc : 0;
}

int mail_store_dmarc_prune(struct db_tx *tx, int64_t today)
{
	int rc =
		db_run(tx, "DELETE FROM dmarc_row WHERE day < $1", db_int(today - MAIL_DMARC_DAYS));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM dmarc_day WHERE day < $1",
			db_int(today - MAIL_DMARC_DAYS));
	return rc < 0 ? rc : 0;
}
