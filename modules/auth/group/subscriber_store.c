/*
 * group/subscriber_store.c: SQL on members elsewhere (subscriber.h). Inside a db_fn, on a database thread. A
 * group's are found by index; `subscriber_asked` has a row an hour for each who asks and each who is asked,
 * `subscriber_letters` one for each whom a group has asked, until they answer.
 */
#include "group/subscriber.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define HOUR_MS     INT64_C(3600000)
#define DAY_MS      (24 * HOUR_MS)
#define LETTERS_MS  (60 * DAY_MS) /* how long it is remembered that somebody did not answer */
#define MAILBOX_KEY 280

/* `score` and what follows is of bounces: half points, the day of the last one and what it weighed. */
const char auth_subscriber_migration[] =
	"CREATE TABLE subscriber ("
	" id {id},"
	" group_id BIGINT NOT NULL,"
	" address TEXT NOT NULL,"
	" state BIGINT NOT NULL," /* enum subscriber_state */
	" since_ms BIGINT NOT NULL,"
	" made_by BIGINT NOT NULL," /* an account; 0: a command */
	" hash TEXT NOT NULL,"      /* SHA-256 of what the last link has; '' once it was used */
	" asked_ms BIGINT NOT NULL,"
	" score BIGINT NOT NULL DEFAULT 0,"
	" bounced_day BIGINT NOT NULL DEFAULT 0,"
	" bounced_weight BIGINT NOT NULL DEFAULT 0,"
	" told BIGINT NOT NULL DEFAULT 1);" /* the owners know that it is paused */
	"CREATE UNIQUE INDEX subscriber_address ON subscriber (group_id, lower(address));"
	"CREATE INDEX subscriber_hash ON subscriber (hash) WHERE hash <> '';"
	"CREATE INDEX subscriber_invited ON subscriber (asked_ms) WHERE state = 0;"
	"CREATE INDEX subscriber_made_by ON subscriber (made_by);"
	"CREATE TABLE subscriber_asked ("
	" key TEXT NOT NULL,"
	" hour BIGINT NOT NULL,"
	" times BIGINT NOT NULL,"
	" PRIMARY KEY (key, hour));"
	"CREATE INDEX subscriber_asked_hour ON subscriber_asked (hour);";

/* Letters that nobody has said yes to: of a group, to a mailbox (write_mailbox). */
const char auth_subscriber_letters_migration[] =
	"CREATE TABLE subscriber_letters ("
	" group_id BIGINT NOT NULL,"
	" mailbox TEXT NOT NULL,"
	" letters BIGINT NOT NULL,"
	" last_ms BIGINT NOT NULL,"
	" PRIMARY KEY (group_id, mailbox));"
	"CREATE INDEX subscriber_letters_last ON subscriber_letters (last_ms);";

/* Who wants no invitations from here: SHA-256 of their mailbox, so that it says to nobody whose. */
const char auth_subscriber_refused_migration[] = "CREATE TABLE subscriber_refused (mailbox TEXT "
						 "NOT NULL PRIMARY KEY, at_ms BIGINT NOT NULL);";

#define COLUMNS "id, group_id, address, state, since_ms"

static void read_row(struct db_rows *rows, struct subscriber *out)
{
	*out = (struct subscriber){ .id = db_col_int(rows, 0),
		.group = db_col_int(rows, 1),
		.state = (enum subscriber_state)db_col_int(rows, 3),
		.since_ms = db_col_int(rows, 4) };
	snprintf(out->address, sizeof(out->address), "%.*s", SLICE_ARG(db_col_text(rows, 2)));
}

const char *subscriber_state_name(enum subscriber_state state)
{
	static const char *const names[] = { "invited", "member", "paused" };

	return names[state];
}

/* ---- asking ---- */

static int count_asked(struct db_tx *tx, const char *key, int64_t now_ms, int64_t most)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"INSERT INTO subscriber_asked (key, hour, times) VALUES ($1, $2, 1)"
		" ON CONFLICT (key, hour) DO UPDATE SET times = subscriber_asked.times + 1"
		" RETURNING times",
		db_str(key), db_int(now_ms / HOUR_MS));

	return rc < 0 ? rc : n > most ? HEARTH_EBUSY : 0;
}

