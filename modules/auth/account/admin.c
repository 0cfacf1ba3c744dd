/*
 * admin.c: /api/auth/accounts: administrators look through the accounts and change them. Moderators
 * look, and disable and enable members. And the word that lets somebody have a name that rests.
 * On the loop, but for what runs in the database.
 */
#include "account/admin.h"
#include "account/resting.h"

#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/session.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     200
#define QUOTA_MAX    (INT64_C(1) << 50) /* bytes */

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	int64_t id, after, limit, count;
	struct slice part;
	struct auth_change change;
	struct auth_listed found;
	struct auth_proof proof; /* of what gives rights */
	struct strbuf out;
	struct json_writer w;
};

static void write_listed(struct json_writer *w, const struct auth_listed *listed)
{
	json_open_object(w);
	auth_write_account(w, &listed->account);
	json_put_bool(w, "disabled", listed->account.disabled);
	json_put_i64(w, "quota", listed->account.quota);
	json_put_bool(w, "own_quota", listed->own_quota);
	json_put_i64(w, "created_at", listed->created_ms);
	json_close_object(w);
}

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a, .rq = rq, .limit = PAGE_DEFAULT };
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* ---- GET /api/auth/accounts?search=&after=&limit= ---- */

/* One more than the page is asked for: it tells that there is a next one. */
static bool list_one(void *arg, const struct auth_listed *listed)
{
	struct ask *ask = arg;

	if (ask->count++ == ask->limit)
		return false;
	ask->after = listed->account.id;
	write_listed(&ask->w, listed);
	return true;
}

static int list(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc;

	strbuf_reset(&ask->out);
	ask->count = 0;
	ask->after = ask->id;
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	json_name(&ask->w, "accounts");
	json_open_array(&ask->w);
	rc = auth_store_list_accounts(tx, ask->id, ask->part, list_one, ask);
	json_close_array(&ask->w);
	if (ask->count > ask->limit)
		json_put_i64(&ask->w, "next", ask->after);
	json_close_object(&ask->w);
	return rc;
}

static void on_list(void *arg, int status)
{
	struct ask *ask = arg;

	auth_reply_written(ask->rq, status, &ask->out);
}

