/*
 * module.c: the auth module's table of contents: who people are (README.md). Its settings, routes
 * and commands are tables of their own, in the files of these names. On the loop.
 */
#include <sodium.h>

#include "account/resting.h"
#include "account/storage.h"
#include "audit/audit_log.h"
#include "factor/seal.h"
#include "grant/grant.h"
#include "group/group.h"
#include "group/subscriber.h"
#include "hearth/clock.h"
#include "invitation/invitation.h"
#include "password/argon.h"
#include "personal/export.h"
#include "preferences/preferences.h"
#include "profile/profile.h"
#include "registration/register.h"
#include "reset/reset.h"
#include "session/expiry.h"
#include "session/known.h"
#include "session/login_throttle.h"
#include "session/remembered.h"
#include "session/turn.h"
#include "sms/code.h"
#include "sms/sms.h"
#include "sms/sms_queue.h"

#define TIDY_EVERY_MS (INT64_C(3600) * 1000)
#define REST_EVERY_MS 5000 /* twice that at most, and the memory of hashes is given back */

static const struct db_schema schemas[] = {
	{ "auth", auth_migrations },
	{ .name = NULL },
};

/* Nothing to write: the cursor alone moves; what must happen happens on every node. */
static int apply_revoked(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)tx;
	(void)ev;
	(void)prepared;
	return 0;
}

static const struct bus_subscription subscriptions[] = {
	{ .topic = "auth.revoked",
		.name = "auth.sessions",
		.database = "auth",
		.apply = apply_revoked,
		.everywhere = auth_on_revoked },
	{ .topic = ACCOUNTS_TOPIC_EXPORT,
		.name = "auth.exports",
		.database = "auth",
		.apply = auth_on_export },
	{ .topic = "mail.list.bounced",
		.name = "auth.bounced",
		.database = "auth",
		.apply = auth_apply_bounced,
		.after = auth_after_bounced },
	{ .topic = NULL },
};

/* Whether a row names this blob (struct blob_names): each folder knows keys of its own. */
static int blob_named(struct db_tx *tx, const char *key)
{
	int rc = profile_avatar_named(tx, key);

	if (rc == 0)
		rc = preferences_file_named(tx, key);
	return rc != 0 ? rc : auth_export_named(tx, key);
}

static const struct blob_names blobs[] = { { "auth", blob_named }, { .database = NULL } };

static const struct queue_consumer queues[] = {
	{ "auth.sms", "auth", "net", 2, AUTH_SMS_LEASE_MS, AUTH_SMS_ATTEMPTS, auth_sms_handle },
	{ AUTH_QUEUE_EXPORT, "auth", "io", 1, EXPORT_LEASE_MS, EXPORT_ATTEMPTS_MAX,
		auth_export_own },
	{ AUTH_QUEUE_EXPIRE, "auth", "io", 1, AUTH_EXPIRE_LEASE_MS, AUTH_EXPIRE_ATTEMPTS,
		auth_export_expire },
	{ .name = NULL },
};

/* What removes rows whose time is over, each folder its own. Inside a db_fn. */
typedef int expire_fn(struct db_tx *tx, int64_t now_ms);

static expire_fn *const sweep[] = {
	auth_audit_expire,
	auth_store_expire_invitations,
	auth_store_expire_pending,
	auth_reset_expire,
	resting_expire,
	group_expire_invitations,
	subscriber_expire,
	grant_store_expire,
	auth_code_expire,
	auth_store_expire_networks,
	preferences_release_litter,
	auth_export_expire_rows,
};

/* One node of several does it. */
static int expire(struct db_tx *tx, void *arg)
{
	const struct auth *a = arg;
	int64_t now = clock_wall_ms();
	int rc = lease_turn(hearth_leases(a->h), tx, "auth.tidy", TIDY_EVERY_MS, NULL);

	for (size_t i = 0; i < sizeof(sweep) / sizeof(sweep[0]) && rc >= 0; i++)
		rc = sweep[i](tx, now);
	return rc < 0 ? rc : sms_tidy(tx, a->sms);
}

