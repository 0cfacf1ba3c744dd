/*
 * list/archive_api.c: /api/mail/lists/{group}/archive: what was kept of a group's mail (store/archive.h), for those
 * who are members now while it is turned on, and for owners and administrators: listed, searched and read as one's
 * own mail is (api/list.c, api/message.c); owners and administrators remove, all of it with a fresh proof
 * (accounts.prove). Handlers on the loop, the rest on io workers.
 */
#include "api/api.h"
#include "hearth/error.h"
#include "list/list.h"
#include "store/archive.h"

static int64_t group_of(const struct mail_call *c)
{
	return http_param_int(c->rq, "group");
}

/* ---- who may ---- */

static bool is_administrator(const struct mail_call *c, bool reading)
{
	const struct account *who = http_account(c->rq);

	return who->admin && accounts_scope_allows(who->scopes, ACCOUNTS_SCOPE_ADMIN, reading);
}

/*
 * Members, while it is turned on; what was kept before it was turned off is there for who looks after it. Who may
 * not is not told that there is such a group.
 */
static int may_read(const struct mail_call *c, int64_t group)
{
	const struct accounts *accounts = c->m->accounts;
	struct accounts_group_named called;
	int rc;

	if (is_administrator(c, true))
		return accounts->group_by_id_wait(accounts->self, group, &called);
	rc = accounts->is_member_wait(accounts->self, group, c->account);
	if (rc == 0)
		rc = accounts->group_by_id_wait(accounts->self, group, &called);
	if (rc == 0 && !called.archived)
		rc = accounts->owns_group_wait(accounts->self, group, c->account);
	return rc;
}

static int enter(struct mail_call *c)
{
	int64_t group = group_of(c);
	int rc = group < MAIL_ARCHIVES ? may_read(c, group) : HEARTH_ENOTFOUND;

	c->account = mail_archive_account(group);
	return rc;
}

static int enter_to_change(struct mail_call *c)
{
	const struct accounts *accounts = c->m->accounts;
	int64_t person = c->account;
	int rc = enter(c);

	if (rc < 0 || is_administrator(c, false))
		return rc;
	rc = accounts->owns_group_wait(accounts->self, group_of(c), person);
	return rc == HEARTH_ENOTFOUND ? HEARTH_EDENIED : rc;
}

/* ---- reading ---- */

void mail_get_archive(void *module, struct http_request *rq)
{
	mail_call_list(module, rq, enter, SLICE(MAIL_ARCHIVE_MAILBOX));
}

static int load(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;

	return mail_store_archive_message(
		tx, group_of(c), c->id, MAIL_CALL_WANT, c->a, &c->message);
}

static void start(struct mail_call *c)
{
	c->enter = enter;
	c->load = load;
	mail_call_start(c);
}

void mail_get_archived(void *module, struct http_request *rq)
{
	start(mail_call_message(module, rq));
}

void mail_get_archived_source(void *module, struct http_request *rq)
{
	start(mail_call_source(module, rq));
}

void mail_get_archived_part(void *module, struct http_request *rq)
{
	start(mail_call_part(module, rq));
}

/* ---- removing ---- */

static int remove_one(struct db_tx *tx, void *arg)
{
	const struct mail_call *c = arg;

	return mail_store_archive_remove(tx, group_of(c), c->id);
}

static int clear(struct db_tx *tx, void *arg)
{
	return mail_store_archive_clear(tx, group_of(arg));
}

static void work_remove(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, remove_one, c);
}

/* An archive that is not there is empty. */
static void work_clear(struct mail_call *c)
{
	c->status = db_write_wait(c->m->db, clear, c);
	if (c->status == HEARTH_ENOTFOUND)
		c->status = 0;
}

static void reply_done(struct mail_call *c)
{
	http_reply_empty(c->rq, 204);
}

static struct mail_call *change_new(
	void *module, struct http_request *rq, void (*work)(struct mail_call *c))
{
	struct mail_call *c = mail_call_new(module, rq, work);

	c->enter = enter_to_change;
	c->reply = reply_done;
	return c;
}

void mail_delete_archived(void *module, struct http_request *rq)
{
	struct mail_call *c = change_new(module, rq, work_remove);

	c->id = http_param_int(rq, "id");
	mail_call_start(c);
}

void mail_delete_archive(void *module, struct http_request *rq)
{
	mail_call_prove(change_new(module, rq, work_clear), NULL);
}