void auth_get_accounts(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct ask *ask = ask_new(a, rq);
	struct slice search = http_query(rq, "search");
	char *part;
	int rc;

	if (search.n > 254) {
		http_reply_problem(rq, 400, "search", "expected a part of an address");
		return;
	}
	if (!auth_read_number(rq, "after", INT64_MAX, &ask->id) ||
		!auth_read_number(rq, "limit", PAGE_MAX, &ask->limit))
		return;
	/* Addresses are kept in lower case. */
	part = arena_alloc(http_arena(rq), search.n + 1);
	for (size_t i = 0; i < search.n; i++) {
		char c = search.p[i];

		part[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	ask->part = slice_of(part, search.n);
	rc = db_read(a->db, list, on_list, ask);
	if (rc < 0)
		on_list(ask, rc);
}

/* ---- GET and PATCH /api/auth/accounts/{id} ---- */

static int get(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return auth_store_get_listed(tx, ask->id, &ask->found);
}

/* A moderator stands above members only. */
static int may_change(struct db_tx *tx, const struct ask *ask)
{
	struct account account;
	int rc = auth_store_get(tx, ask->id, &account);

	if (rc < 0 || http_account(ask->rq)->admin)
		return rc;
	return auth_role_of(&account) == AUTH_MEMBER ? 0 : HEARTH_EDENIED;
}

/* Who makes somebody a moderator or administrator opens a way in to all that they may. */
static int prove(struct db_tx *tx, struct ask *ask)
{
	struct account account;
	int rc;

	ask->proof.outcome = PROOF_DONE;
	if (!ask->change.role_given)
		return 0;
	rc = auth_store_get(tx, ask->id, &account);
	return rc == 0 && ask->change.role > auth_role_of(&account)
		       ? auth_proof_take(tx, &ask->proof)
		       : rc;
}

static int patch(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = may_change(tx, ask);

	if (rc == 0)
		rc = prove(tx, ask);
	if (rc == 0 && !auth_proof_done(&ask->proof))
		return 0;
	if (rc == 0)
		rc = auth_store_change(tx, ask->id, &ask->change, http_account(ask->rq));
	return rc == 0 ? get(tx, arg) : rc;
}

static void on_account(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 };
	struct json_writer w;

	if (status == 0 && auth_proof_refuse(&ask->proof))
		return;
	if (status == 0) {
		json_writer_init(&w, &out);
		write_listed(&w, &ask->found);
		http_reply_json(ask->rq, 200, &out);
	} else if (status == HEARTH_EDENIED) {
		http_reply_problem(ask->rq, 403, NULL,
			"moderators disable members, not moderators and administrators");
	} else if (status == HEARTH_ECONFLICT) {
		http_reply_problem(ask->rq, 409, ask->change.role_given ? "role" : "disabled",
			"this is the last administrator; make another one first");
	} else {
		http_reply_error(ask->rq, status);
	}
}

void auth_get_account(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct ask *ask = ask_new(a, rq);
	int rc;

	ask->id = http_param_int(rq, "id");
	rc = db_read(a->db, get, on_account, ask);
	if (rc < 0)
		on_account(ask, rc);
}

/* Members that are there change; "quota": null takes the default again. */
static bool read_change(struct ask *ask, const struct json *body)
{
	struct auth_change *change = &ask->change;
	const struct json *quota = json_get(body, "quota");
	struct slice role = { 0 };

	change->role_given = json_get(body, "role") != NULL;
	change->disabled_given = json_get(body, "disabled") != NULL;
	change->quota_given = quota != NULL;
	change->quota = -1;
	if (change->role_given &&
		(json_get_text(body, "role", &role) < 0 || auth_role_read(role, &change->role) < 0))
		http_reply_problem(
			ask->rq, 400, "role", "expected member, moderator or administrator");
	else if (change->disabled_given && json_get_bool(body, "disabled", &change->disabled) < 0)
		http_reply_problem(ask->rq, 400, "disabled", "expected true or false");
	else if (quota && quota->type != JSON_NULL &&
		 json_get_i64(body, "quota", 0, QUOTA_MAX, &change->quota) < 0)
		http_reply_problem(ask->rq, 400, "quota",
			"expected a number of bytes (0: no bound), or null for the default");
	else if (!change->role_given && !change->disabled_given && !change->quota_given)
		http_reply_problem(ask->rq, 400, NULL, "expected some of role, disabled and quota");
	else
		return true;
	return false;
}

void auth_patch_account(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct ask *ask;
	int rc;

	if (!body)
		return;
	ask = ask_new(a, rq);
	ask->id = http_param_int(rq, "id");
	if (!read_change(ask, body) || !auth_proof_read(&ask->proof, a, rq, body))
		return;
	if (!http_account(rq)->admin && (ask->change.role_given || ask->change.quota_given)) {
		http_reply_problem(rq, 403, ask->change.role_given ? "role" : "quota",
			"this is for administrators");
		return;
	}
	rc = db_write(a->db, patch, on_account, ask);
	if (rc < 0)
		on_account(ask, rc);
}

/* ---- POST /api/auth/addresses/free ---- */

struct freeing {
	struct auth *a;
	struct http_request *rq;
	char address[256];
};

static int free_address(struct db_tx *tx, void *arg)
{
	const struct freeing *f = arg;

	return resting_free(tx, f->address, clock_wall_ms());
}

static void on_freed(void *arg, int status)
{
	struct freeing *f = arg;

	if (status == 0)
		http_reply_empty(f->rq, 204);
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(f->rq, 404, "address", "this address does not rest");
	else
		http_reply_error(f->rq, status);
}

/* Who has the address next gets the mail of who had it: that is for nobody with a stolen session. */
static void on_free_proven(void *arg, int status)
{
	struct freeing *f = arg;

	if (status == 0 && (status = db_write(f->a->db, free_address, on_freed, f)) < 0)
		on_freed(f, status);
}

void auth_post_free(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct freeing *f;
	struct slice address;

	if (!body || !auth_read_text(rq, body, "address", 1, 254, "an address", &address))
		return;
	f = ARENA_NEW(http_arena(rq), struct freeing);
	*f = (struct freeing){ .a = a, .rq = rq };
	if (auth_address(hearth_config(a->h), address, f->address) < 0)
		http_reply_problem(rq, 400, "address", "expected the address of who had it");
	else
		auth_prove(a, rq, body, on_free_proven, f);
}
