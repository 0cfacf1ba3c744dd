/*
 * export_store.c: SQL on exports (export.h). Inside a db_fn, on a database thread. An account has
 * [auth] exports_per_day exports a day, and one that can be fetched.
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "personal/export.h"
#include "personal/tar.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

const char auth_export_migration[] =
	"CREATE TABLE export ("
	" id {id},"
	" account BIGINT NOT NULL,"
	" asked_at BIGINT NOT NULL,"
	" ready_at BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL,"
	" closed_at BIGINT NOT NULL,"
	" size BIGINT NOT NULL);"
	"CREATE INDEX export_account ON export (account, id);"
	/* done_at 0: it is waited for; attempts: what may have left blobs behind. */
	"CREATE TABLE export_part ("
	" export BIGINT NOT NULL,"
	" module TEXT NOT NULL,"
	" attempts BIGINT NOT NULL,"
	" done_at BIGINT NOT NULL,"
	" PRIMARY KEY (export, module));"
	"CREATE TABLE export_file ("
	" id {id},"
	" export BIGINT NOT NULL,"
	" path TEXT NOT NULL,"
	" at_s BIGINT NOT NULL,"
	" size BIGINT NOT NULL,"
	" UNIQUE (export, path));"
	"CREATE TABLE export_piece ("
	" file BIGINT NOT NULL,"
	" number BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" size BIGINT NOT NULL,"
	" PRIMARY KEY (file, number));";

#define COLUMNS "id, account, asked_at, ready_at, expires_at, closed_at, size"
/* One that was removed has no parts; its row stays for a day, since it counts. */
#define THERE "EXISTS (SELECT 1 FROM export_part p WHERE p.export = export.id)"

static void read_row(struct db_rows *rows, struct auth_export *out)
{
	*out = (struct auth_export){ .id = db_col_int(rows, 0),
		.account = db_col_int(rows, 1),
		.asked_at = db_col_int(rows, 2),
		.ready_at = db_col_int(rows, 3),
		.expires_at = db_col_int(rows, 4),
		.closed_at = db_col_int(rows, 5),
		.size = db_col_int(rows, 6) };
}

int auth_export_get(struct db_tx *tx, int64_t id, struct auth_export *out)
{
	struct db_rows rows;
	int rc = db_one(
		tx, &rows, "SELECT " COLUMNS " FROM export WHERE id = $1 AND " THERE, db_int(id));

	if (rc < 0)
		return rc;
	read_row(&rows, out);
	return db_end(&rows);
}

int auth_export_latest(struct db_tx *tx, int64_t account, struct auth_export *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " COLUMNS " FROM export WHERE account = $1 AND " THERE
		" ORDER BY id DESC LIMIT 1",
		db_int(account));

	if (rc < 0)
		return rc;
	read_row(&rows, out);
	return db_end(&rows);
}

int auth_export_push_expiry(struct db_tx *tx, int64_t id, const char *step, int64_t not_before_ms)
{
	INVARIANT(db_tx_writes(tx));
	char key[64], payload[48];
	int rc;

	INVARIANT(id > 0);
	snprintf(key, sizeof(key), "%lld%s", (long long)id, step);
	snprintf(payload, sizeof(payload), "{\"export\":%lld}", (long long)id);
	rc = queue_push(
		tx, AUTH_QUEUE_EXPIRE, slice_str(key), slice_str(payload), 0, not_before_ms);
	return rc == HEARTH_EEXIST ? 0 : rc;
}

/* ---- asking ---- */

static int may_ask(struct db_tx *tx, const struct auth *a, int64_t account, int64_t now_ms)
{
	int64_t running = 0, lately = 0;
	int rc = db_get_int(tx, &running,
		"SELECT count(*) FROM export WHERE account = $1 AND ready_at = 0 AND expires_at > "
		"$2"
		" AND closed_at = 0",
		db_int(account), db_int(now_ms));

	if (rc == 0 && running)
		return HEARTH_ECONFLICT;
	if (rc == 0)
		rc = db_get_int(tx, &lately,
			"SELECT count(*) FROM export WHERE account = $1 AND asked_at > $2",
			db_int(account), db_int(now_ms - DAY_MS));
	return rc == 0 && lately >= a->exports_per_day ? HEARTH_EBUSY : rc;
}

static int add_parts(struct db_tx *tx, const struct auth *a, int64_t id)
{
	int rc = 0;

	for (int i = 0; i < a->keeping_count && rc >= 0; i++)
		rc = db_run(tx,
			"INSERT INTO export_part (export, module, attempts, done_at)"
			" VALUES ($1, $2, 0, 0)",
			db_int(id), db_str(a->keeping[i]));
	return rc < 0 ? rc : 0;
}