/* Whose address it is, in whatever case and with whatever subaddress. */
static void write_mailbox(const char *address, char out[MAILBOX_KEY])
{
	struct slice domain = slice_str(address), local = slice_split(&domain, '@');

	local = slice_split(&local, '+');
	snprintf(out, MAILBOX_KEY, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain));
	for (char *c = out; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

/* Who does not answer two is asked again by this group in a day, then once a week. */
static int count_letter(struct db_tx *tx, int64_t group, const char *mailbox, int64_t now_ms)
{
	int64_t letters = 0, last_ms = 0;
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT letters, last_ms FROM subscriber_letters WHERE group_id = $1 AND mailbox = "
		"$2",
		db_int(group), db_str(mailbox));

	if (rc == 0) {
		letters = db_col_int(&rows, 0);
		last_ms = db_col_int(&rows, 1);
		rc = db_end(&rows);
	}
	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	if (letters >= SUBSCRIBER_LETTERS &&
		now_ms - last_ms < (letters == SUBSCRIBER_LETTERS ? DAY_MS : 7 * DAY_MS))
		return HEARTH_EBUSY;
	rc = db_run(tx,
		"INSERT INTO subscriber_letters (group_id, mailbox, letters, last_ms)"
		" VALUES ($1, $2, 1, $3) ON CONFLICT (group_id, mailbox) DO UPDATE SET"
		" letters = subscriber_letters.letters + 1, last_ms = $3",
		db_int(group), db_str(mailbox), db_int(now_ms));
	return rc < 0 ? rc : 0;
}

static int forget_letters(struct db_tx *tx, int64_t group, const char *address)
{
	char mailbox[MAILBOX_KEY];
	int rc;

	write_mailbox(address, mailbox);
	rc = db_run(tx, "DELETE FROM subscriber_letters WHERE group_id = $1 AND mailbox = $2",
		db_int(group), db_str(mailbox));
	return rc < 0 ? rc : 0;
}

static int has_refused(struct db_tx *tx, const char *mailbox)
{
	char hex[AUTH_TOKEN_HEX];
	int64_t n = 0;
	int rc;

	auth_token_hash(slice_str(mailbox), hex);
	rc = db_get_int(
		tx, &n, "SELECT count(*) FROM subscriber_refused WHERE mailbox = $1", db_str(hex));
	return rc < 0 ? rc : n > 0 ? HEARTH_ECONFLICT : 0;
}

/* A command sends no letter. */
static int may_ask(struct db_tx *tx, const struct subscriber *s, int64_t by, int64_t now_ms)
{
	char key[24], mailbox[MAILBOX_KEY], of[MAILBOX_KEY + 4];
	int rc;

	if (!by)
		return 0;
	write_mailbox(s->address, mailbox);
	snprintf(key, sizeof(key), "by %lld", (long long)by);
	snprintf(of, sizeof(of), "of %s", mailbox);
	rc = has_refused(tx, mailbox);
	if (rc == 0)
		rc = count_asked(tx, key, now_ms, SUBSCRIBER_ASKS_BY);
	if (rc == 0)
		rc = count_asked(tx, of, now_ms, SUBSCRIBER_ASKS_OF);
	return rc < 0 ? rc : count_letter(tx, s->group, mailbox, now_ms);
}

int subscriber_count(struct db_tx *tx, int64_t group, const char *but, int64_t *n)
{
	return db_get_int(tx, n,
		"SELECT count(*) FROM subscriber WHERE group_id = $1 AND lower(address) <> "
		"lower($2)",
		db_int(group), db_str(but));
}

int subscriber_invite(struct db_tx *tx, struct subscriber *s, int64_t by,
	const char hash[AUTH_TOKEN_HEX], int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx) && s->group > 0 && s->address[0]);
	struct subscriber old = { 0 };
	struct group g;
	int64_t others = 0;
	int rc = group_get(tx, s->group, &g);

	if (rc < 0)
		return rc;
	rc = subscriber_find(tx, s->group, s->address, &old);
	if (rc == 0 && old.state != SUBSCRIBER_INVITED)
		return HEARTH_EEXIST;
	if (rc == 0 || rc == HEARTH_ENOTFOUND)
		rc = subscriber_count(tx, s->group, s->address, &others);
	if (rc == 0 && g.members + others >= GROUP_MEMBERS_MAX)
		rc = HEARTH_ETOOBIG;
	if (rc == 0)
		rc = may_ask(tx, s, by, now_ms);
	if (rc < 0)
		return rc;
	s->state = SUBSCRIBER_INVITED;
	s->since_ms = now_ms;
	if (old.id)
		return db_get_int(tx, &s->id,
			"UPDATE subscriber SET since_ms = $2, made_by = $3, hash = $4, asked_ms = "
			"$2"
			" WHERE id = $1 RETURNING id",
			db_int(old.id), db_int(now_ms), db_int(by), db_str(hash));
	return db_get_int(tx, &s->id,
		"INSERT INTO subscriber (group_id, address, state, since_ms, made_by, hash, "
		"asked_ms)"
		" VALUES ($1, $2, $3, $4, $5, $6, $4) RETURNING id",
		db_int(s->group), db_str(s->address), db_int(SUBSCRIBER_INVITED), db_int(now_ms),
		db_int(by), db_str(hash));
}

/* ---- the answer ---- */

