/*
 * api/change.c: one message is flagged, moved to another mailbox, or deleted for good. Handlers on the
 * loop, the rest on io workers; a few statements each.
 */
#include "api/api.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* ---- flags ---- */

static int change_flags(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	const struct mail_flag_change change = { .set = c->set, .clear = c->clear };
	struct mail_flags after;
	int64_t modseq = 0;

	INVARIANT((c->set & c->clear) == 0);
	int rc = mail_store_message(tx, c->account, c->id, MAIL_WANT_META, c->a, &c->message);

	if (rc == 0)
		rc = mail_store_flag(
			tx, c->message.mailbox, c->message.uid, &change, &modseq, c->a, &after);
	return rc;
}

static void work_flags(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, change_flags, c);
	if (c->status < 0)
		return;
	c->changed[0] = c->message.mailbox;
	json_open_object(&c->w);
	json_put_i64(&c->w, "id", c->id);
	json_close_object(&c->w);
}

void mail_post_flags(void *module, struct http_request *rq)
{
	static const struct {
		const char *name;
		unsigned flag;
	} flags[] = { { "seen", MAIL_SEEN }, { "flagged", MAIL_FLAGGED },
		{ "answered", MAIL_ANSWERED } };
	const struct json *body = http_body_json(rq);
	unsigned set = 0, clear = 0;
	struct mail_call *c;

	if (!body)
		return;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool on;
		int rc = json_get_bool(body, flags[i].name, &on);

		if (rc == HEARTH_EINVAL) {
			http_reply_problem(rq, 400, flags[i].name, "expected true or false");
			return;
		}
		if (rc == 0)
			*(on ? &set : &clear) |= flags[i].flag;
	}
	c = mail_call_new(module, rq, work_flags);
	c->id = http_param_int(rq, "id");
	c->set = set;
	c->clear = clear;
	mail_call_start(c);
}

/* ---- moving ---- */

static const struct {
	const char *role,
		*name; /* the name of one that is made anew, as mail_store_ensure has it */
	unsigned use;
} roles[] = {
	{ "archive", "Archive", MAIL_USE_ARCHIVE },
	{ "drafts", "Drafts", MAIL_USE_DRAFTS },
	{ "inbox", "INBOX", 0 },
	{ "junk", "Junk", MAIL_USE_JUNK },
	{ "sent", "Sent", MAIL_USE_SENT },
	{ "trash", "Trash", MAIL_USE_TRASH },
};

/* The mailbox of that use, where somebody has removed theirs the one of its name, made if need be. */
static int find_mailbox(struct db_tx *tx, const struct mail_call *c, struct mailbox *box)
{
	int rc = HEARTH_ENOTFOUND;

	if (c->use)
		rc = mail_store_mailbox_by_use(tx, c->account, c->use, box);
	if (rc == HEARTH_ENOTFOUND)
		rc = mail_store_mailbox(tx, c->account, c->mailbox, box);
	if (rc != HEARTH_ENOTFOUND || !c->use)
		return rc;
	rc = mail_store_create(tx, c->account, c->mailbox, c->use);
	return rc < 0 ? rc : mail_store_mailbox(tx, c->account, c->mailbox, box);
}

static int move(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int64_t modseq = 0;
	struct mailbox to;
	uint32_t uid;
	int rc = mail_store_message(tx, c->account, c->id, MAIL_WANT_META, c->a, &c->message);

	INVARIANT(c->mailbox.n > 0);
	if (rc < 0)
		return rc;
	c->moved_to = NULL;
	rc = find_mailbox(tx, c, &to);
	if (rc < 0)
		return rc;
	c->moved_to = arena_strdup(c->a, slice_str(to.name));
	c->changed[1] = to.id;
	/* It is there already: then it keeps its UID. */
	if (to.id == c->message.mailbox)
		return 0;
	return mail_store_move(tx, c->message.mailbox, c->message.uid, &to, &modseq, &uid);
}

static void work_move(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, move, c);
	if (c->status < 0)
		return;
	c->changed[0] = c->message.mailbox;
	json_open_object(&c->w);
	json_put_i64(&c->w, "id", c->id);
	json_put_str(&c->w, "mailbox", c->moved_to);
	json_close_object(&c->w);
}

static bool read_target(struct http_request *rq, const struct json *body, struct mail_call *c)
{
	struct slice role = { NULL, 0 };

	if (json_get_text(body, "mailbox", &c->mailbox) == 0 && c->mailbox.n > 0) {
		c->mailbox = arena_slice(c->a, c->mailbox);
		return true;
	}
	json_get_text(body, "role", &role);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (slice_eq(role, slice_str(roles[i].role))) {
			c->mailbox = slice_str(roles[i].name);
			c->use = roles[i].use;
			return true;
		}
	http_reply_problem(rq, 400, role.n ? "role" : "mailbox",
		"expected the name of a mailbox, or a role: archive, drafts, inbox, junk, sent, "
		"trash");
	return false;
}

void mail_post_move(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct mail_call *c;

	if (!body)
		return;
	c = mail_call_new(module, rq, work_move);
	c->id = http_param_int(rq, "id");
	if (read_target(rq, body, c))
		mail_call_start(c);
	else
		mail_call_drop(c);
}

/* ---- deleting ---- */

static int expunge(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int64_t modseq = 0;
	int rc = mail_store_message(tx, c->account, c->id, MAIL_WANT_META, c->a, &c->message);

	return rc < 0 ? rc : mail_store_expunge(tx, c->message.mailbox, c->message.uid, &modseq);
}

static void work_delete(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, expunge, c);
	c->changed[0] = c->message.mailbox;
}

static void reply_deleted(struct mail_call *c)
{
	http_reply_empty(c->rq, 204);
}

void mail_delete_message(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_delete);

	c->reply = reply_deleted;
	c->id = http_param_int(rq, "id");
	mail_call_start(c);
}
