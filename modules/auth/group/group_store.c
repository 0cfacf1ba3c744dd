/*
 * group_store.c: SQL on groups. Inside a db_fn, on a database thread.
 */
#include "account/resting.h"
#include "alias/alias.h"
#include "group/group.h"
#include "group/subscriber.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

const char auth_group_migration[] = "CREATE TABLE account_group ("
				    " id {id},"
				    " name TEXT NOT NULL UNIQUE,"
				    " title TEXT NOT NULL,"
				    " description TEXT NOT NULL,"
				    " open BIGINT NOT NULL,"
				    " quota BIGINT NOT NULL,"
				    " created_at BIGINT NOT NULL);"
				    "CREATE TABLE membership ("
				    " group_id BIGINT NOT NULL,"
				    " account BIGINT NOT NULL,"
				    " role BIGINT NOT NULL,"
				    " joined_at BIGINT NOT NULL,"
				    " PRIMARY KEY (group_id, account));"
				    "CREATE INDEX membership_account ON membership (account);";

/* 0: a command, or one made before this was noted. */
const char auth_group_maker_migration[] =
	"ALTER TABLE account_group ADD COLUMN made_by BIGINT NOT NULL DEFAULT 0;"
	"CREATE INDEX account_group_made_by ON account_group (made_by);"
	"CREATE INDEX group_invitation_made_by ON group_invitation (made_by);";

const char auth_group_posting_migration[] =
	"ALTER TABLE account_group ADD COLUMN posting BIGINT NOT NULL DEFAULT 0;";

const char auth_group_archive_migration[] =
	"ALTER TABLE account_group ADD COLUMN archive BIGINT NOT NULL DEFAULT 0;";

const char auth_group_prefix_migration[] =
	"ALTER TABLE account_group ADD COLUMN prefix TEXT NOT NULL DEFAULT '';";

#define GROUP_COLUMNS                                                                         \
	"g.id, g.name, g.title, g.description, g.open, g.quota, g.created_at, "               \
	"(SELECT count(*) FROM membership c WHERE c.group_id = g.id), g.posting, g.archive, " \
	"(SELECT count(*) FROM subscriber e WHERE e.group_id = g.id AND e.state > 0), g.prefix"

static void take(struct db_rows *rows, int column, char *out, size_t room)
{
	struct slice text = slice_head(db_col_text(rows, column), room - 1);

	if (text.n)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
}

static void read_group(struct db_rows *rows, struct group *out)
{
	out->id = db_col_int(rows, 0);
	take(rows, 1, out->name, sizeof(out->name));
	take(rows, 2, out->title, sizeof(out->title));
	take(rows, 3, out->description, sizeof(out->description));
	out->open = db_col_int(rows, 4) != 0;
	out->quota = db_col_int(rows, 5);
	out->created_ms = db_col_int(rows, 6);
	out->members = db_col_int(rows, 7);
	out->posting = (enum group_posting)db_col_int(rows, 8);
	out->archive = (enum group_archive)db_col_int(rows, 9);
	out->subscribers = db_col_int(rows, 10);
	take(rows, 11, out->prefix, sizeof(out->prefix));
	out->invited = GROUP_NOBODY;
}

