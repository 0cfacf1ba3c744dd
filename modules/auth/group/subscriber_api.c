/*
 * group/subscriber_api.c: members elsewhere (subscriber.h), over HTTP.
 *
 *   POST …/groups/{id}/subscribers {address, password, code} ─▶ is it they? ─▶ a row that waits, a letter with a
 *   link there ─▶ 202
 *   POST /api/auth/subscribe {token} ─▶ it is a member ─▶ 200 {"group"}
 *   POST /api/auth/subscribe/refuse {token} ─▶ no group asks it again ─▶ 204
 *   DELETE …/groups/{id}/subscribers/{subscriber}, POST …/resume ─▶ 204
 *
 * Nothing goes to an address that has not said yes but that letter. It says who invites, to which address, and
 * nothing that an owner could write into it. On the loop, but for what runs in the database.
 */
#include <sodium.h>

#include "alias/alias.h"
#include "factor/proof.h"
#include "group/subscriber.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/letters.h"
#include "session/session.h"

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	struct slice given; /* the address as it came */
	struct subscriber s;
	struct group group;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	struct auth_proof
		proof; /* of one that invites: what the group is sent goes there for good */
};

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a, .rq = rq };
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* Owners and administrators; who may not see the group is not told that it is there. */
static int look(struct db_tx *tx, struct ask *ask)
{
	enum group_role role = GROUP_NOBODY;
	struct group_rights rights;
	int64_t self = http_account(ask->rq)->id;
	int rc = group_get(tx, http_param_int(ask->rq, "id"), &ask->group);

	if (rc == 0)
		rc = group_role_of(tx, ask->group.id, self, &role);
	if (rc == 0)
		rc = group_invited_as(tx, ask->group.id, self, &ask->group.invited);
	if (rc < 0)
		return rc;
	rights = group_rights_of(ask->rq, &ask->group, role);
	return !rights.see ? HEARTH_ENOTFOUND : rights.change ? 0 : HEARTH_EDENIED;
}

/* What all of them say of what went wrong. */
static void reply_failed(struct ask *ask, int status)
{
	struct http_request *rq = ask->rq;

	if (status == HEARTH_ENOTFOUND)
		http_reply_problem(rq, 404, NULL, "there is no such group or person here");
	else if (status == HEARTH_EDENIED)
		http_reply_problem(rq, 403, NULL, "this is for the owners of the group");
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(rq, 409, "address",
			"whoever has this address wants no invitations from here");
	else if (status == HEARTH_EEXIST)
		http_reply_problem(rq, 409, "address", "this address is a member already");
	else if (status == HEARTH_EINVAL)
		http_reply_problem(rq, 400, "address",
			"expected a mail address at another server; who has an account here is "
			"invited as a member");
	else if (status == HEARTH_ETOOBIG)
		http_reply_problem(rq, 409, NULL,
			"a group has %d members at most, those who are "
			"invited among them",
			GROUP_MEMBERS_MAX);
	else if (status == HEARTH_EBUSY)
		http_reply_problem(rq, 429, NULL,
			"this was asked for too often; try again in an hour, or where an address "
			"has not answered in some days");
	else
		http_reply_error(rq, status);
}

/* ---- inviting ---- */

int subscriber_address(
	struct db_tx *tx, const struct config *config, struct slice text, char out[256])
{
	struct reach r = { .config = config };
	int rc = alias_target(config, text, out);

	if (rc < 0 || out[0] == '@')
		return HEARTH_EINVAL;
	rc = auth_reach(tx, &r, slice_str(out));
	auth_reach_clear(&r);
	return rc == HEARTH_EDENIED ? 0 : rc == HEARTH_EIO ? rc : HEARTH_EINVAL;
}

static int invite(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = look(tx, ask);

	ask->s = (struct subscriber){ .group = ask->group.id };
	if (rc == 0)
		rc = subscriber_address(tx, hearth_config(ask->a->h), ask->given, ask->s.address);
	if (rc == 0)
		rc = auth_proof_take(tx, &ask->proof);
	return rc < 0 || !auth_proof_done(&ask->proof)
		       ? rc
		       : subscriber_invite(
				 tx, &ask->s, http_account(ask->rq)->id, ask->hex, clock_wall_ms());
}

static void send_link(const struct ask *ask)
{
	const struct letters *letters = hearth_service(ask->a->h, "letters");
	struct strbuf text = { 0 };
	char address[256] = "";

	auth_address(hearth_config(ask->a->h), slice_str(ask->group.name), address);
	strbuf_printf(&text,
		"%s invites you into the group %s. Who is in it gets by mail what is written to "
		"that address.\n\nIf you want that, open this within a week:\n\n  ",
		http_account(ask->rq)->address, address);
	hearth_url(ask->a->h, &text);
	strbuf_printf(&text,
		"#subscribe?token=%s\n\nIf not, do nothing: nothing will come. Each mail of the "
		"group has a link to leave it. So that no group here asks you again, open "
		"this:\n\n  ",
		ask->secret);
	hearth_url(ask->a->h, &text);
	strbuf_printf(&text, "#refuse?token=%s\n", ask->secret);
	letters->send(letters->self, &(struct letter){ .to = slice_str(ask->s.address),
					     .subject = SLICE("An invitation into a group"),
					     .text = strbuf_slice(&text) });
	sodium_memzero(text.p, text.n);
	strbuf_free(&text);
}

