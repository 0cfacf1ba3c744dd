/*
 * alias_api.c: /api/auth/aliases, for administrators: listing, adding and removing (alias.h). Whom an
 * address reaches changes only with the password once more, and a code of a second factor where there is
 * one (factor/proof.h): else a stolen session would read everybody's mail. On the loop, but for what runs
 * in the database.
 */
#include <stdio.h>

#include "alias/alias.h"
#include "factor/proof.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/session.h"

#define PAGE_DEFAULT 200
#define PAGE_MAX     1000

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	struct alias alias, after;
	char (*targets)[256];
	size_t n;
	int64_t limit, count;
	struct slice part;
	struct strbuf out;
	struct json_writer w;
	db_fn *change; /* once it is proven who asks, in the same transaction */
	struct auth_proof proof;
	bool proven;
};

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a, .rq = rq, .limit = PAGE_DEFAULT };
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

/* ---- GET ?search=&after=&limit= ---- */

static void write_alias(void *arg, const struct alias *al)
{
	struct ask *ask = arg;
	struct json_writer *w = &ask->w;

	/* One more than the page is asked for: it tells that there is a next one. */
	if (ask->count++ == ask->limit)
		return;
	ask->alias = *al;
	json_open_object(w);
	json_put_i64(w, "id", al->id);
	json_put_str(w, "address", al->address);
	json_put_str(w, "target", al->target);
	json_put_bool(w, "may_write", al->may_write);
	json_put_i64(w, "created_at", al->created_ms);
	json_close_object(w);
}

static int get_row(struct db_rows *rows, void *arg)
{
	struct alias *al = arg;

	snprintf(al->address, sizeof(al->address), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* The page after row `after`, where that is still there; else from the beginning. */
static int list(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = db_each(tx, get_row, &ask->after, "SELECT address FROM alias WHERE id = $1",
		db_int(ask->after.id));

	strbuf_reset(&ask->out);
	ask->count = 0;
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	json_name(&ask->w, "aliases");
	json_open_array(&ask->w);
	if (rc == 0)
		rc = alias_list(
			tx, ask->part, &ask->after, (size_t)ask->limit + 1, write_alias, ask);
	json_close_array(&ask->w);
	if (ask->count > ask->limit)
		json_put_i64(&ask->w, "next", ask->alias.id);
	json_close_object(&ask->w);
	return rc;
}

static void on_list(void *arg, int status)
{
	struct ask *ask = arg;

	auth_reply_written(ask->rq, status, &ask->out);
}

void auth_get_aliases(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct ask *ask = ask_new(a, rq);
	int rc;

	ask->part = http_query(rq, "search");
	if (ask->part.n > 254) {
		http_reply_problem(rq, 400, "search", "expected a part of an address");
		return;
	}
	if (!auth_read_number(rq, "after", INT64_MAX, &ask->after.id) ||
		!auth_read_number(rq, "limit", PAGE_MAX, &ask->limit))
		return;
	rc = db_read(a->db, list, on_list, ask);
	if (rc < 0)
		on_list(ask, rc);
}

/* ---- changes ---- */

static int prove_and_change(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = auth_store_still_held(tx, http_account(ask->rq));

	if (rc == 0)
		rc = auth_proof_take(tx, &ask->proof);
	ask->proven = rc == 0 && auth_proof_done(&ask->proof);
	return ask->proven ? ask->change(tx, ask) : rc;
}

static void on_changed(void *arg, int status);

static void on_password(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && (status = db_write(ask->a->db, prove_and_change, on_changed, ask)) < 0)
		on_changed(ask, status);
}

static void change(struct ask *ask, const struct json *body, db_fn *fn)
{
	ask->change = fn;
	auth_proof_begin(&ask->proof, ask->a, ask->rq, body, on_password, ask);
}

/* ---- POST {"address", "targets", "may_write", "password", "code"} ---- */

/* All of its targets or none. */
static int add(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = 0;

	for (size_t i = 0; i < ask->n && rc == 0; i++) {
		snprintf(ask->alias.target, sizeof(ask->alias.target), "%s", ask->targets[i]);
		rc = alias_add(tx, ask->a, &ask->alias, clock_wall_ms());
	}
	return rc;
}

static void answer_added(struct ask *ask, int status)
{
	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else if (status == HEARTH_EEXIST)
		http_reply_problem(ask->rq, 409, "address",
			"an account or a group has this name, or it leads there already");
	else if (status == HEARTH_ECONFLICT)
		http_reply_problem(ask->rq, 409, "address",
			"somebody had this name not long ago; free it first");
	else if (status == HEARTH_EDENIED)
		http_reply_problem(ask->rq, 409, "targets", "it would lead back to itself");
	else if (status == HEARTH_ETOOBIG)
		http_reply_problem(ask->rq, 409, NULL, "there are too many");
	else if (status == HEARTH_ENOTFOUND)
		http_reply_problem(ask->rq, 400, "targets",
			"the domain is none of ours, or nobody has one of the targets");
	else if (status == HEARTH_EINVAL)
		http_reply_problem(ask->rq, 400, "targets",
			"a domain is an alias of one of [mail] domains, and of nothing else");
	else
		http_reply_error(ask->rq, status);
}

static bool read_targets(struct ask *ask, const struct json *targets)
{
	const struct config *config = hearth_config(ask->a->h);

	if (!targets || targets->type != JSON_ARRAY || targets->count == 0 ||
		targets->count > ALIAS_TARGETS)
		return false;
	ask->targets = arena_zalloc(http_arena(ask->rq), targets->count * sizeof(*ask->targets));
	for (const struct json *it = targets->child; it; it = it->next)
		if (it->type != JSON_STRING ||
			alias_target(config, it->text, ask->targets[ask->n++]) < 0)
			return false;
	return true;
}

void auth_post_alias(void *module, struct http_request *rq)
{
	struct auth *a = module;
	const struct json *body = http_body_json(rq);
	struct ask *ask;
	struct slice address;

	if (!body ||
		!auth_read_text(rq, body, "address", 2, 254, "an address or @domain", &address))
		return;
	ask = ask_new(a, rq);
	if (alias_address(hearth_config(a->h), address, ask->alias.address) < 0) {
		http_reply_problem(rq, 400, "address", "expected an address, or @domain");
		return;
	}
	if (!read_targets(ask, json_get(body, "targets"))) {
		http_reply_problem(rq, 400, "targets",
			"expected 1 to %d addresses, or [\"@domain\"]", ALIAS_TARGETS);
		return;
	}
	if (json_get(body, "may_write") &&
		json_get_bool(body, "may_write", &ask->alias.may_write) < 0) {
		http_reply_problem(rq, 400, "may_write", "expected true or false");
		return;
	}
	change(ask, body, add);
}

/* ---- DELETE …/{id} {"password", "code"} ---- */

static int drop(struct db_tx *tx, void *arg)
{
	const struct ask *ask = arg;

	return alias_remove(tx, &ask->alias, clock_wall_ms(), ask->a->address_rest_ms);
}

static void on_changed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && auth_proof_refuse(&ask->proof))
		return;
	if (status < 0 && !ask->proven)
		http_reply_error(ask->rq, status);
	else if (status == HEARTH_ENOTFOUND && ask->change == drop)
		http_reply_problem(ask->rq, 404, NULL, "there is no such alias");
	else
		answer_added(ask, status);
}

void auth_delete_alias(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);

	ask->alias.id = http_param_int(rq, "id");
	change(ask, NULL, drop);
}
