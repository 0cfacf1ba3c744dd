/*
 * export.c: asking for one's own data, and how that stands; and what the modules hand in.
 * On the loop; what modules call is on workers.
 */
#include "personal/export.h"

#include <stdio.h>

#include "audit/audit_log.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"
#include "session/session.h"

/* ---- the service interface ---- */

static void keeps_data(void *self, const char *module)
{
	struct auth *a = self;

	INVARIANT(a->keeping_count < AUTH_KEEPING_MAX);
	a->keeping[a->keeping_count++] = module;
}

struct handing_in {
	struct auth *a;
	int64_t export;
	const char *module;
	int attempt;
	const struct export_file *files;
	size_t n;
};

static int begin_part(struct db_tx *tx, void *arg)
{
	const struct handing_in *in = arg;

	return auth_export_begin(tx, in->export, slice_str(in->module), in->attempt);
}

/* That it was handed in already is for the maker the same as not to be wanted. */
static int export_begin_wait(void *self, int64_t export, const char *module, int attempt)
{
	struct handing_in in = {
		.a = self, .export = export, .module = module, .attempt = attempt
	};
	int rc = db_write_wait(in.a->db, begin_part, &in);

	return rc == HEARTH_EEXIST ? HEARTH_ENOTFOUND : rc;
}

static int take_part(struct db_tx *tx, void *arg)
{
	const struct handing_in *in = arg;

	return auth_export_part(
		tx, in->a, in->export, in->module, in->files, in->n, clock_wall_ms());
}

static int export_part_wait(
	void *self, int64_t export, const char *module, const struct export_file *files, size_t n)
{
	struct handing_in in = {
		.a = self, .export = export, .module = module, .files = files, .n = n
	};

	return db_write_wait(in.a->db, take_part, &in);
}

void auth_export_service(struct auth *a)
{
	a->service.keeps_data = keeps_data;
	a->service.export_begin_wait = export_begin_wait;
	a->service.export_part_wait = export_part_wait;
}

/* ---- HTTP ---- */

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	int64_t account;
	char peer[64];
	struct slice device;
	int status; /* of the answer */
	struct auth_export export;
	struct strbuf out;
	struct json_writer w;
};

static struct ask *ask_new(struct auth *a, struct http_request *rq, int status)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	ask->a = a;
	ask->rq = rq;
	ask->status = status;
	ask->account = http_account(rq)->id;
	snprintf(ask->peer, sizeof(ask->peer), "%s", http_peer(rq)->peer);
	ask->device = arena_slice(http_arena(rq), auth_device(rq));
	http_set_header(rq, "Cache-Control", "no-store");
	return ask;
}

static const char *state_of(const struct auth_export *e, int64_t now_ms)
{
	bool over = e->closed_at || e->expires_at <= now_ms;

	return e->ready_at ? (over ? "expired" : "ready") : over ? "failed" : "making";
}

static void write_waiting(void *arg, struct slice module, int64_t attempts, bool done)
{
	struct ask *ask = arg;

	(void)attempts;
	if (!done)
		json_text(&ask->w, module);
}

static int write_export(struct db_tx *tx, struct ask *ask)
{
	const struct auth_export *e = &ask->export;
	struct json_writer *w = &ask->w;
	char url[64];
	int rc;

	snprintf(url, sizeof(url), "/api/auth/export/%lld", (long long)e->id);
	json_open_object(w);
	json_put_i64(w, "id", e->id);
	json_put_str(w, "state", state_of(e, clock_wall_ms()));
	json_put_i64(w, "asked_at", e->asked_at);
	json_name(w, "waiting_for");
	json_open_array(w);
	rc = auth_export_waiting(tx, e->id, write_waiting, ask);
	json_close_array(w);
	if (e->ready_at) {
		json_put_i64(w, "ready_at", e->ready_at);
		json_put_i64(w, "expires_at", e->expires_at);
		json_put_i64(w, "size", e->size);
		json_put_str(w, "url", url);
	}
	json_close_object(w);
	return rc;
}

/* {"export": the latest, or null} */
static int write_answer(struct db_tx *tx, struct ask *ask)
{
	int rc = auth_export_latest(tx, ask->account, &ask->export);

	if (rc < 0 && rc != HEARTH_ENOTFOUND)
		return rc;
	strbuf_reset(&ask->out);
	json_writer_init(&ask->w, &ask->out);
	json_open_object(&ask->w);
	json_name(&ask->w, "export");
	if (rc == 0)
		rc = write_export(tx, ask);
	else
		json_null(&ask->w);
	json_close_object(&ask->w);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static void on_written(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0) {
		http_reply_json(ask->rq, ask->status, &ask->out);
		return;
	}
	strbuf_free(&ask->out);
	if (status == HEARTH_ECONFLICT) {
		http_reply_problem(ask->rq, 409, NULL, "an export is being made already");
	} else if (status == HEARTH_EBUSY) {
		http_set_header(ask->rq, "Retry-After", "86400");
		http_reply_problem(ask->rq, 429, NULL,
			"that was asked for %lld times within 24 hours; try again later",
			(long long)ask->a->exports_per_day);
	} else {
		http_reply_error(ask->rq, status);
	}
}

static int add(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = auth_export_add(tx, ask->a, ask->account, clock_wall_ms(), &ask->export);

	if (rc == 0)
		rc = auth_audit(tx, ask->account, "export.asked", ask->peer, ask->device, NULL);
	return rc == 0 ? write_answer(tx, ask) : rc;
}

static void on_confirmed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0 && db_write(ask->a->db, add, on_written, ask) < 0)
		http_reply_error(ask->rq, HEARTH_EBUSY);
}

bool auth_export_allowed(struct http_request *rq)
{
	static const unsigned parts[] = { ACCOUNTS_SCOPE_ACCOUNT, ACCOUNTS_SCOPE_MAIL,
		ACCOUNTS_SCOPE_VIDEO, ACCOUNTS_SCOPE_GAME };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!accounts_scope_allows(http_account(rq)->scopes, parts[i], true)) {
			http_reply_problem(rq, 403, NULL,
				"an export has everything in it, and the scopes of this token "
				"do not allow all of that");
			return false;
		}
	return true;
}

static bool has_room(struct http_request *rq)
{
	if (!room_left())
		http_reply_problem(rq, 507, NULL, "the server's disk is full; delete something");
	return room_left();
}

void auth_post_export(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);

	if (body && auth_export_allowed(rq) && has_room(rq))
		auth_reauthenticate(
			module, rq, body, "password", on_confirmed, ask_new(module, rq, 202));
}

static int read_state(struct db_tx *tx, void *arg)
{
	return write_answer(tx, arg);
}

void auth_get_export(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq, 200);

	if (db_read(ask->a->db, read_state, on_written, ask) < 0)
		http_reply_error(rq, HEARTH_EBUSY);
}