static void on_invited(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 };
	struct json_writer w;

	if (status == 0 && auth_proof_done(&ask->proof))
		send_link(ask);
	sodium_memzero(ask->secret, sizeof(ask->secret));
	if (status < 0) {
		reply_failed(ask, status);
	} else if (!auth_proof_refuse(&ask->proof)) {
		json_writer_init(&w, &out);
		json_open_object(&w);
		json_put_i64(&w, "id", ask->s.id);
		json_put_str(&w, "address", ask->s.address);
		json_put_str(&w, "state", subscriber_state_name(ask->s.state));
		json_close_object(&w);
		http_reply_json(ask->rq, 202, &out);
	}
}

static void on_password(void *arg, int status)
{
	struct ask *ask = arg;

	if (status != 0)
		return; /* answered, and `ask` is gone */
	auth_token_make(ask->secret, ask->hex);
	status = db_write(ask->a->db, invite, on_invited, ask);
	if (status < 0)
		on_invited(ask, status);
}

void auth_post_subscriber(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	const struct letters *letters;
	struct slice given;
	struct ask *ask;

	if (!body || !auth_read_text(rq, body, "address", 1, 254, "a mail address", &given))
		return;
	ask = ask_new(module, rq);
	ask->given = given;
	letters = hearth_service(ask->a->h, "letters");
	if (!letters || !letters->reaches(letters->self, SLICE("x@elsewhere.invalid"))) {
		http_reply_problem(rq, 409, "address",
			"a server without a name on the internet sends no mail elsewhere");
		return;
	}
	auth_proof_begin(&ask->proof, ask->a, rq, body, on_password, ask);
}

/* ---- saying yes ---- */

static int confirm(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return subscriber_confirm(tx, ask->hex, clock_wall_ms(), &ask->group);
}

static void on_confirmed(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 };
	struct json_writer w;
	char address[256] = "";

	if (status == HEARTH_ENOTFOUND) {
		http_reply_problem(ask->rq, 404, "token",
			"this link is no longer good: it is used, replaced or a week old");
	} else if (status < 0) {
		reply_failed(ask, status);
	} else {
		auth_address(hearth_config(ask->a->h), slice_str(ask->group.name), address);
		json_writer_init(&w, &out);
		json_open_object(&w);
		json_put_str(&w, "group", address);
		json_close_object(&w);
		http_reply_json(ask->rq, 200, &out);
	}
}

/* The token of the link, as it is stored; NULL: it was answered. */
static struct ask *read_link(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct slice token;
	struct ask *ask;

	if (!body || !auth_secure(rq) ||
		!auth_read_text(rq, body, "token", 1, AUTH_TOKEN_TEXT,
			"the characters behind \"token=\" in the link", &token))
		return NULL;
	ask = ask_new(module, rq);
	auth_token_hash(token, ask->hex);
	return ask;
}

void auth_post_subscribe(void *module, struct http_request *rq)
{
	struct ask *ask = read_link(module, rq);
	int rc = ask ? db_write(ask->a->db, confirm, on_confirmed, ask) : 0;

	if (rc < 0)
		on_confirmed(ask, rc);
}

static int refuse(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return subscriber_refuse(tx, ask->hex, clock_wall_ms());
}

static void on_refused(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else
		on_confirmed(ask, status);
}

void auth_post_refuse(void *module, struct http_request *rq)
{
	struct ask *ask = read_link(module, rq);
	int rc = ask ? db_write(ask->a->db, refuse, on_refused, ask) : 0;

	if (rc < 0)
		on_refused(ask, rc);
}

/* ---- removing, and letting one who is paused have mail again ---- */

static int drop(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = look(tx, ask);

	return rc < 0 ? rc
		      : subscriber_remove(tx, ask->group.id, http_param_int(ask->rq, "subscriber"));
}

static void on_changed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else
		reply_failed(ask, status);
}

static int resume(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = look(tx, ask);

	return rc < 0 ? rc
		      : subscriber_resume(tx, ask->group.id, http_param_int(ask->rq, "subscriber"),
				clock_wall_ms());
}

void auth_post_resume(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_write(ask->a->db, resume, on_changed, ask);

	if (rc < 0)
		on_changed(ask, rc);
}

void auth_delete_subscriber(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_write(ask->a->db, drop, on_changed, ask);

	if (rc < 0)
		on_changed(ask, rc);
}
