/*
 * group_api.c: /api/auth/groups: listing, making, changing and deleting groups. Rights are looked
 * at in the transaction that uses them (group_rights.c); a group one may not see is not there.
 * On the loop, but for what runs in the database.
 */
#include <stdio.h>

#include "audit/audit_log.h"
#include "group/group.h"
#include "group/subscriber.h"
#include "hearth/clock.h"
#include "hearth/error.h"

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	const struct json *body;
	struct group group;
	enum group_role role;
	struct group_rights rights;
	struct strbuf out; /* the answer, written in the transaction */
	struct json_writer w;
	int status;
};

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	ask->a = a;
	ask->rq = rq;
	ask->status = 200;
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* ---- writing ---- */

static const char *role_name(enum group_role role)
{
	return role == GROUP_OWNER ? "owner" : role == GROUP_MEMBER ? "member" : NULL;
}

/* The members of an open object. */
static void write_group(
	struct json_writer *w, const struct ask *ask, const struct group *g, enum group_role role)
{
	const struct config *config = hearth_config(ask->a->h);
	char address[256];

	json_put_i64(w, "id", g->id);
	json_put_str(w, "name", g->name);
	if (auth_address(config, slice_str(g->name), address) == 0)
		json_put_str(w, "address", address);
	json_put_str(w, "title", g->title);
	json_put_str(w, "description", g->description);
	json_put_str(w, "joining", g->open ? "open" : "owners");
	json_put_str(w, "posting", group_posting_name(g->posting));
	json_put_str(w, "archive", group_archive_name(g->archive));
	json_put_str(w, "subject_prefix", g->prefix);
	json_name(w, "quota");
	if (g->quota)
		json_i64(w, g->quota);
	else
		json_null(w);
	json_put_i64(w, "created_at", g->created_ms);
	json_put_i64(w, "members", g->members);
	json_put_i64(w, "elsewhere", g->subscribers);
	json_put_str(w, "role", role_name(role));
	json_put_str(w, "invited", role_name(g->invited));
}

static void write_one(struct json_writer *w, const struct group_person *person, const char *since)
{
	json_open_object(w);
	json_put_i64(w, "account", person->account);
	json_put_text(w, "address", person->address);
	json_name(w, "name");
	if (person->name.n)
		json_text(w, person->name);
	else
		json_null(w);
	json_put_str(w, "role", role_name(person->role));
	json_put_i64(w, since, person->joined_ms);
	json_close_object(w);
}

static void write_person(void *arg, const struct group_person *person)
{
	write_one(&((struct ask *)arg)->w, person, "joined_at");
}

static void write_invited(void *arg, const struct group_person *person)
{
	write_one(&((struct ask *)arg)->w, person, "invited_at");
}

static int write_subscriber(void *arg, const struct subscriber *s)
{
	struct json_writer *w = &((struct ask *)arg)->w;

	json_open_object(w);
	json_put_i64(w, "id", s->id);
	json_put_str(w, "address", s->address);
	json_put_str(w, "state", subscriber_state_name(s->state));
	json_put_i64(w, "since", s->since_ms);
	json_close_object(w);
	return 0;
}

static void write_listed(void *arg, const struct group *g, enum group_role role)
{
	struct ask *ask = arg;

	json_open_object(&ask->w);
	write_group(&ask->w, ask, g, role);
	json_close_object(&ask->w);
}

/* The group as it is, with who is in it for those who may know. */
static int write_answer(struct db_tx *tx, struct ask *ask)
{
	int rc = 0;

	strbuf_reset(&ask->out);
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	write_group(&ask->w, ask, &ask->group, ask->role);
	if (ask->rights.see_people) {
		json_name(&ask->w, "people");
		json_open_array(&ask->w);
		rc = group_people(tx, ask->group.id, write_person, ask);
		json_close_array(&ask->w);
	}
	if (rc == 0 && (ask->rights.change || ask->rights.add_members)) {
		json_name(&ask->w, "invitations");
		json_open_array(&ask->w);
		rc = group_invited_people(tx, ask->group.id, write_invited, ask);
		json_close_array(&ask->w);
	}
	if (rc == 0 && ask->rights.change) {
		json_name(&ask->w, "subscribers");
		json_open_array(&ask->w);
		rc = subscriber_each(tx, ask->group.id, false, write_subscriber, ask);
		json_close_array(&ask->w);
	}
	json_close_object(&ask->w);
	return rc;
}

static void on_answer(void *arg, int status)
{
	struct ask *ask = arg;

	if (status < 0)
		strbuf_free(&ask->out);
	if (status == 0)
		http_reply_json(ask->rq, ask->status, &ask->out);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(ask->rq, 404, NULL, "there is no such group here");
	else if (status == HEARTH_EDENIED)
		http_reply_problem(ask->rq, 403, NULL, "this is for the owners of the group");
	else if (status == HEARTH_EEXIST)
		http_reply_problem(ask->rq, 409, "name", "the name is taken");
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(ask->rq, 409, "name",
			"somebody had this name not long ago; an administrator can free it");
	else if (status == HEARTH_EBUSY && ask->status == 201)
		http_reply_problem(ask->rq, 409, NULL,
			"a member makes %lld groups at most, and no more than that within a day; "
			"ask an administrator",
			(long long)ask->a->groups_per_account);
	else if (status == HEARTH_ETOOBIG)
		http_reply_problem(
			ask->rq, 409, NULL, "there are %d groups: delete some first", GROUPS_MAX);
	else
		http_reply_error(ask->rq, status);
}

