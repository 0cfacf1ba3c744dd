/*
 * store/tls_session.c: see tls_session.h. On a database thread; a connection like one before is counted by
 * one statement, another by three.
 */
#include "store/tls_session.h"

#include <openssl/evp.h>

#include "hearth/error.h"
#include "hearth/log.h"

/* All by which rows of a day and domain differ; of failures in words the first stands for its like. */
static void digest_of(const struct mail_tls_session *s, char hex[65])
{
	const struct slice texts[] = { s->policy_type, s->policy, s->mx, s->address, s->result };
	struct strbuf all = { 0 };
	unsigned char digest[32];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		strbuf_printf(&all, " %zu:%.*s", texts[i].n, SLICE_ARG(texts[i]));
	INVARIANT(EVP_Digest(all.p, all.n, digest, NULL, EVP_sha256(), NULL) == 1);
	hex_encode(digest, sizeof(digest), hex);
	strbuf_free(&all);
}

static int has_room(struct db_tx *tx, const struct mail_tls_session *s, bool *room)
{
	int64_t of_domain = 0, all = 0;
	int rc = db_get_int(tx, &of_domain,
		"SELECT count(*) FROM tls_session WHERE day = $1 AND domain = $2", db_int(s->day),
		db_text(s->domain));

	/* Ids only grow, and what is older was reported or is too old: near enough to a count. */
	if (rc == 0)
		rc = db_get_int(
			tx, &all, "SELECT COALESCE(max(id) - min(id) + 1, 0) FROM tls_session");
	*room = of_domain < MAIL_TLS_DOMAIN_ROWS_MAX && all < MAIL_TLS_ROWS_MAX;
	return rc;
}

int mail_store_tls_count(struct db_tx *tx, const struct mail_tls_session *s)
{
	char digest[65];
	int64_t counted = 0;
	bool room;
	int rc;

	INVARIANT(db_tx_writes(tx) && s->domain.n > 0);
	digest_of(s, digest);
	rc = db_get_int(tx, &counted,
		"UPDATE tls_session SET count = count + 1 WHERE day = $1 AND domain = $2 AND"
		" digest = $3 RETURNING count",
		db_int(s->day), db_text(s->domain), db_str(digest));
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = has_room(tx, s, &room);
	if (rc < 0 || !room)
		return rc;
	rc = db_run(tx,
		"INSERT INTO tls_session (day, domain, digest, policy_type, policy, mx, address,"
		" result, why, count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
		db_int(s->day), db_text(s->domain), db_str(digest), db_text(s->policy_type),
		db_text(s->policy), db_text(s->mx), db_text(s->address), db_text(s->result),
		db_text(s->why));
	return rc < 0 ? rc : 0;
}

int mail_store_tls_due(struct db_tx *tx, int64_t day, size_t max, struct arena *a,
	struct mail_tls_due *out, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT DISTINCT day, domain FROM tls_session WHERE day < $1 ORDER BY day, domain"
		" LIMIT $2",
		db_int(day), db_int((int64_t)max));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < max && db_next(&rows) > 0)
		out[(*n)++] = (struct mail_tls_due){ .day = db_col_int(&rows, 0),
			.domain = arena_slice(a, db_col_text(&rows, 1)) };
	return db_end(&rows);
}

int mail_store_tls_rows(struct db_tx *tx, int64_t day, struct slice domain, struct arena *a,
	struct mail_tls_session *out, size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT policy_type, policy, mx, address, result, why, count FROM tls_session"
		" WHERE day = $1 AND domain = $2 ORDER BY policy_type, policy, result, mx, id"
		" LIMIT $3",
		db_int(day), db_text(domain), db_int(MAIL_TLS_DOMAIN_ROWS_MAX));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < MAIL_TLS_DOMAIN_ROWS_MAX && db_next(&rows) > 0)
		out[(*n)++] = (struct mail_tls_session){ .day = day,
			.domain = domain,
			.policy_type = arena_slice(a, db_col_text(&rows, 0)),
			.policy = arena_slice(a, db_col_text(&rows, 1)),
			.mx = arena_slice(a, db_col_text(&rows, 2)),
			.address = arena_slice(a, db_col_text(&rows, 3)),
			.result = arena_slice(a, db_col_text(&rows, 4)),
			.why = arena_slice(a, db_col_text(&rows, 5)),
			.count = db_col_int(&rows, 6) };
	return db_end(&rows);
}

int mail_store_tls_forget(struct db_tx *tx, int64_t day, struct slice domain)
{
	int rc = db_run(tx, "DELETE FROM tls_session WHERE day = $1 AND domain = $2", db_int(day),
		db_text(domain));

	return rc < 0 ? rc : 0;
}

int mail_store_tls_prune(struct db_tx *tx, int64_t today)
{
	int rc =
		db_run(tx, "DELETE FROM tls_session WHERE day < $1", db_int(today - MAIL_TLS_DAYS));

	return rc < 0 ? rc : 0;
}