static int publish_asked(struct db_tx *tx, int64_t account, int64_t id)
{
	char key[24], payload[80];

	snprintf(key, sizeof(key), "%lld", (long long)account);
	snprintf(payload, sizeof(payload), "{\"account\":%lld,\"export\":%lld}", (long long)account,
		(long long)id);
	return bus_publish(tx, ACCOUNTS_TOPIC_EXPORT, slice_str(key), slice_str(payload));
}

int auth_export_add(struct db_tx *tx, const struct auth *a, int64_t account, int64_t now_ms,
	struct auth_export *out)
{
	INVARIANT(db_tx_writes(tx));
	int rc = may_ask(tx, a, account, now_ms);

	INVARIANT(account > 0);
	*out = (struct auth_export){ .account = account,
		.asked_at = now_ms,
		.expires_at = now_ms + AUTH_EXPORT_GIVEN_UP_MS };
	if (rc == 0)
		rc = db_get_int(tx, &out->id,
			"INSERT INTO export (account, asked_at, ready_at, expires_at, closed_at, "
			"size)"
			" VALUES ($1, $2, 0, $3, 0, 0) RETURNING id",
			db_int(account), db_int(now_ms), db_int(out->expires_at));
	if (rc == 0)
		rc = add_parts(tx, a, out->id);
	if (rc == 0)
		rc = auth_export_push_expiry(tx, out->id, "", out->expires_at);
	return rc == 0 ? publish_asked(tx, account, out->id) : rc;
}

/* ---- parts ---- */

int auth_export_waiting(struct db_tx *tx, int64_t id,
	void (*each)(void *arg, struct slice module, int64_t attempts, bool done), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT module, attempts, done_at FROM export_part WHERE export = $1 ORDER BY "
		"module",
		db_int(id));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		each(arg, db_col_text(&rows, 0), db_col_int(&rows, 1), db_col_int(&rows, 2) != 0);
	return db_end(&rows);
}

/* 0: the part is waited for; HEARTH_EEXIST: it was handed in; HEARTH_ENOTFOUND. */
static int find_part(struct db_tx *tx, int64_t id, struct slice module)
{
	int64_t done_at = 0;
	int rc = db_get_int(tx, &done_at,
		"SELECT p.done_at FROM export_part p JOIN export e ON e.id = p.export"
		" WHERE p.export = $1 AND p.module = $2 AND e.closed_at = 0",
		db_int(id), db_text(module));

	return rc == 0 && done_at ? HEARTH_EEXIST : rc;
}

int auth_export_begin(struct db_tx *tx, int64_t id, struct slice module, int attempt)
{
	INVARIANT(db_tx_writes(tx));
	int rc = find_part(tx, id, module);

	if (rc == 0)
		rc = db_run(tx,
			"UPDATE export_part SET attempts = $3 WHERE export = $1 AND module = $2"
			" AND attempts < $3",
			db_int(id), db_text(module), db_int(attempt));
	return rc < 0 ? rc : 0;
}

static int add_file(struct db_tx *tx, int64_t id, const char *module, const struct export_file *f,
	int64_t *total)
{
	struct strbuf path = { 0 };
	int64_t file = 0, size = 0;
	int rc;

	for (size_t i = 0; i < f->piece_count; i++)
		size += (int64_t)f->pieces[i].size;
	*total += size;
	strbuf_printf(&path, "%s/%.*s", module, SLICE_ARG(f->path));
	rc = !tar_path_valid(strbuf_slice(&path))
		     ? HEARTH_EINVAL
		     : db_get_int(tx, &file,
			       "INSERT INTO export_file (export, path, at_s, size) VALUES ($1, $2, "
			       "$3, $4)"
			       " RETURNING id",
			       db_int(id), db_text(strbuf_slice(&path)), db_int(f->at_s),
			       db_int(size));
	strbuf_free(&path);
	for (size_t i = 0; i < f->piece_count && rc >= 0; i++)
		rc = db_run(tx,
			"INSERT INTO export_piece (file, number, blob, size)"
			" VALUES ($1, $2, $3, $4)",
			db_int(file), db_int((int64_t)i), db_str(f->pieces[i].blob),
			db_int((int64_t)f->pieces[i].size));
	return rc < 0 ? rc : 0;
}