static void give_memory_back(void *unused)
{
	(void)unused;
	argon_rest();
}

static void rest(void *arg)
{
	struct auth *a = arg;

	if (argon_is_keeping())
		job_run(a->hash, give_memory_back, NULL, NULL);
	else
		timer_stop(&a->rest);
}

static void rest_soon(void *arg)
{
	struct auth *a = arg;

	timer_start(&a->rest, REST_EVERY_MS, REST_EVERY_MS, rest, a);
}

/* On a worker that has hashed: the timer runs only while there is something to give back. */
static void on_keeping(void *arg)
{
	exec_post(exec_loop(), rest_soon, arg);
}

static void tidy(void *arg)
{
	const struct auth *a = arg;

	db_write(a->db, expire, NULL, arg);
	subscribers_tell(arg);
}

/* What the server and the commands both need. */
static int start_command(struct hearth *h, void **state)
{
	const struct config *c = hearth_config(h);
	struct auth *a;

	if (sodium_init() < 0)
		return -1;
	a = mem_zalloc(sizeof(*a));
	if (sms_new(c, hearth_data_dir(h), hearth_hostname(h), &a->sms) < 0) {
		free(a);
		return -1;
	}
	a->h = h;
	a->db = hearth_db(h, "auth");
	auth_read_settings(a);
	auth_service_init(a);
	hearth_offer(h, "accounts", &a->service);
	*state = a;
	return 0;
}

static void stop(void *state)
{
	struct auth *a = state;

	argon_when_keeping(NULL, NULL);
	preferences_free(&a->preferences);
	if (a->seal)
		sodium_memzero(a->seal, sizeof(*a->seal));
	free(a->seal);
	login_throttle_free(&a->throttle);
	turns_free(&a->turns);
	remembered_free(&a->remembered);
	auth_elsewhere_free(a);
	sms_free(&a->sms);
	timer_stop(&a->tidy);
	timer_stop(&a->expiry);
	timer_stop(&a->rest);
	free(a);
}

static int prepare(struct auth *a)
{
	a->cache = hearth_cache(a->h);
	a->hash = hearth_pool(a->h, "hash");
	a->seal = mem_zalloc(sizeof(*a->seal));
	if (seal_start(a->seal, a->db, hearth_data_dir(a->h)) < 0)
		return -1;
	a->throttle = login_throttle_new(a);
	a->turns = turns_new();
	a->remembered = remembered_new();
	a->service.keeps_data(a, "auth");
	argon_decoy(a->argon_memory, (uint32_t)a->argon_passes, a->decoy);
	a->preferences = preferences_new(a);
	return a->preferences ? auth_bootstrap(a) : -1;
}

/* The server also sweeps what has expired. */
static int start(struct hearth *h, void **state)
{
	struct auth *a;

	if (start_command(h, state) < 0)
		return -1;
	a = *state;
	if (prepare(a) < 0) {
		stop(a);
		*state = NULL;
		return -1;
	}
	auth_expiry_start(a);
	timer_start(&a->tidy, 0, TIDY_EVERY_MS, tidy, a);
	argon_when_keeping(on_keeping, a);
	return 0;
}

static const char *const offers[] = { "accounts", NULL };

static void drain(void *state)
{
	struct auth *a = state;

	login_throttle_drain(a->throttle);
	sms_drain(a->sms, config_duration_ms(hearth_config(a->h), "server", "drain"));
}

const struct hearth_module auth_module = {
	.name = "auth",
	.checks = &auth_checks,
	.doc = "accounts, passwords, sessions",
	.scope = ACCOUNTS_SCOPE_ACCOUNT,
	.settings = auth_settings,
	.schemas = schemas,
	.routes = auth_routes,
	.subscriptions = subscriptions,
	.queues = queues,
	.blobs = blobs,
	.commands = auth_commands,
	.offers = offers,
	.validate = auth_validate,
	.start = start,
	.start_command = start_command,
	.drain = drain,
	.stop = stop,
};