int group_publish(
	struct db_tx *tx, int64_t id, const char *name, const char *change, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	INVARIANT(id > 0 && name[0] && change[0]);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "group", id);
	json_put_str(&w, "name", name);
	json_put_str(&w, "change", change);
	if (account)
		json_put_i64(&w, "account", account);
	json_close_object(&w);
	snprintf(key, sizeof(key), "%lld", (long long)id);
	rc = bus_publish(tx, "auth.group.changed", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

/* Whether an account has this local part, at any domain. */
static int account_has_name(struct db_tx *tx, const char *name, bool *has)
{
	char head[GROUP_NAME_MAX + 2];
	int64_t n = 0;
	int rc;

	snprintf(head, sizeof(head), "%s@", name);
	rc = db_get_int(tx, &n,
		"SELECT count(*) FROM account WHERE substr(address, 1, length($1)) = $1",
		db_str(head));
	*has = n > 0;
	return rc;
}

int group_has_name(struct db_tx *tx, const char *address, bool *has)
{
	struct slice rest = slice_str(address);
	int64_t n = 0;
	int rc = db_get_int(tx, &n, "SELECT count(*) FROM account_group WHERE name = $1",
		db_text(slice_split(&rest, '@')));

	*has = n > 0;
	return rc;
}

int group_may_make(struct db_tx *tx, int64_t account, int64_t most, int64_t now_ms)
{
	int64_t there = 0, today = 0;
	int rc = db_get_int(tx, &there, "SELECT count(*) FROM account_group WHERE made_by = $1",
		db_int(account));

	INVARIANT(account > 0 && most > 0);
	if (rc == 0)
		rc = db_get_int(tx, &today,
			"SELECT count(*) FROM event WHERE account = $1 AND kind = 'group.made'"
			" AND at > $2",
			db_int(account), db_int(now_ms - DAY_MS));
	if (rc < 0)
		return rc;
	return there >= most || today >= most ? HEARTH_EBUSY : 0;
}

int group_add(struct db_tx *tx, const struct group *g, int64_t now_ms, int64_t *id)
{
	INVARIANT(db_tx_writes(tx));
	bool taken = false, rests = false;
	int64_t count = 0;
	int rc = db_get_int(tx, &count, "SELECT count(*) FROM account_group");

	if (rc < 0 || count >= GROUPS_MAX)
		return rc < 0 ? rc : HEARTH_ETOOBIG;
	rc = account_has_name(tx, g->name, &taken);
	if (rc == 0 && !taken)
		rc = alias_has_name(tx, g->name, &taken);
	if (rc < 0 || taken)
		return rc < 0 ? rc : HEARTH_EEXIST;
	rc = resting_has_group(tx, g->name, now_ms, &rests);
	if (rc < 0 || rests)
		return rc < 0 ? rc : HEARTH_ECONFLICT;
	rc = db_get_int(tx, id,
		"INSERT INTO account_group (name, title, description, open, quota, created_at,"
		" made_by, posting, archive, prefix) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		"$10)"
		" ON CONFLICT (name) DO NOTHING RETURNING id",
		db_str(g->name), db_str(g->title), db_str(g->description), db_int(g->open),
		db_int(g->quota), db_int(now_ms), db_int(g->made_by), db_int(g->posting),
		db_int(g->archive), db_str(g->prefix));
	if (rc == HEARTH_ENOTFOUND)
		return HEARTH_EEXIST;
	return rc < 0 ? rc : group_publish(tx, *id, g->name, "added", 0);
}

int group_get(struct db_tx *tx, int64_t id, struct group *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT " GROUP_COLUMNS " FROM account_group g WHERE g.id = $1",
		db_int(id));

	if (rc < 0)
		return rc;
	read_group(&rows, out);
	return db_end(&rows);
}

int group_find(struct db_tx *tx, const char *name, struct group *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " GROUP_COLUMNS " FROM account_group g WHERE g.name = $1", db_str(name));

	if (rc < 0)
		return rc;
	read_group(&rows, out);
	return db_end(&rows);
}

int group_set(struct db_tx *tx, const struct group *g)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE account_group SET title = $2, description = $3, open = $4, quota = $5, "
		"posting = $6, archive = $7, prefix = $8 WHERE id = $1",
		db_int(g->id), db_str(g->title), db_str(g->description), db_int(g->open),
		db_int(g->quota), db_int(g->posting), db_int(g->archive), db_str(g->prefix));

	if (rc == 0)
		return HEARTH_ENOTFOUND;
	return rc < 0 ? rc : group_publish(tx, g->id, g->name, "changed", 0);
}

int group_delete(struct db_tx *tx, int64_t id, int64_t now_ms, int64_t rest_ms)
{
	INVARIANT(db_tx_writes(tx));
	struct group g;
	int rc = group_get(tx, id, &g);

	INVARIANT(rest_ms >= 0);
	if (rc == 0 && rest_ms > 0)
		rc = resting_add_group(tx, g.name, now_ms + rest_ms);
	if (rc == 0)
		rc = alias_forget_group(tx, g.name, now_ms, rest_ms);
	if (rc == 0)
		rc = group_drop_invitations(tx, id);
	if (rc >= 0)
		rc = subscriber_drop_group(tx, id);
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM membership WHERE group_id = $1", db_int(id));
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM account_group WHERE id = $1", db_int(id));
	return rc < 0 ? rc : group_publish(tx, id, g.name, "deleted", 0);
}

static enum group_role role_at(struct db_rows *rows, int column)
{
	return db_col_is_null(rows, column) ? GROUP_NOBODY
					    : (enum group_role)db_col_int(rows, column);
}

int group_list(struct db_tx *tx, int64_t account, bool all,
	void (*each)(void *arg, const struct group *g, enum group_role role), void *arg)
{
	struct group g;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " GROUP_COLUMNS ", m.role, i.role FROM account_group g"
		" LEFT JOIN membership m ON m.group_id = g.id AND m.account = $1"
		" LEFT JOIN group_invitation i ON i.group_id = g.id AND i.account = $1"
		" WHERE $2 = 1 OR g.open = 1 OR m.role IS NOT NULL OR i.role IS NOT NULL"
		" ORDER BY g.name",
		db_int(account), db_int(all));

	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0) {
		read_group(&rows, &g);
		g.invited = role_at(&rows, 13);
		each(arg, &g, role_at(&rows, 12));
	}
	return db_end(&rows);
}
