/*
 * invitation_store.c: SQL on invitations. Inside a db_fn, on a database thread.
 */
#include "invitation/invitation.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define COLUMNS                                                                                \
	"id, made_by, role, address, groups_joined, uses_left, created_at, expires_at, note, " \
	"first_start"
#define USABLE "uses_left > 0 AND (expires_at = 0 OR expires_at > $2)"

/* Group ids lie in one text with commas between. */
static void write_groups(const struct auth_invitation *in, struct strbuf *out)
{
	for (size_t i = 0; i < in->group_count; i++)
		strbuf_printf(out, "%s%lld", i ? "," : "", (long long)in->groups[i]);
}

static void read_groups(struct slice text, struct auth_invitation *out)
{
	while (text.n && out->group_count < AUTH_INVITATION_GROUPS)
		if (slice_i64(slice_split(&text, ','), 1, INT64_MAX,
			    &out->groups[out->group_count]) == 0)
			out->group_count++;
}

static void read_row(struct db_rows *rows, struct auth_invitation *out)
{
	*out = (struct auth_invitation){ .id = db_col_int(rows, 0),
		.made_by = db_col_int(rows, 1),
		.role = (enum auth_role)db_col_int(rows, 2),
		.uses_left = db_col_int(rows, 5),
		.created_ms = db_col_int(rows, 6),
		.expires_ms = db_col_int(rows, 7),
		.first = db_col_int(rows, 9) != 0 };
	snprintf(out->address, sizeof(out->address), "%.*s", SLICE_ARG(db_col_text(rows, 3)));
	snprintf(out->note, sizeof(out->note), "%.*s", SLICE_ARG(db_col_text(rows, 8)));
	read_groups(db_col_text(rows, 4), out);
}

int auth_store_add_invitation(
	struct db_tx *tx, const struct auth_invitation *in, const char *hex, int64_t *id)
{
	INVARIANT(db_tx_writes(tx));
	struct strbuf groups = { 0 };
	int64_t all = 0, own = 0;
	int rc = db_get_int(tx, &all, "SELECT count(*) FROM invitation");

	INVARIANT(hex[0] && in->group_count <= AUTH_INVITATION_GROUPS);
	if (rc == 0 && in->made_by)
		rc = db_get_int(tx, &own, "SELECT count(*) FROM invitation WHERE made_by = $1",
			db_int(in->made_by));
	if (rc == 0 && (all >= AUTH_INVITATIONS_MAX || own >= AUTH_INVITATIONS_BY_ONE))
		rc = HEARTH_ETOOBIG;
	if (rc < 0)
		return rc;
	write_groups(in, &groups);
	/* $9 is the last there is (db.h), so that the tenth column follows. */
	rc = db_get_int(tx, id,
		"INSERT INTO invitation (hash, made_by, role, address, groups_joined, uses_left,"
		" created_at, expires_at, note, first_start)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) RETURNING id",
		db_str(hex), db_int(in->made_by), db_int(in->role), db_str(in->address),
		db_text(strbuf_slice(&groups)), db_int(in->uses_left), db_int(in->created_ms),
		db_int(in->expires_ms), db_str(in->note));
	strbuf_free(&groups);
	if (rc == 0 && in->first)
		rc = db_run(tx, "UPDATE invitation SET first_start = 1 WHERE id = $1", db_int(*id));
	return rc < 0 ? rc : 0;
}

int auth_store_find_invitation(
	struct db_tx *tx, const char *hex, int64_t now_ms, struct auth_invitation *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT " COLUMNS " FROM invitation WHERE hash = $1 AND " USABLE,
		db_str(hex), db_int(now_ms));

	if (rc < 0)
		return rc;
	read_row(&rows, out);
	return db_end(&rows);
}

int auth_store_take_invitation(
	struct db_tx *tx, const char *hex, int64_t now_ms, struct auth_invitation *out)
{
	INVARIANT(db_tx_writes(tx));
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"UPDATE invitation SET uses_left = uses_left - 1 WHERE hash = $1 AND " USABLE
		" RETURNING " COLUMNS,
		db_str(hex), db_int(now_ms));

	if (rc < 0)
		return rc;
	read_row(&rows, out);
	return db_end(&rows);
}

int auth_store_list_invitations(struct db_tx *tx, int64_t now_ms, int64_t before, int64_t limit,
	void (*each)(void *arg, const struct auth_invitation *in), void *arg)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " COLUMNS " FROM invitation WHERE id < $1 AND first_start = 0 AND " USABLE
		" ORDER BY id DESC LIMIT $3",
		db_int(before), db_int(now_ms), db_int(limit));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		struct auth_invitation in;

		read_row(&rows, &in);
		each(arg, &in);
	}
	return db_end(&rows);
}

int auth_store_delete_invitation(struct db_tx *tx, int64_t id)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM invitation WHERE id = $1 AND first_start = 0", db_int(id));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int auth_store_drop_invitations(struct db_tx *tx, int64_t made_by)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM invitation WHERE made_by = $1", db_int(made_by));

	INVARIANT(made_by > 0);
	return rc < 0 ? rc : 0;
}

int auth_invitations_forget(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM invitation WHERE made_by = $1 OR address = (SELECT address FROM"
		" account WHERE id = $1)",
		db_int(account));

	return rc < 0 ? rc : 0;
}

int auth_store_expire_invitations(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"DELETE FROM invitation WHERE uses_left <= 0 OR (expires_at > 0 AND expires_at <= "
		"$1)",
		db_int(now_ms));

	return rc < 0 ? rc : 0;
}

int auth_store_void_bootstrap(struct db_tx *tx)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM invitation WHERE first_start = 1");

	return rc < 0 ? rc : 0;
}