int subscriber_confirm(
	struct db_tx *tx, const char hash[AUTH_TOKEN_HEX], int64_t now_ms, struct group *group)
{
	INVARIANT(db_tx_writes(tx) && hash[0]);
	int64_t id = 0, id_group = 0, state = 0, others = 0;
	char address[256];
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT id, group_id, state, address FROM subscriber WHERE hash = $1 AND asked_ms "
		"> $2",
		db_str(hash), db_int(now_ms - SUBSCRIBER_INVITED_MS));

	if (rc < 0)
		return rc;
	id = db_col_int(&rows, 0);
	id_group = db_col_int(&rows, 1);
	state = db_col_int(&rows, 2);
	snprintf(address, sizeof(address), "%.*s", SLICE_ARG(db_col_text(&rows, 3)));
	rc = db_end(&rows);
	if (rc == 0)
		rc = group_get(tx, id_group, group);
	if (rc == 0)
		rc = subscriber_count(tx, id_group, "", &others);
	/* Others may have joined since it was asked, which counted it. */
	if (rc == 0 && state == SUBSCRIBER_INVITED && group->members + others > GROUP_MEMBERS_MAX)
		rc = HEARTH_ETOOBIG;
	if (rc == 0)
		rc = db_run(tx,
			"UPDATE subscriber SET state = $2, since_ms = $3, hash = '', score = 0,"
			" bounced_weight = 0, told = 1 WHERE id = $1",
			db_int(id), db_int(SUBSCRIBER_MEMBER), db_int(now_ms));
	return rc < 0 ? rc : forget_letters(tx, id_group, address);
}

int subscriber_refuse(struct db_tx *tx, const char hash[AUTH_TOKEN_HEX], int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx) && hash[0]);
	char mailbox[MAILBOX_KEY], hex[AUTH_TOKEN_HEX], address[256];
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT address FROM subscriber WHERE hash = $1 AND state = $2",
		db_str(hash), db_int(SUBSCRIBER_INVITED));

	if (rc < 0)
		return rc;
	snprintf(address, sizeof(address), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	rc = db_end(&rows);
	if (rc < 0)
		return rc;
	write_mailbox(address, mailbox);
	auth_token_hash(slice_str(mailbox), hex);
	rc = db_run(tx,
		"INSERT INTO subscriber_refused (mailbox, at_ms) VALUES ($1, $2)"
		" ON CONFLICT (mailbox) DO NOTHING",
		db_str(hex), db_int(now_ms));
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM subscriber WHERE hash = $1", db_str(hash));
	return rc < 0 ? rc : 0;
}

/* ---- who there is ---- */

int subscriber_get(struct db_tx *tx, int64_t group, int64_t id, struct subscriber *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " COLUMNS " FROM subscriber WHERE id = $1 AND group_id = $2", db_int(id),
		db_int(group));

	if (rc < 0)
		return rc;
	read_row(&rows, out);
	return db_end(&rows);
}

int subscriber_find(struct db_tx *tx, int64_t group, const char *address, struct subscriber *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT " COLUMNS " FROM subscriber WHERE group_id = $1 AND lower(address) = "
		"lower($2)",
		db_int(group), db_str(address));

	if (rc < 0)
		return rc;
	read_row(&rows, out);
	return db_end(&rows);
}

int subscriber_each(struct db_tx *tx, int64_t group, bool members, subscriber_fn *each, void *arg)
{
	struct subscriber s;
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " COLUMNS " FROM subscriber WHERE group_id = $1 AND ($2 = 0 OR state = $3)"
		" ORDER BY address LIMIT $4",
		db_int(group), db_int(members), db_int(SUBSCRIBER_MEMBER),
		db_int(GROUP_MEMBERS_MAX));

	if (rc < 0)
		return rc;
	while (rc == 0 && db_next(&rows) > 0) {
		read_row(&rows, &s);
		rc = each(arg, &s);
	}
	return rc < 0 ? db_end(&rows), rc : db_end(&rows);
}

/* ---- who goes ---- */

int subscriber_remove(struct db_tx *tx, int64_t group, int64_t id)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM subscriber WHERE id = $1 AND group_id = $2", db_int(id),
		db_int(group));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

int subscriber_drop_group(struct db_tx *tx, int64_t group)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM subscriber WHERE group_id = $1", db_int(group));

	if (rc >= 0)
		rc = db_run(
			tx, "DELETE FROM subscriber_letters WHERE group_id = $1", db_int(group));
	return rc < 0 ? rc : 0;
}

int subscriber_forget_account(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx));
	int rc =
		db_run(tx, "UPDATE subscriber SET made_by = 0 WHERE made_by = $1", db_int(account));

	return rc < 0 ? rc : 0;
}

int subscriber_expire(struct db_tx *tx, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "DELETE FROM subscriber WHERE state = 0 AND asked_ms <= $1",
		db_int(now_ms - SUBSCRIBER_INVITED_MS));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM subscriber_asked WHERE hour < $1",
			db_int(now_ms / HOUR_MS - 24));
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM subscriber_letters WHERE last_ms < $1",
			db_int(now_ms - LETTERS_MS));
	return rc < 0 ? rc : 0;
}
