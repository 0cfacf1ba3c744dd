/*
 * group_member_api.c: /api/auth/groups/{id}/members: inviting people into a group, by their address
 * or the number of their account; making members owners, removing them; joining an open one or one
 * that invites, declining, and leaving. Nobody is put into a group by others (group_invitation_store.c).
 * On the loop, but for what runs in the database.
 */
#include "group/group.h"
#include "hearth/clock.h"
#include "hearth/error.h"

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	int64_t id, account;
	char address[256];    /* of who is meant, where the path has no number */
	enum group_role role; /* to be given */
	bool role_given;
	bool invited;               /* the outcome: they are asked */
	const char *denied, *field; /* why not, for people; and which member of the body */
};

static struct ask *ask_new(struct auth *a, struct http_request *rq, int64_t account)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a,
		.rq = rq,
		.id = http_param_int(rq, "id"),
		.account = account,
		.role = GROUP_MEMBER };
	return ask;
}

/* 202: it is up to them now. */
static void reply_invited(struct ask *ask)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "account", ask->account);
	json_put_str(&w, "invited", ask->role == GROUP_OWNER ? "owner" : "member");
	json_close_object(&w);
	http_reply_json(ask->rq, 202, &out);
}

static void on_done(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && ask->invited)
		reply_invited(ask);
	else if (status == 0)
		http_reply_empty(ask->rq, 204);
	else if (status == HEARTH_EDENIED)
		http_reply_problem(ask->rq, 403, ask->field, "%s", ask->denied);
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(ask->rq, 409, ask->role_given ? "role" : NULL,
			"this is the last owner; make another one first");
	else if (status == HEARTH_ETOOBIG)
		http_reply_problem(ask->rq, 409, NULL,
			"a group has %d members at most, and nobody more than some invitations",
			GROUP_MEMBERS_MAX);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(ask->rq, 404, ask->field, "%s",
			ask->field ? "there is no account of this address"
				   : "there is no such group or person here");
	else
		http_reply_error(ask->rq, status);
}

static int deny(struct ask *ask, const char *why)
{
	ask->denied = why;
	return HEARTH_EDENIED;
}

/* What who asks may do, and what the one it is about is now. */
static int look(struct db_tx *tx, struct ask *ask, struct group *g, struct group_rights *rights,
	enum group_role *theirs)
{
	enum group_role own = GROUP_NOBODY;
	int rc = group_get(tx, ask->id, g);

	if (rc == 0)
		rc = group_role_of(tx, ask->id, http_account(ask->rq)->id, &own);
	if (rc == 0)
		rc = group_role_of(tx, ask->id, ask->account, theirs);
	if (rc == 0)
		rc = group_invited_as(tx, ask->id, http_account(ask->rq)->id, &g->invited);
	if (rc < 0)
		return rc;
	*rights = group_rights_of(ask->rq, g, own);
	return rights->see ? 0 : HEARTH_ENOTFOUND;
}

/* Somebody says yes for themselves: to an invitation, or to a group that is open to all. */
static int join(struct db_tx *tx, struct ask *ask, const struct group *g)
{
	if (!ask->role_given && g->invited != GROUP_NOBODY)
		ask->role = g->invited;
	if (ask->role == GROUP_OWNER && g->invited != GROUP_OWNER) {
		ask->field = "role";
		return deny(ask, "owners are made by owners");
	}
	if (!g->open && g->invited == GROUP_NOBODY)
		return deny(ask, "people are invited by the owners of the group");
	return group_join(tx, ask->id, ask->account, ask->role, clock_wall_ms());
}

