/*
 * storage.c: GET /api/auth/me/storage and /api/auth/accounts/{id}/storage (storage.h): the modules
 * are asked one after the other on a worker of "io", each with a read of its own.
 */
#include "account/storage.h"

#include "account/account.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "preferences/preferences.h"

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	struct account account;
	int64_t used[AUTH_KEEPING_MAX];
	int status;
};

static void counts_storage(
	void *self, const char *module, accounts_storage_fn *used_wait, void *arg)
{
	struct auth *a = self;

	if (a->counting_count == AUTH_KEEPING_MAX) {
		log_error("auth", "too many modules count storage", "module", "%s", module, NULL);
		return;
	}
	a->counting[a->counting_count].module = module;
	a->counting[a->counting_count].used_wait = used_wait;
	a->counting[a->counting_count].kept = auth_kept_new();
	a->counting[a->counting_count++].arg = arg;
}

struct own {
	const int64_t *accounts;
	size_t n;
	int64_t *bytes;
};

static int sum_own(struct db_tx *tx, void *arg)
{
	const struct own *own = arg;
	int rc = 0;

	for (size_t i = 0; i < own->n && rc == 0; i++)
		rc = preferences_files_size(tx, own->accounts[i], &own->bytes[i]);
	return rc;
}

/*
 * This module's own part: attachments of the preferences. An export that can still be fetched is no
 * part of it: it is a copy of what is counted, there is one at a time, it goes by itself, and for
 * asking for it nobody's mail is to be refused.
 */
static int own_storage(void *db, const int64_t *accounts, size_t n, int64_t *bytes)
{
	return db_read_wait(db, sum_own, &(struct own){ accounts, n, bytes });
}

void auth_storage_service(struct auth *a)
{
	a->service.counts_storage = counts_storage;
	auth_elsewhere_service(a);
	counts_storage(a, "auth", own_storage, a->db);
}

int auth_storage_wait(const struct auth *a, int i, int64_t account, int64_t *bytes)
{
	*bytes = 0;
	INVARIANT(i < a->counting_count && account > 0);
	return a->counting[i].used_wait(a->counting[i].arg, &account, 1, bytes);
}

static int find(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return auth_store_get(tx, ask->account.id, &ask->account);
}

static void count(void *arg)
{
	struct ask *ask = arg;

	ask->status = db_read_wait(ask->a->db, find, ask);
	for (int i = 0; i < ask->a->counting_count && ask->status == 0; i++)
		ask->status = auth_storage_wait(ask->a, i, ask->account.id, &ask->used[i]);
}

static void on_counted(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 };
	struct json_writer w;
	int64_t sum = 0;

	if (status == 0)
		status = ask->status;
	if (status < 0) {
		http_reply_error(ask->rq, status);
		return;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_name(&w, "quota");
	if (ask->account.quota)
		json_i64(&w, ask->account.quota);
	else
		json_null(&w);
	json_name(&w, "modules");
	json_open_object(&w);
	for (int i = 0; i < ask->a->counting_count; i++) {
		json_put_i64(&w, ask->a->counting[i].module, ask->used[i]);
		sum += ask->used[i];
	}
	json_close_object(&w);
	json_put_i64(&w, "used", sum);
	json_close_object(&w);
	http_reply_json(ask->rq, 200, &out);
}

static void begin(struct auth *a, struct http_request *rq, int64_t account)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);
	int rc;

	*ask = (struct ask){ .a = a, .rq = rq, .account = { .id = account } };
	http_set_header(rq, "Cache-Control", "no-store");
	rc = job_run(hearth_pool(a->h, "io"), count, on_counted, ask);
	if (rc < 0)
		on_counted(ask, rc);
}

void auth_get_storage(void *module, struct http_request *rq)
{
	begin(module, rq, http_param_int(rq, "id"));
}

void auth_get_my_storage(void *module, struct http_request *rq)
{
	begin(module, rq, http_account(rq)->id);
}
