/*
 * invitation_api.c: /api/auth/invitations: administrators make invitations, list them, take them
 * back. On the loop, but for what runs in the database.
 */
#include <sodium.h>

#include "account/reserved.h"
#include "audit/audit_log.h"
#include "factor/proof.h"
#include "group/group.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/text.h"
#include "invitation/invitation.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     200
#define DAY_MS       (INT64_C(24) * 3600 * 1000)

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	struct auth_invitation in;
	int64_t before, limit;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	struct auth_proof proof; /* of one that gives rights */
	struct strbuf out;
	struct json_writer w;
};

void auth_invitation_link(const struct hearth *h, const char *secret, struct strbuf *out)
{
	hearth_url(h, out);
	strbuf_printf(out, "#register?invitation=%s", secret);
}

static void write_invitation(struct json_writer *w, const struct auth_invitation *in)
{
	json_put_i64(w, "id", in->id);
	json_put_str(w, "role", auth_role_name(in->role));
	json_put_str(w, "address", in->address[0] ? in->address : NULL);
	json_name(w, "groups");
	json_open_array(w);
	for (size_t i = 0; i < in->group_count; i++)
		json_i64(w, in->groups[i]);
	json_close_array(w);
	json_put_i64(w, "uses_left", in->uses_left);
	json_put_i64(w, "created_at", in->created_ms);
	json_put_i64(w, "expires_at", in->expires_ms);
	if (in->made_by)
		json_put_i64(w, "made_by", in->made_by);
	json_put_str(w, "note", in->note);
}

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a, .rq = rq, .before = INT64_MAX, .limit = PAGE_DEFAULT };
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* ---- GET ---- */

static void list_one(void *arg, const struct auth_invitation *in)
{
	struct ask *ask = arg;

	json_open_object(&ask->w);
	write_invitation(&ask->w, in);
	json_close_object(&ask->w);
}

static int list(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc;

	strbuf_reset(&ask->out);
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	json_name(&ask->w, "invitations");
	json_open_array(&ask->w);
	rc = auth_store_list_invitations(
		tx, clock_wall_ms(), ask->before, ask->limit, list_one, ask);
	json_close_array(&ask->w);
	json_close_object(&ask->w);
	return rc;
}

static void on_list(void *arg, int status)
{
	struct ask *ask = arg;

	auth_reply_written(ask->rq, status, &ask->out);
}

void auth_get_invitations(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct ask *ask = ask_new(a, rq);
	int rc;

	if (!auth_read_number(rq, "before", INT64_MAX, &ask->before) ||
		!auth_read_number(rq, "limit", PAGE_MAX, &ask->limit))
		return;
	rc = db_read(a->db, list, on_list, ask);
	if (rc < 0)
		on_list(ask, rc);
}

/* ---- POST ---- */

/* "role", "address" and "reserved", all optional. */
static bool read_whom(struct ask *ask, const struct json *body)
{
	struct slice role = SLICE("member"), address = { 0 };
	bool reserved = false;

	if (json_get_text(body, "role", &role) == HEARTH_EINVAL ||
		auth_role_read(role, &ask->in.role) < 0) {
		http_reply_problem(
			ask->rq, 400, "role", "expected member, moderator or administrator");
		return false;
	}
	if (json_get_text(body, "address", &address) == HEARTH_EINVAL ||
		(address.p &&
			(auth_address(hearth_config(ask->a->h), address, ask->in.address) < 0 ||
				!auth_address_is_local(
					hearth_config(ask->a->h), ask->in.address)))) {
		http_reply_problem(ask->rq, 400, "address",
			"expected an address of this server, such as name@%s, or nothing for any",
			hearth_hostname(ask->a->h));
		return false;
	}
	if (json_get_bool(body, "reserved", &reserved) == HEARTH_EINVAL) {
		http_reply_problem(ask->rq, 400, "reserved", "expected true or false");
		return false;
	}
	if (ask->in.role != AUTH_ADMINISTRATOR && !reserved &&
		reserved_for_system(slice_str(ask->in.address))) {
		http_reply_problem(ask->rq, 400, "address",
			RESERVED_WHY "; send \"reserved\": true if it is meant");
		return false;
	}
	return true;
}

static bool read_groups(struct ask *ask, const struct json *body)
{
	const struct json *groups = json_get(body, "groups");
	bool good = !groups || groups->type == JSON_NULL ||
		    (groups->type == JSON_ARRAY && groups->count <= AUTH_INVITATION_GROUPS);

	for (const struct json *g = good && groups ? groups->child : NULL; g && good; g = g->next) {
		good = json_as_i64(g, 1, INT64_MAX, &ask->in.groups[ask->in.group_count]) == 0;
		ask->in.group_count++;
	}
	if (!good)
		http_reply_problem(ask->rq, 400, "groups", "expected at most %d numbers of groups",
			AUTH_INVITATION_GROUPS);
	return good;
}