static int put(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	struct group g;
	struct group_rights rights;
	enum group_role theirs = GROUP_NOBODY;
	int rc = look(tx, ask, &g, &rights, &theirs);
	bool self = ask->account == http_account(ask->rq)->id;

	ask->invited = false;
	if (rc < 0)
		return rc;
	if (self && theirs == GROUP_NOBODY && !rights.change)
		return join(tx, ask, &g);
	/* Without a role, who is in it already stays as they are. */
	if (!ask->role_given && theirs != GROUP_NOBODY)
		ask->role = theirs;
	if (!rights.change && (ask->role == GROUP_OWNER || theirs == GROUP_OWNER)) {
		ask->field = ask->role_given ? "role" : NULL;
		return deny(ask, "owners are made by owners");
	}
	if (!rights.change && !rights.add_members)
		return deny(ask, "people are invited by the owners of the group");
	if (self || theirs != GROUP_NOBODY)
		return group_join(tx, ask->id, ask->account, ask->role, clock_wall_ms());
	ask->invited = true;
	return group_invite(
		tx, ask->id, ask->account, ask->role, http_account(ask->rq)->id, clock_wall_ms());
}

/* {"role": "member" or "owner"}; it may be left out. */
static bool read_role(struct ask *ask, const struct json *body)
{
	struct slice role = SLICE("member");

	ask->role_given = json_get(body, "role") != NULL;
	if (ask->role_given && json_get_text(body, "role", &role) < 0)
		role = SLICE("?");
	ask->role = slice_eq(role, SLICE("owner")) ? GROUP_OWNER : GROUP_MEMBER;
	if (ask->role == GROUP_OWNER || slice_eq(role, SLICE("member")))
		return true;
	http_reply_problem(ask->rq, 400, "role", "expected member or owner");
	return false;
}

void auth_put_member(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq, http_param_int(rq, "account"));
	bool given = http_body(rq).n > 0;
	const struct json *body = given ? http_body_json(rq) : NULL;
	int rc;

	if (given && (!body || !read_role(ask, body)))
		return;
	rc = db_write(ask->a->db, put, on_done, ask);
	if (rc < 0)
		on_done(ask, rc);
}

/* Only who may add people is told which accounts there are. */
static int add(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	struct group g;
	struct group_rights rights;
	enum group_role theirs = GROUP_NOBODY;
	struct account account;
	int rc;

	ask->account = http_account(ask->rq)->id;
	ask->field = NULL;
	rc = look(tx, ask, &g, &rights, &theirs);
	if (rc < 0)
		return rc;
	if (!rights.change && !rights.add_members)
		return deny(ask, "people are invited by the owners of the group");
	rc = auth_store_find(tx, ask->address, &account, NULL);
	if (rc == HEARTH_ENOTFOUND)
		ask->field = "address";
	if (rc < 0)
		return rc;
	ask->account = account.id;
	return put(tx, ask);
}

void auth_post_member(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq, 0);
	const struct json *body = http_body_json(rq);
	struct slice address;
	int rc;

	if (!body || !read_role(ask, body) ||
		!auth_read_text(rq, body, "address", 1, 254, "a mail address", &address))
		return;
	if (auth_address(hearth_config(ask->a->h), address, ask->address) < 0) {
		http_reply_problem(rq, 400, "address", "expected the mail address of an account");
		return;
	}
	rc = db_write(ask->a->db, add, on_done, ask);
	if (rc < 0)
		on_done(ask, rc);
}

static int remove_member(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	struct group g;
	struct group_rights rights;
	enum group_role theirs = GROUP_NOBODY;
	int rc = look(tx, ask, &g, &rights, &theirs);
	bool self = ask->account == http_account(ask->rq)->id;

	if (rc < 0)
		return rc;
	if (!self && !rights.change && !(rights.add_members && theirs != GROUP_OWNER))
		return deny(ask, "people are removed by the owners of the group");
	/* Who is only invited declines so, and is so no longer asked. */
	return theirs == GROUP_NOBODY ? group_uninvite(tx, ask->id, ask->account)
				      : group_leave(tx, ask->id, ask->account);
}

void auth_delete_member(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq, http_param_int(rq, "account"));
	int rc = db_write(ask->a->db, remove_member, on_done, ask);

	if (rc < 0)
		on_done(ask, rc);
}
