/*
 * audit_log.c: security events: one row for each thing that mattered, and the list its owner reads.
 * Noted inside a db_fn, read from the loop; AUTH_AUDIT_MAX of an account.
 */
#include "audit/audit_log.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define HOUR_MS      (INT64_C(3600) * 1000)
#define LOOK_BACK    ((int64_t)5 * AUTH_AUDIT_SAME) /* events that are looked at for what repeats */
#define PAGE_DEFAULT 50
#define PAGE_MAX     200

/* Whether that much of this is among the account's last events. */
static int is_repeated(struct db_tx *tx, int64_t account, const char *kind, const char *peer,
	int64_t now_ms, bool *repeated)
{
	int64_t same = 0;
	int rc = db_get_int(tx, &same,
		"SELECT count(*) FROM (SELECT at, kind, peer FROM event WHERE account = $1"
		" ORDER BY id DESC LIMIT $2) e WHERE kind = $3 AND peer = $4 AND at > $5",
		db_int(account), db_int(LOOK_BACK), db_str(kind), db_str(peer),
		db_int(now_ms - HOUR_MS));

	*repeated = same >= AUTH_AUDIT_SAME;
	return rc;
}

int auth_audit(struct db_tx *tx, int64_t account, const char *kind, const char *peer,
	struct slice device, const char *detail)
{
	int64_t now_ms = clock_wall_ms();
	const char *from = peer ? peer : "";
	bool repeated = false;
	int rc = is_repeated(tx, account, kind, from, now_ms, &repeated);

	INVARIANT(account > 0 && kind[0]);
	if (rc < 0 || repeated)
		return rc;
	rc = db_run(tx,
		"INSERT INTO event (account, at, kind, peer, device, detail)"
		" VALUES ($1, $2, $3, $4, $5, $6)",
		db_int(account), db_int(now_ms), db_str(kind), db_str(from), db_text(device),
		db_str(detail));
	return rc < 0 ? rc : 0;
}

/* Who has too many: its id and the newest event that goes. HEARTH_ENOTFOUND: nobody. */
static int find_full(struct db_tx *tx, int64_t *account, int64_t *last)
{
	int rc = db_get_int(tx, account,
		"SELECT account FROM event GROUP BY account HAVING count(*) > $1 LIMIT 1",
		db_int(AUTH_AUDIT_MAX));

	return rc < 0 ? rc
		      : db_get_int(tx, last,
				"SELECT id FROM event WHERE account = $1 ORDER BY id DESC"
				" LIMIT 1 OFFSET $2",
				db_int(*account), db_int(AUTH_AUDIT_MAX));
}

int auth_audit_expire(struct db_tx *tx, int64_t now_ms)
{
	int64_t account, last;
	int rc = db_run(tx, "DELETE FROM event WHERE at < $1", db_int(now_ms - AUTH_AUDIT_KEEP_MS));

	while (rc >= 0 && (rc = find_full(tx, &account, &last)) == 0)
		rc = db_run(tx, "DELETE FROM event WHERE account = $1 AND id <= $2",
			db_int(account), db_int(last));
	return rc == HEARTH_ENOTFOUND || rc >= 0 ? 0 : rc;
}

int auth_audit_forget(struct db_tx *tx, int64_t account)
{
	int rc = db_run(tx, "DELETE FROM event WHERE account = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

/* ---- GET /api/auth/events?before=ID&limit=N: the newest first ---- */

struct page {
	struct http_request *rq;
	int64_t account, before, limit;
	struct strbuf out;
};

static void write_event(struct json_writer *w, struct db_rows *rows)
{
	json_open_object(w);
	json_put_i64(w, "id", db_col_int(rows, 0));
	json_put_i64(w, "at", db_col_int(rows, 1));
	json_put_text(w, "kind", db_col_text(rows, 2));
	json_put_text(w, "network", db_col_text(rows, 3));
	json_put_text(w, "device", db_col_text(rows, 4));
	if (!db_col_is_null(rows, 5))
		json_put_text(w, "detail", db_col_text(rows, 5));
	json_close_object(w);
}

static int read_page(struct db_tx *tx, void *arg)
{
	struct page *p = arg;
	struct json_writer w;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, at, kind, peer, device, detail FROM event WHERE account = $1 AND id < "
		"$2"
		" ORDER BY id DESC LIMIT $3",
		db_int(p->account), db_int(p->before), db_int(p->limit));

	if (rc < 0)
		return rc;
	strbuf_reset(&p->out);
	json_writer_init(&w, &p->out);
	json_open_object(&w);
	json_name(&w, "events");
	json_open_array(&w);
	while (db_next(&rows) > 0)
		write_event(&w, &rows);
	json_close_array(&w);
	json_close_object(&w);
	return db_end(&rows);
}

static void on_page(void *arg, int status)
{
	struct page *p = arg;

	auth_reply_written(p->rq, status, &p->out);
}

void auth_get_events(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct page *p = ARENA_NEW(http_arena(rq), struct page);
	int rc;

	*p = (struct page){ .rq = rq,
		.account = http_account(rq)->id,
		.before = INT64_MAX,
		.limit = PAGE_DEFAULT };
	if (!auth_read_number(rq, "before", INT64_MAX, &p->before) ||
		!auth_read_number(rq, "limit", PAGE_MAX, &p->limit))
		return;
	http_set_header(rq, "Cache-Control", "no-store");
	rc = db_read(a->db, read_page, on_page, p);
	if (rc < 0)
		on_page(p, rc);
}