/* ---- GET ---- */

static int list(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	const struct account *who = http_account(ask->rq);
	bool all = who->admin && accounts_scope_allows(who->scopes, ACCOUNTS_SCOPE_ADMIN, true);
	int rc;

	strbuf_reset(&ask->out);
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	json_name(&ask->w, "groups");
	json_open_array(&ask->w);
	rc = group_list(tx, who->id, all, write_listed, ask);
	json_close_array(&ask->w);
	json_close_object(&ask->w);
	return rc;
}

void auth_get_groups(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_read(ask->a->db, list, on_answer, ask);

	if (rc < 0)
		on_answer(ask, rc);
}

/* The group of the path, with what this person may do. */
static int look(struct db_tx *tx, struct ask *ask)
{
	int rc = group_get(tx, http_param_int(ask->rq, "id"), &ask->group);

	if (rc == 0)
		rc = group_role_of(tx, ask->group.id, http_account(ask->rq)->id, &ask->role);
	if (rc == 0)
		rc = group_invited_as(
			tx, ask->group.id, http_account(ask->rq)->id, &ask->group.invited);
	if (rc < 0)
		return rc;
	ask->rights = group_rights_of(ask->rq, &ask->group, ask->role);
	return ask->rights.see ? 0 : HEARTH_ENOTFOUND;
}

static int show(struct db_tx *tx, void *arg)
{
	int rc = look(tx, arg);

	return rc < 0 ? rc : write_answer(tx, arg);
}

void auth_get_group(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_read(ask->a->db, show, on_answer, ask);

	if (rc < 0)
		on_answer(ask, rc);
}

/* ---- POST, PATCH, DELETE ---- */

static bool is_administrator(const struct ask *ask)
{
	const struct account *who = http_account(ask->rq);

	return who->admin && accounts_scope_allows(who->scopes, ACCOUNTS_SCOPE_ADMIN, false);
}

/* Who makes a group owns it. */
static int make(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int64_t now = clock_wall_ms(), id, self = http_account(ask->rq)->id;
	int rc = is_administrator(ask) ? 0
				       : group_may_make(tx, self, ask->a->groups_per_account, now);

	ask->group.made_by = self;
	if (rc == 0)
		rc = group_add(tx, &ask->group, now, &id);
	if (rc == 0)
		rc = group_join(tx, id, self, GROUP_OWNER, now);
	if (rc == 0)
		rc = group_get(tx, id, &ask->group);
	if (rc == 0)
		rc = auth_audit(tx, self, "group.made", http_peer(ask->rq)->peer,
			auth_device(ask->rq), ask->group.name);
	ask->role = GROUP_OWNER;
	ask->rights = (struct group_rights){ .see_people = true, .change = true };
	return rc < 0 ? rc : write_answer(tx, ask);
}

static bool may_make(const struct ask *ask)
{
	const char *who = config_text(hearth_config(ask->a->h), "auth", "group_creation");

	return strcmp(who, "everyone") == 0 || is_administrator(ask);
}

void auth_post_groups(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct ask *ask;
	int rc;

	if (!body)
		return;
	ask = ask_new(module, rq);
	ask->body = body;
	if (!may_make(ask)) {
		http_reply_problem(rq, 403, NULL, "groups are made by administrators here");
		return;
	}
	if (!json_get(ask->body, "name")) {
		http_reply_problem(rq, 400, "name", "expected a name");
		return;
	}
	if (!group_read_body(rq, body, true, &ask->group))
		return;
	ask->status = 201;
	rc = db_write(ask->a->db, make, on_answer, ask);
	if (rc < 0)
		on_answer(ask, rc);
}

static int change(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = look(tx, ask);

	if (rc < 0 || !ask->rights.change)
		return rc < 0 ? rc : HEARTH_EDENIED;
	/* It was checked: this answers nothing. */
	group_read_body(ask->rq, ask->body, false, &ask->group);
	rc = group_set(tx, &ask->group);
	return rc < 0 ? rc : write_answer(tx, ask);
}

void auth_patch_group(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct group scratch = { 0 };
	struct ask *ask;
	int rc;

	if (!body)
		return;
	ask = ask_new(module, rq);
	ask->body = body;
	if (!group_read_body(rq, body, false, &scratch))
		return;
	rc = db_write(ask->a->db, change, on_answer, ask);
	if (rc < 0)
		on_answer(ask, rc);
}

static int delete (struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = look(tx, ask);

	if (rc == 0 && !ask->rights.change)
		rc = HEARTH_EDENIED;
	return rc < 0 ? rc
		      : group_delete(tx, ask->group.id, clock_wall_ms(), ask->a->address_rest_ms);
}

static void on_deleted(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else
		on_answer(ask, status);
}

void auth_delete_group(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_write(ask->a->db, delete, on_deleted, ask);

	if (rc < 0)
		on_deleted(ask, rc);
}
