/*
 * imap_mailbox_cmds.c: SELECT and EXAMINE, CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE,
 * STATUS (RFC 3501 section 6.3).
 *
 * On the loop, transactions on reader and writer. SELECT holds four bytes a message; RENAME of
 * INBOX goes MAIL_BULK_MAX messages a transaction.
 */
#include "hearth/log.h"
#include "imap/grammar/imap_string.h"
#include "imap/session/imap_internal.h"

/* ---- SELECT, EXAMINE ---- */

#define KEYWORDS_SHOWN_MAX 4096 /* bytes of the FLAGS response */

struct select {
	struct mailbox box;
	uint32_t *uids;
	size_t n;
	uint32_t first_unseen;
	uint32_t recent; /* from here on they are \Recent here */
	struct slice keywords;
};

static int load_mailbox(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct select *job = s->job;
	struct strbuf keywords = { 0 };
	int rc = mail_store_mailbox(tx, s->account.id, s->command->mailbox, &job->box);

	job->recent = job->box.recent_uid;
	if (rc == 0)
		rc = mail_store_uids(tx, job->box.id, s->arena, &job->uids, &job->n);
	if (rc == 0)
		rc = mail_store_first_unseen(tx, job->box.id, &job->first_unseen);
	if (rc == 0)
		rc = mail_store_keywords(tx, job->box.id, KEYWORDS_SHOWN_MAX, &keywords);
	job->keywords = arena_slice(s->arena, strbuf_slice(&keywords));
	strbuf_free(&keywords);
	return rc;
}

static void on_known(struct imap_session *s, int status)
{
	const struct select *job = s->job;
	bool read_only = s->command->verb == IMAP_EXAMINE;
	const struct imap_view *v;

	if (status < 0) {
		imap_reply_error(s, status);
		return;
	}
	INVARIANT(!s->view && s->state == IMAP_AUTHENTICATED);
	imap_enter(s, imap_view_new(&job->box, job->uids, job->n, read_only));
	imap_view_add_recent(s->view, job->recent);
	imap_view_add_keywords(s->view, job->keywords);
	v = s->view;
	imap_write_untagged(&s->out, "%zu EXISTS", v->n);
	imap_write_untagged(&s->out, "%zu RECENT", imap_view_recent(v));
	imap_view_write_flags(v, &s->out);
	if (job->first_unseen)
		imap_write_untagged(&s->out, "OK [UNSEEN %zu] First unseen",
			imap_view_at(v, job->first_unseen) + 1);
	imap_write_untagged(&s->out, "OK [UIDVALIDITY %u] UIDs are valid", job->box.uidvalidity);
	imap_write_untagged(&s->out, "OK [UIDNEXT %u] Next UID", job->box.uidnext);
	imap_reply(s, "OK", read_only ? "READ-ONLY" : "READ-WRITE",
		read_only ? "EXAMINE done" : "SELECT done");
}

static int take_recent(struct db_tx *tx, void *arg)
{
	const struct imap_session *s = arg;
	struct select *job = s->job;

	INVARIANT(job->n > 0 && s->command->verb == IMAP_SELECT);
	return mail_store_take_recent(tx, job->box.id, job->uids[job->n - 1] + 1, &job->recent);
}

/* Those that nobody has had as \Recent are taken, but for EXAMINE. */
static void on_loaded(struct imap_session *s, int status)
{
	const struct select *job = s->job;

	if (status == 0 && s->command->verb == IMAP_SELECT && job->n &&
		job->recent <= job->uids[job->n - 1])
		imap_run_write(s, take_recent, on_known);
	else
		on_known(s, status);
}

void imap_do_select(struct imap_session *s)
{
	/* Also when the new one is not there (section 6.3.1). */
	imap_leave(s);
	s->job = ARENA_NEW(s->arena, struct select);
	imap_run_read(s, load_mailbox, on_loaded);
}

/* ---- CREATE ---- */

static int create(struct db_tx *tx, void *arg)
{
	const struct imap_session *s = arg;
	unsigned use = s->command->create.use;
	struct mailbox other;

	/* One mailbox for each use, so that programs agree on where to put things. */
	for (unsigned bit = 1; bit <= use; bit <<= 1)
		if ((use & bit) && mail_store_mailbox_by_use(tx, s->account.id, bit, &other) == 0)
			return HEARTH_ECONFLICT;
	return mail_store_create(tx, s->account.id, s->command->create.mailbox, use);
}

static void on_created(struct imap_session *s, int status)
{
	if (status == HEARTH_ECONFLICT)
		imap_reply(s, "NO", "USEATTR", "Another mailbox has this use");
	else if (status == HEARTH_EBUSY)
		imap_reply(s, "NO", "LIMIT", "There are too many mailboxes");
	else if (status < 0)
		imap_reply_error(s, status);
	else
		imap_ok(s, "CREATE done");
}

void imap_do_create(struct imap_session *s)
{
	const unsigned known =
		MAIL_USE_ARCHIVE | MAIL_USE_DRAFTS | MAIL_USE_JUNK | MAIL_USE_SENT | MAIL_USE_TRASH;
	unsigned use = s->command->create.use;

	if ((use & ~known) || (use & (use - 1)))
		imap_reply(s, "NO", "USEATTR",
			"Expected one of \\Archive, \\Drafts, \\Junk, \\Sent and \\Trash");
	else
		imap_run_write(s, create, on_created);
}

