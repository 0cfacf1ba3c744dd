/*
 * store/archive.c: SQL on archives of groups (archive.h). On a database thread. A mail that is kept costs some ten
 * statements by key, and ANSWERS_MAX look-ups of what it answers.
 */
#include "store/archive.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "store/internal.h"

#define ANSWERS_MAX 20 /* message ids that a thread is looked for by, the nearest first */

struct slice mail_archive_name(struct slice blob_key)
{
	ptrdiff_t scope = slice_chr(blob_key, '/');

	return slice_skip(blob_key, (size_t)(scope + 1));
}

/* ---- threads ---- */

static int thread_of_id(
	struct db_tx *tx, int64_t account, struct slice msgid, struct arena *a, struct slice *out)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT thread FROM archived WHERE account = $1 AND msgid = $2"
		" ORDER BY content LIMIT 1",
		db_int(account), db_text(msgid));

	if (rc < 0)
		return rc;
	*out = arena_slice(a, db_col_text(&rows, 0));
	return db_end(&rows);
}

/* The last id of a list, which loses it. */
static struct slice last_id(struct slice *list)
{
	size_t at = list->n;
	struct slice id;

	while (at > 0 && list->p[at - 1] != ' ')
		at--;
	id = slice_skip(*list, at);
	*list = slice_head(*list, at > 0 ? at - 1 : 0);
	return id;
}

/*
 * That of the nearest mail it answers that is here; else the id that the thread begins with, whether or not that is
 * here; without one it begins a thread.
 */
static int find_thread(struct db_tx *tx, int64_t account, const struct mail_content *c,
	struct slice name, struct arena *a, struct slice *out)
{
	struct slice left = c->answers, first = c->answers;
	int rc = HEARTH_ENOTFOUND;

	for (int i = 0; i < ANSWERS_MAX && left.n > 0 && rc == HEARTH_ENOTFOUND; i++)
		rc = thread_of_id(tx, account, last_id(&left), a, out);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	*out = first.n > 0 ? slice_split(&first, ' ') : c->msgid.n > 0 ? c->msgid : name;
	return 0;
}

/* ---- keeping one ---- */

static int open_archive(struct db_tx *tx, int64_t account, struct mailbox *box)
{
	int rc = mail_store_mailbox(tx, account, SLICE(MAIL_ARCHIVE_MAILBOX), box);

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_create(tx, account, SLICE(MAIL_ARCHIVE_MAILBOX), 0);
	return rc < 0 ? rc : mail_store_mailbox(tx, account, SLICE(MAIL_ARCHIVE_MAILBOX), box);
}

/* What was cleared goes by and by (mailbox_delete.c): it is not here any more. */
static int has(struct db_tx *tx, int64_t account, struct slice name)
{
	int64_t n = 0;
	int rc = db_get_int(tx, &n,
		"SELECT count(*) FROM archived a JOIN message m ON m.content = a.content"
		" JOIN mailbox b ON b.id = m.mailbox AND b.deleted = 0"
		" WHERE a.account = $1 AND a.name = $2",
		db_int(account), db_text(name));

	return rc < 0 ? rc : n > 0 ? HEARTH_EEXIST : 0;
}

static int note(struct db_tx *tx, int64_t account, int64_t message, struct slice name,
	struct slice msgid, struct slice thread)
{
	int rc = db_run(tx,
		"INSERT INTO archived (content, account, name, msgid, thread)"
		" SELECT content, $2, $3, $4, $5 FROM message WHERE id = $1",
		db_int(message), db_int(account), db_text(name), db_text(msgid), db_text(thread));

	return rc < 0 ? rc : 0;
}

/* The oldest go, but never the one that has just come. */
static int make_room(struct db_tx *tx, const struct mailbox *box, struct mail_archive_room *room,
	uint32_t newest, struct arena *a)
{
	int64_t used = 0, modseq = 0;
	uint32_t *uids = NULL;
	size_t n = 0;
	int rc = room->quota > 0 ? mail_store_used(tx, box->account, &used) : 0;

	if (rc == 0 && used > room->quota)
		rc = mail_store_first_uids(tx, box->id, MAIL_ARCHIVE_DROPS_MAX, a, &uids, &n);
	for (size_t i = 0; i < n && rc == 0 && used > room->quota && uids[i] < newest; i++) {
		rc = mail_store_expunge(tx, box->id, uids[i], &modseq);
		room->dropped++;
		if (rc == 0)
			rc = mail_store_used(tx, box->account, &used);
	}
	return rc;
}

static int keep(struct db_tx *tx, struct mailbox *box, const struct mail_content *c, int64_t date,
	struct mail_archive_room *room, struct arena *a)
{
	struct slice name = mail_archive_name(c->blob_key), thread = { 0 };
	int64_t message = 0;
	uint32_t uid = 0;
	int rc = find_thread(tx, box->account, c, name, a, &thread);

