/*
 * store/mailbox.c: mailboxes (store.h).
 *
 * Names are paths with "/" between the levels. A level's mailbox may be deleted while its inferiors
 * stay; clients then see \NonExistent or simply a gap.
 */
#include "store/internal.h"

#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"
#include "hearth/text.h"

#define MAILBOXES_MAX 5000 /* of one account */
#define LEVELS_MAX    32

#define MAILBOX_COLUMNS                                                                \
	"m.id, m.account, m.name, m.uidvalidity, m.uidnext, m.modseq, m.special_use, " \
	"m.recent_uid,"                                                                \
	" EXISTS (SELECT 1 FROM subscription s WHERE s.account = m.account AND s.name = m.name)"

static void read_mailbox(struct db_rows *rows, struct mailbox *out)
{
	struct slice name = slice_head(db_col_text(rows, 2), MAIL_NAME_MAX);

	*out = (struct mailbox){ .id = db_col_int(rows, 0),
		.account = db_col_int(rows, 1),
		.uidvalidity = (uint32_t)db_col_int(rows, 3),
		.uidnext = (uint32_t)db_col_int(rows, 4),
		.modseq = db_col_int(rows, 5),
		.use = (unsigned)db_col_int(rows, 6),
		.recent_uid = (uint32_t)db_col_int(rows, 7),
		.subscribed = db_col_int(rows, 8) != 0 };
	memcpy(out->name, name.p, name.n);
}

static int read_one(struct db_rows *rows, struct mailbox *out)
{
	int rc = db_next(rows);

	if (rc > 0)
		read_mailbox(rows, out);
	db_end(rows);
	return rc > 0 ? 0 : rc == 0 ? HEARTH_ENOTFOUND : rc;
}

struct slice mail_name_canonical(struct slice name)
{
	return slice_ieq(name, SLICE("INBOX")) ? SLICE("INBOX") : name;
}

int mail_store_mailbox(struct db_tx *tx, int64_t account, struct slice name, struct mailbox *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.account = $1 AND m.name = $2",
		db_int(account), db_text(mail_name_canonical(name)));

	return rc < 0 ? rc : read_one(&rows, out);
}

int mail_store_mailbox_by_use(struct db_tx *tx, int64_t account, unsigned use, struct mailbox *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " MAILBOX_COLUMNS
		" FROM mailbox m WHERE m.account = $1 AND m.special_use = $2 ORDER BY m.id",
		db_int(account), db_int(use));

	return rc < 0 ? rc : read_one(&rows, out);
}

int mail_store_mailbox_by_id(struct db_tx *tx, int64_t id, struct mailbox *out)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.id = $1 AND m.deleted = 0",
		db_int(id));

	return rc < 0 ? rc : read_one(&rows, out);
}

int mail_store_mailboxes(struct db_tx *tx, int64_t account,
	int (*each)(void *arg, const struct mailbox *box), void *arg)
{
	struct db_rows rows;
	struct mailbox box;
	int stop = 0;
	int rc = db_query(tx, &rows,
		"SELECT " MAILBOX_COLUMNS " FROM mailbox m WHERE m.account = $1 AND m.deleted = 0"
		" ORDER BY CASE WHEN m.name = 'INBOX' THEN 0 ELSE 1 END, m.name",
		db_int(account));

	if (rc < 0)
		return rc;
	while (stop == 0 && db_next(&rows) > 0) {
		read_mailbox(&rows, &box);
		stop = each(arg, &box);
	}
	rc = db_end(&rows);
	return stop ? stop : rc;
}

/* ---- creating ---- */

/* A number that no mailbox of this account ever had as UIDVALIDITY, growing with time. */
static int next_uidvalidity(struct db_tx *tx, int64_t account, int64_t *out)
{
	return db_get_int(tx, out,
		"INSERT INTO account_state (account, uidvalidity) VALUES ($1, $2)"
		" ON CONFLICT (account) DO UPDATE SET uidvalidity = CASE"
		" WHEN account_state.uidvalidity >= $2 THEN account_state.uidvalidity + 1 ELSE $2 "
		"END"
		" RETURNING uidvalidity",
		db_int(account), db_int(clock_wall_s()));
}

static int insert_mailbox(struct db_tx *tx, int64_t account, struct slice name, unsigned use)
{
	int64_t uidvalidity;
	int rc = mail_store_is_erased(tx, account);

	if (rc == 0)
		rc = next_uidvalidity(tx, account, &uidvalidity);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO mailbox (account, name, uidvalidity, uidnext, modseq, "
			"special_use, recent_uid)"
			" VALUES ($1, $2, $3, 1, 1, $4, 1) ON CONFLICT (account, name) DO NOTHING",
			db_int(account), db_text(name), db_int(uidvalidity), db_int(use));
	return rc == 0 ? HEARTH_EEXIST : rc < 0 ? rc : 0;
}