/* ---- DELETE, RENAME ---- */

static int delete_mailbox(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	/* So that who has it selected can be told. */
	int rc = mail_store_mailbox(tx, s->account.id, s->command->mailbox, s->job);

	return rc < 0 ? rc : mail_store_delete(tx, s->account.id, s->command->mailbox);
}

static void on_deleted(struct imap_session *s, int status)
{
	const struct mailbox *box = s->job;

	if (status < 0) {
		imap_reply_error(s, status);
		return;
	}
	if (s->view && s->view->mailbox == box->id)
		imap_leave(s);
	imap_mailbox_changed(s, box->id);
	imap_ok(s, "DELETE done");
}

void imap_do_delete(struct imap_session *s)
{
	s->job = ARENA_NEW(s->arena, struct mailbox);
	imap_run_write(s, delete_mailbox, on_deleted);
}

struct rename {
	struct mailbox box; /* as it was before */
	bool done;          /* false: INBOX has more messages to move */
};

static int rename_mailbox(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct rename *job = s->job;
	struct slice from = s->command->rename.from, to = s->command->rename.to;
	int rc = mail_store_mailbox(tx, s->account.id, from, &job->box);

	return rc < 0 ? rc : mail_store_rename(tx, s->account.id, from, to, &job->done);
}

static int move_more(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct rename *job = s->job;

	return mail_store_move_inbox(
		tx, s->account.id, s->command->rename.to, job->box.uidnext, &job->done);
}

static void on_renamed(struct imap_session *s, int status)
{
	const struct rename *job = s->job;

	if (status < 0) {
		imap_reply_error(s, status);
		return;
	}
	/* INBOX has lost its messages; of others only the name has changed. */
	imap_mailbox_changed(s, job->box.id);
	if (job->done)
		imap_ok(s, "RENAME done");
	else
		imap_run_write(s, move_more, on_renamed);
}

void imap_do_rename(struct imap_session *s)
{
	s->job = ARENA_NEW(s->arena, struct rename);
	imap_run_write(s, rename_mailbox, on_renamed);
}

/* ---- SUBSCRIBE, UNSUBSCRIBE ---- */

static int subscribe(struct db_tx *tx, void *arg)
{
	const struct imap_session *s = arg;

	return mail_store_subscribe(
		tx, s->account.id, s->command->mailbox, s->command->verb == IMAP_SUBSCRIBE);
}

static void on_subscribed(struct imap_session *s, int status)
{
	if (status == HEARTH_EBUSY)
		imap_reply(s, "NO", "LIMIT", "There are too many subscriptions");
	else if (status < 0)
		imap_reply_error(s, status);
	else
		imap_ok(s,
			s->command->verb == IMAP_SUBSCRIBE ? "SUBSCRIBE done" : "UNSUBSCRIBE done");
}

void imap_do_subscribe(struct imap_session *s)
{
	imap_run_write(s, subscribe, on_subscribed);
}

/* ---- STATUS ---- */

static unsigned counts_of(unsigned items)
{
	return (items & IMAP_STATUS_MESSAGES ? MAIL_COUNT_MESSAGES : 0) |
	       (items & IMAP_STATUS_UNSEEN ? MAIL_COUNT_UNSEEN : 0) |
	       (items & IMAP_STATUS_RECENT ? MAIL_COUNT_RECENT : 0) |
	       (items & IMAP_STATUS_SIZE ? MAIL_COUNT_SIZE : 0);
}

static void write_status(struct strbuf *out, const struct mailbox *box, unsigned items)
{
	const struct {
		enum imap_status_item item;
		uint64_t value;
	} all[] = {
		{ IMAP_STATUS_MESSAGES, box->messages },
		{ IMAP_STATUS_RECENT, box->recent },
		{ IMAP_STATUS_UIDNEXT, box->uidnext },
		{ IMAP_STATUS_UIDVALIDITY, box->uidvalidity },
		{ IMAP_STATUS_UNSEEN, box->unseen },
		{ IMAP_STATUS_SIZE, box->size },
	};
	const char *space = "";

	strbuf_adds(out, "* STATUS ");
	imap_write_mailbox(out, slice_str(box->name));
	strbuf_adds(out, " (");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!(items & all[i].item))
			continue;
		strbuf_printf(out, "%s%s %llu", space, imap_status_item_name(all[i].item),
			(unsigned long long)all[i].value);
		space = " ";
	}
	strbuf_adds(out, ")\r\n");
}

int imap_write_status_of(struct db_tx *tx, struct mailbox *box, unsigned items, struct strbuf *out)
{
	int rc = mail_store_count(tx, box, counts_of(items));

	if (rc == 0)
		write_status(out, box, items);
	return rc;
}

static int status_of_mailbox(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct mailbox box;
	int rc = mail_store_mailbox(tx, s->account.id, s->command->status.mailbox, &box);

	return rc < 0 ? rc : imap_write_status_of(tx, &box, s->command->status.items, &s->out);
}

static void on_status(struct imap_session *s, int status)
{
	if (status < 0)
		imap_reply_error(s, status);
	else
		imap_ok(s, "STATUS done");
}

void imap_do_status(struct imap_session *s)
{
	imap_run_read(s, status_of_mailbox, on_status);
}