/* Earlier exports of the account go when another is ready: one copy of everything is enough. */
static int supersede(struct db_tx *tx, int64_t id, int64_t now_ms)
{
	int64_t old = 0;
	int rc;

	while ((rc = db_get_int(tx, &old,
			"SELECT min(o.id) FROM export o JOIN export e ON e.account = o.account"
			" WHERE e.id = $1 AND o.id < $1 AND o.id > $2 AND o.closed_at = 0",
			db_int(id), db_int(old))) == 0) {
		rc = db_run(tx, "UPDATE export SET expires_at = $2 WHERE id = $1", db_int(old),
			db_int(now_ms));
		if (rc >= 0)
			rc = auth_export_push_expiry(tx, old, "/next", 0);
		if (rc < 0)
			return rc;
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* Was that the last part? */
static int make_ready(struct db_tx *tx, const struct auth *a, int64_t id, int64_t now_ms)
{
	int64_t expires_at = now_ms + a->export_ttl_ms;
	int rc = db_run(tx,
		"UPDATE export SET ready_at = $2, expires_at = $3 WHERE id = $1 AND ready_at = 0"
		" AND closed_at = 0 AND NOT EXISTS"
		" (SELECT 1 FROM export_part p WHERE p.export = $1 AND p.done_at = 0)",
		db_int(id), db_int(now_ms), db_int(expires_at));

	if (rc <= 0)
		return rc;
	rc = auth_export_push_expiry(tx, id, "/ready", expires_at);
	return rc == 0 ? supersede(tx, id, now_ms) : rc;
}

int auth_export_part(struct db_tx *tx, const struct auth *a, int64_t id, const char *module,
	const struct export_file *files, size_t n, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int64_t size = 0;
	int rc = find_part(tx, id, slice_str(module));

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_file(tx, id, module, &files[i], &size);
	/* Two files of one path are the module's mistake, not a part that was handed in. */
	if (rc == HEARTH_EEXIST && find_part(tx, id, slice_str(module)) == 0)
		rc = HEARTH_EINVAL;
	if (rc == 0)
		rc = db_run(tx, "UPDATE export SET size = size + $2 WHERE id = $1", db_int(id),
			db_int(size));
	if (rc >= 0)
		rc = db_run(tx,
			"UPDATE export_part SET done_at = $3 WHERE export = $1 AND module = $2",
			db_int(id), db_str(module), db_int(now_ms));
	return rc < 0 ? rc : make_ready(tx, a, id, now_ms);
}

/* ---- reading ---- */

static int read_pieces(struct db_tx *tx, int64_t file, const struct auth_export_reader *r)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT blob, size FROM export_piece WHERE file = $1 ORDER BY number",
		db_int(file));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		r->piece(r->arg, db_col_text(&rows, 0), (uint64_t)db_col_int(&rows, 1));
	return db_end(&rows);
}

int auth_export_read(struct db_tx *tx, int64_t id, const struct auth_export_reader *r)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT id, path, at_s, size FROM export_file WHERE export = $1 ORDER BY path",
		db_int(id));

	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		r->file(r->arg, db_col_text(&rows, 1), db_col_int(&rows, 2),
			(uint64_t)db_col_int(&rows, 3));
		rc = read_pieces(tx, db_col_int(&rows, 0), r);
	}
	db_end(&rows);
	return rc;
}

/* ---- the end ---- */

int auth_export_close(struct db_tx *tx, int64_t id, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "UPDATE export SET closed_at = $2 WHERE id = $1 AND closed_at = 0",
		db_int(id), db_int(now_ms));

	INVARIANT(id > 0);
	return rc < 0 ? rc : 0;
}

int auth_export_named(struct db_tx *tx, const char *key)
{
	struct auth_export e;
	long long id = 0;
	int rc;

	if (sscanf(key, "export/%lld/", &id) != 1)
		return 0;
	rc = auth_export_get(tx, id, &e);
	return rc == HEARTH_ENOTFOUND ? 0 : rc < 0 ? rc : e.closed_at == 0;
}

int auth_export_remove(struct db_tx *tx, int64_t id)
{
	INVARIANT(db_tx_writes(tx));
	static const char *const statements[] = {
		("DELETE FROM export_piece WHERE file IN"
		 " (SELECT id FROM export_file WHERE export = $1)"),
		"DELETE FROM export_file WHERE export = $1",
		"DELETE FROM export_part WHERE export = $1",
		/* Of who has gone nothing stays. */
		"UPDATE export SET asked_at = 0 WHERE id = $1 AND NOT EXISTS"
		" (SELECT 1 FROM account a WHERE a.id = export.account AND a.deleted_at IS NULL)",
	};
	int rc = 0;

	INVARIANT(id > 0);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc >= 0; i++)
		rc = db_run(tx, statements[i], db_int(id));
	return rc < 0 ? rc : auth_export_expire_rows(tx, clock_wall_ms());
}

int auth_export_expire_rows(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM export WHERE asked_at <= $1 AND NOT " THERE,
		db_int(now_ms - DAY_MS));

	return rc < 0 ? rc : 0;
}

int auth_export_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int64_t id = 0;
	int rc =
		db_run(tx, "DELETE FROM export WHERE account = $1 AND NOT " THERE, db_int(account));

	INVARIANT(account > 0);
	while (rc >= 0 && (rc = db_get_int(tx, &id,
				   "SELECT min(id) FROM export WHERE account = $1 AND id > $2",
				   db_int(account), db_int(id))) == 0) {
		rc = db_run(tx, "UPDATE export SET expires_at = $2 WHERE id = $1", db_int(id),
			db_int(clock_wall_ms()));
		if (rc >= 0)
			rc = auth_export_push_expiry(tx, id, "/deleted", 0);
		if (rc < 0)
			return rc;
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}