	if (rc == 0)
		rc = mail_store_add(tx, box, c, MAIL_SEEN, SLICE(""), date, &uid, &message);
	if (rc == 0)
		rc = note(tx, box->account, message, name, c->msgid, thread);
	room->kept++;
	return rc < 0 ? rc : make_room(tx, box, room, uid, a);
}

/* HEARTH_ETOOBIG: there is no room for it, nor is any made. */
static int has_room(struct db_tx *tx, int64_t account, const struct mail_content *c,
	const struct mail_archive_room *room)
{
	uint64_t size = c->blob_size + c->trace.n + mail_content_extra(c);

	if (room->quota > 0 && size > (uint64_t)room->quota)
		return HEARTH_ETOOBIG;
	return room->drops ? 0 : mail_store_fits_quota(tx, account, room->quota, 0, (int64_t)size);
}

int mail_store_archive_add(struct db_tx *tx, int64_t group, const struct mail_content *content,
	int64_t date, struct mail_archive_room *room)
{
	int64_t account = mail_archive_account(group);
	struct arena *a;
	struct mailbox box;
	int rc = has(tx, account, mail_archive_name(content->blob_key));

	INVARIANT(db_tx_writes(tx) && group > 0 && group < MAIL_ARCHIVES);
	if (rc == 0)
		rc = has_room(tx, account, content, room);
	if (rc == 0)
		rc = open_archive(tx, account, &box);
	room->refused += rc == HEARTH_ETOOBIG;
	if (rc != 0)
		return rc == HEARTH_EEXIST || rc == HEARTH_ETOOBIG || rc == HEARTH_ENOTFOUND ? 0
											     : rc;
	a = arena_new();
	rc = keep(tx, &box, content, date, room, a);
	arena_free(&a);
	return rc;
}

/* ---- what is kept ---- */

int mail_store_archive_message(struct db_tx *tx, int64_t group, int64_t id, unsigned want,
	struct arena *a, struct mail_message *out)
{
	int64_t account = mail_archive_account(group);
	struct mailbox box;
	int rc = mail_store_mailbox(tx, account, SLICE(MAIL_ARCHIVE_MAILBOX), &box);

	if (rc == 0)
		rc = mail_store_message(tx, account, id, want, a, out);
	/* What was cleared goes by and by. */
	return rc == 0 && out->mailbox != box.id ? HEARTH_ENOTFOUND : rc;
}

int mail_store_archive_find(struct db_tx *tx, int64_t group, struct slice name, uint32_t *uid)
{
	int64_t found = 0;
	int rc = db_get_int(tx, &found,
		"SELECT m.uid FROM archived a JOIN message m ON m.content = a.content"
		" JOIN mailbox b ON b.id = m.mailbox AND b.deleted = 0"
		" WHERE a.account = $1 AND a.name = $2",
		db_int(mail_archive_account(group)), db_text(name));

	*uid = (uint32_t)found;
	return rc;
}

int mail_store_archive_thread(
	struct db_tx *tx, int64_t group, int64_t id, uint32_t uids[MAIL_ARCHIVE_THREAD], size_t *n)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT m.uid FROM message one JOIN archived a ON a.content = one.content"
		" JOIN archived b ON b.account = a.account AND b.thread = a.thread"
		" JOIN message m ON m.content = b.content AND m.mailbox = one.mailbox"
		" JOIN mailbox box ON box.id = one.mailbox AND box.deleted = 0"
		" WHERE one.id = $1 AND a.account = $2 ORDER BY m.uid LIMIT $3",
		db_int(id), db_int(mail_archive_account(group)), db_int(MAIL_ARCHIVE_THREAD));

	*n = 0;
	if (rc < 0)
		return rc;
	while (*n < MAIL_ARCHIVE_THREAD && db_next(&rows) > 0)
		uids[(*n)++] = (uint32_t)db_col_int(&rows, 0);
	rc = db_end(&rows);
	return rc == 0 && *n == 0 ? HEARTH_ENOTFOUND : rc;
}

int mail_store_archive_remove(struct db_tx *tx, int64_t group, int64_t id)
{
	struct arena *a = arena_new();
	struct mail_message m;
	int64_t modseq = 0;
	int rc = mail_store_archive_message(tx, group, id, MAIL_WANT_META, a, &m);

	INVARIANT(db_tx_writes(tx));
	if (rc == 0)
		rc = mail_store_expunge(tx, m.mailbox, m.uid, &modseq);
	arena_free(&a);
	return rc;
}

int mail_store_archive_clear(struct db_tx *tx, int64_t group)
{
	INVARIANT(db_tx_writes(tx));
	return mail_store_delete(tx, mail_archive_account(group), SLICE(MAIL_ARCHIVE_MAILBOX));
}