int mail_store_ensure(struct db_tx *tx, int64_t account)
{
	static const struct {
		const char *name;
		unsigned use;
	} usual[] = {
		{ "INBOX", 0 },
		{ "Archive", MAIL_USE_ARCHIVE },
		{ "Drafts", MAIL_USE_DRAFTS },
		{ "Junk", MAIL_USE_JUNK },
		{ "Sent", MAIL_USE_SENT },
		{ "Trash", MAIL_USE_TRASH },
	};
	struct mailbox inbox;
	int rc = mail_store_mailbox(tx, account, SLICE("INBOX"), &inbox);

	if (rc != HEARTH_ENOTFOUND || !db_tx_writes(tx))
		return rc;
	rc = 0;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && rc == 0; i++) {
		struct slice name = slice_str(usual[i].name);

		rc = insert_mailbox(tx, account, name, usual[i].use);
		if (rc == 0)
			rc = mail_store_subscribe(tx, account, name, true);
	}
	return rc;
}

bool mail_name_is_good(struct slice name)
{
	int levels = 0;

	if (name.n == 0 || name.n > MAIL_NAME_MAX || !utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
			return false;
	for (struct slice rest = name; rest.p; levels++)
		if (slice_split(&rest, '/').n == 0)
			return false;
	return levels <= LEVELS_MAX;
}

static int count_is_below_max(struct db_tx *tx, int64_t account)
{
	int64_t n = 0;
	int rc = db_get_int(
		tx, &n, "SELECT count(*) FROM mailbox WHERE account = $1", db_int(account));

	return rc < 0 ? rc : n >= MAILBOXES_MAX ? HEARTH_EBUSY : 0;
}

/* "INBOX" as the first level is INBOX whatever its case: "inbox/x" is below INBOX. */
static struct slice canonical_path(struct slice name, char room[MAIL_NAME_MAX + 1])
{
	if (name.n <= MAIL_NAME_MAX &&
		(slice_ieq(name, SLICE("INBOX")) || slice_istarts(name, SLICE("INBOX/")))) {
		memcpy(room, name.p, name.n);
		for (size_t i = 0; i < 5; i++)
			room[i] = "INBOX"[i];
		return slice_of(room, name.n);
	}
	return name;
}

static int create_superiors(struct db_tx *tx, int64_t account, struct slice name)
{
	int rc = 0;

	for (size_t i = 0; i < name.n && rc == 0; i++)
		if (name.p[i] == '/') {
			rc = insert_mailbox(tx, account, slice_head(name, i), 0);
			if (rc == HEARTH_EEXIST)
				rc = 0;
		}
	return rc;
}

int mail_store_create(struct db_tx *tx, int64_t account, struct slice name, unsigned use)
{
	char room[MAIL_NAME_MAX + 1];
	int rc;

	INVARIANT(db_tx_writes(tx));
	INVARIANT(account > 0);
	/*
	 * A client may mark with a delimiter at the end that inferiors will follow (section 6.3.3).
	 */
	if (name.n > 0 && name.p[name.n - 1] == '/')
		name = slice_head(name, name.n - 1);
	if (!mail_name_is_good(name))
		return HEARTH_EINVAL;
	name = canonical_path(name, room);
	rc = count_is_below_max(tx, account);
	if (rc == 0)
		rc = create_superiors(tx, account, name);
	return rc < 0 ? rc : insert_mailbox(tx, account, name, use);
}

/* ---- deleting and renaming ---- */

#define DELETED_AT_ONCE 100 /* messages: of more the rest goes by and by */

static int delete_mailbox(struct db_tx *tx, int64_t mailbox)
{
	int rc = db_run(tx, "DELETE FROM expunged WHERE mailbox = $1", db_int(mailbox));

	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM mailbox WHERE id = $1", db_int(mailbox));
	return rc < 0 ? rc : 0;
}

/* Nobody sees it any more, under a name that nobody can give; the queue empties it. */
static int hide_mailbox(struct db_tx *tx, int64_t mailbox)
{
	char key[24];
	int rc;

	snprintf(key, sizeof(key), "\x01%lld", (long long)mailbox);
	rc = db_run(tx, "UPDATE mailbox SET name = $2, special_use = 0, deleted = 1 WHERE id = $1",
		db_int(mailbox), db_str(key));
	if (rc >= 0)
		rc = queue_push(
			tx, MAIL_QUEUE_EMPTY, slice_str(key + 1), (struct slice){ 0 }, 0, 0);
	return rc < 0 ? rc : 0;
}

int mail_store_delete(struct db_tx *tx, int64_t account, struct slice name)
{
	struct mailbox box;
	bool done = false;
	int rc;

	INVARIANT(db_tx_writes(tx));
	if (slice_ieq(name, SLICE("INBOX")))
		return HEARTH_EDENIED;
	rc = mail_store_mailbox(tx, account, name, &box);
	if (rc == 0)
		rc = mail_store_delete_some(tx, box.id, DELETED_AT_ONCE, &done);
	return rc < 0 || done ? rc : hide_mailbox(tx, box.id);
}

int mail_store_delete_some(struct db_tx *tx, int64_t mailbox, size_t max, bool *done)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(max > 0);
	struct arena *a = arena_new();
	int64_t modseq = 0;
	uint32_t *uids = NULL;
	size_t n = 0;
	int rc = mail_store_first_uids(tx, mailbox, max, a, &uids, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = mail_store_expunge(tx, mailbox, uids[i], &modseq);
	arena_free(&a);
	*done = rc == 0 && n < max;
	return *done ? delete_mailbox(tx, mailbox) : rc;
}

/*
 * UIDs and UIDVALIDITY stay: no other mailbox of the account ever had that number, under whichever
 * name, so clients go on with what they know.
 */
static int rename_one(struct db_tx *tx, int64_t id, struct slice to)
{
	int rc = db_run(tx, "UPDATE mailbox SET name = $2 WHERE id = $1", db_int(id), db_text(to));

	return rc < 0 ? rc : 0;
}

/* Mailboxes below `from`, collected first, since they are changed one by one. */
struct inferiors {
	struct arena *a;
	struct slice prefix;
	struct inferior {
		int64_t id;
		struct slice rest; /* behind the prefix */
		struct inferior *next;
	} * first;
};

static int collect_inferior(void *arg, const struct mailbox *box)
{
	struct inferiors *in = arg;
	struct slice name = slice_str(box->name);
	struct inferior *one;

	if (!slice_starts(name, in->prefix))
		return 0;
	one = ARENA_NEW(in->a, struct inferior);
	one->id = box->id;
	one->rest = arena_slice(in->a, slice_skip(name, in->prefix.n));
	one->next = in->first;
	in->first = one;
	return 0;
}

static int rename_inferiors(struct db_tx *tx, int64_t account, struct slice from, struct slice to)
{
	struct inferiors in = { .a = arena_new() };
	int rc;

	in.prefix = slice_str(arena_printf(in.a, "%.*s/", SLICE_ARG(from)));
	rc = mail_store_mailboxes(tx, account, collect_inferior, &in);
	for (const struct inferior *one = in.first; one && rc == 0; one = one->next) {
		const char *name =
			arena_printf(in.a, "%.*s/%.*s", SLICE_ARG(to), SLICE_ARG(one->rest));

		rc = strlen(name) > MAIL_NAME_MAX ? HEARTH_EINVAL
						  : rename_one(tx, one->id, slice_str(name));
	}
	arena_free(&in.a);
	return rc;
}

/* Renaming INBOX moves its messages away and leaves it empty (RFC 3501 section 6.3.5). */
static int move_inbox(
	struct db_tx *tx, int64_t account, const struct mailbox *inbox, struct slice to, bool *done)
{
	int rc = mail_store_create(tx, account, to, 0);

	return rc < 0 ? rc : mail_store_move_inbox(tx, account, to, inbox->uidnext, done);
}

int mail_store_move_inbox(
	struct db_tx *tx, int64_t account, struct slice to, uint32_t below, bool *done)
{
	INVARIANT(db_tx_writes(tx));
	struct arena *a = arena_new();
	char room[MAIL_NAME_MAX + 1];
	struct mailbox inbox, box;
	int64_t modseq = 0;
	uint32_t *uids = NULL, new_uid;
	size_t n = 0, moved = 0;
	int rc = mail_store_mailbox(tx, account, SLICE("INBOX"), &inbox);

	if (rc == 0)
		rc = mail_store_mailbox(tx, account, canonical_path(to, room), &box);
	if (rc == 0)
		rc = mail_store_first_uids(tx, inbox.id, MAIL_BULK_MAX, a, &uids, &n);
	for (; moved < n && uids[moved] < below && rc == 0; moved++)
		rc = mail_store_move(tx, inbox.id, uids[moved], &box, &modseq, &new_uid);
	arena_free(&a);
	*done = moved < MAIL_BULK_MAX;
	return rc;
}

int mail_store_rename(
	struct db_tx *tx, int64_t account, struct slice from, struct slice to, bool *done)
{
	char room[MAIL_NAME_MAX + 1];
	struct mailbox box, other;
	int rc;

	INVARIANT(db_tx_writes(tx));
	*done = true;
	if (!mail_name_is_good(to))
		return HEARTH_EINVAL;
	to = canonical_path(to, room);
	from = mail_name_canonical(from);
	if (mail_store_mailbox(tx, account, to, &other) == 0)
		return HEARTH_EEXIST;
	rc = mail_store_mailbox(tx, account, from, &box);
	if (rc < 0)
		return rc;
	if (slice_eq(from, SLICE("INBOX")))
		return move_inbox(tx, account, &box, to, done);
	/* A mailbox cannot go below itself. */
	if (to.n > from.n && slice_starts(to, from) && to.p[from.n] == '/')
		return HEARTH_EINVAL;
	rc = create_superiors(tx, account, to);
	if (rc == 0)
		rc = rename_one(tx, box.id, to);
	return rc == 0 ? rename_inferiors(tx, account, from, to) : rc;
}