/* "uses", "expires_days" and "note", all optional. */
static bool read_limits(struct ask *ask, const struct json *body)
{
	struct slice note = { 0 };
	int64_t days = AUTH_INVITATION_DAYS;

	ask->in.uses_left = 1;
	if (json_get_i64(body, "uses", 1, AUTH_INVITATION_USES_MAX, &ask->in.uses_left) ==
		HEARTH_EINVAL) {
		http_reply_problem(ask->rq, 400, "uses", "expected a number from 1 to %d",
			AUTH_INVITATION_USES_MAX);
		return false;
	}
	if (json_get_i64(body, "expires_days", 1, AUTH_INVITATION_DAYS_MAX, &days) ==
		HEARTH_EINVAL) {
		http_reply_problem(ask->rq, 400, "expires_days",
			"expected a number of days from 1 to %d", AUTH_INVITATION_DAYS_MAX);
		return false;
	}
	if (json_get_text(body, "note", &note) == HEARTH_EINVAL ||
		note.n > AUTH_INVITATION_NOTE_MAX || memchr(note.p ? note.p : "", 0, note.n)) {
		http_reply_problem(ask->rq, 400, "note", "expected a text of at most %d bytes",
			AUTH_INVITATION_NOTE_MAX);
		return false;
	}
	if (note.p)
		memcpy(ask->in.note, note.p, note.n);
	ask->in.created_ms = clock_wall_ms();
	ask->in.expires_ms = ask->in.created_ms + days * DAY_MS;
	return true;
}

static int make(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	struct group group;
	int rc = 0;

	for (size_t i = 0; i < ask->in.group_count && rc == 0; i++)
		rc = group_get(tx, ask->in.groups[i], &group);
	ask->proof.outcome = PROOF_DONE;
	if (rc == 0 && ask->in.role != AUTH_MEMBER)
		rc = auth_proof_take(tx, &ask->proof);
	if (rc == 0 && !auth_proof_done(&ask->proof))
		return 0;
	if (rc == 0)
		rc = auth_store_add_invitation(tx, &ask->in, ask->hex, &ask->in.id);
	return rc == 0 ? auth_audit(tx, ask->in.made_by, "invitation.made",
				 http_peer(ask->rq)->peer, auth_device(ask->rq), NULL)
		       : rc;
}

static void on_made(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 }, link = { 0 };
	struct json_writer w;

	if (status == HEARTH_ENOTFOUND) {
		http_reply_problem(ask->rq, 400, "groups", "expected numbers of groups there are");
		return;
	}
	if (status == HEARTH_ETOOBIG) {
		http_reply_problem(ask->rq, 409, NULL,
			"there are too many invitations (%d by one administrator, %d in all): "
			"delete some first",
			AUTH_INVITATIONS_BY_ONE, AUTH_INVITATIONS_MAX);
		return;
	}
	if (status != 0) {
		http_reply_error(ask->rq, status);
		return;
	}
	if (auth_proof_refuse(&ask->proof))
		return;
	auth_invitation_link(ask->a->h, ask->secret, &link);
	json_writer_init(&w, &out);
	json_open_object(&w);
	write_invitation(&w, &ask->in);
	json_put_str(&w, "secret", ask->secret);
	json_put_text(&w, "link", strbuf_slice(&link));
	json_close_object(&w);
	sodium_memzero(link.p, link.n);
	strbuf_free(&link);
	sodium_memzero(ask->secret, sizeof(ask->secret));
	http_reply_json(ask->rq, 201, &out);
}

void auth_post_invitations(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct ask *ask;
	int rc;

	if (!body || !auth_secure(rq))
		return;
	ask = ask_new(a, rq);
	ask->in.made_by = http_account(rq)->id;
	if (!read_whom(ask, body) || !read_groups(ask, body) || !read_limits(ask, body) ||
		!auth_proof_read(&ask->proof, a, rq, body))
		return;
	auth_token_make(ask->secret, ask->hex);
	rc = db_write(a->db, make, on_made, ask);
	if (rc < 0)
		on_made(ask, rc);
}

/* ---- DELETE ---- */

static int delete_one(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return auth_store_delete_invitation(tx, ask->in.id);
}

static void on_deleted(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else
		http_reply_error(ask->rq, status);
}

void auth_delete_invitation(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct ask *ask = ask_new(a, rq);
	int rc;

	ask->in.id = http_param_int(rq, "id");
	rc = db_write(a->db, delete_one, on_deleted, ask);
	if (rc < 0)
		on_deleted(ask, rc);
}
