/*
 * module.c: the mail module's table of contents (README.md).
 *
 * On the main thread while it starts and stops, else on the loop. Its bounds are the settings.
 */
#include <stdlib.h>

#include "address/srs.h"
#include "address/verp.h"
#include "api/notify_page.h"
#include "delivery/letters.h"
#include "dns/dns_state.h"
#include "hearth/error.h"
#include "hearth/export.h"
#include "hearth/json.h"
#include "hearth/metric.h"
#include "hearth/secret.h"
#include "imap/session/imap_copy_undo.h"
#include "imap/session/imap_session.h"
#include "list/leave.h"
#include "list/list.h"
#include "mail.h"
#include "notify.h"
#include "personal/personal.h"
#include "personal/preferences.h"
#include "policy/sts.h"
#include "queue/orders.h"
#include "report/send.h"
#include "search/index.h"
#include "sign/keyring.h"
#include "sign/keys.h"
#include "smtp/smtp_session.h"
#include "store/blob_gc.h"
#include "store/store.h"

static const struct db_schema schemas[] = {
	{ "mail", mail_migrations },
	{ "mail_search", mail_search_migrations },
	{ .name = NULL },
};

/* A command has changed the queue: who runs it looks. */
static int queue_event_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)tx;
	(void)ev;
	(void)prepared;
	return 0;
}

static void queue_event_heard(void *module, const struct bus_event *ev)
{
	const struct mail *m = module;

	(void)ev;
	mail_queue_retry(m->queue);
}

/* A key was made, or is in another state: what is in memory of them is read anew. */
static void keys_event_heard(void *module, const struct bus_event *ev)
{
	const struct mail *m = module;

	(void)ev;
	mail_keys_changed(m->keys);
}

static void reports_event_heard(void *module, const struct bus_event *ev)
{
	const struct mail *m = module;

	(void)ev;
	reports_now(m->reports);
}

static const struct bus_subscription subscriptions[] = {
	{ .topic = ACCOUNTS_TOPIC_EXPORT,
		.name = "mail.exports",
		.database = "mail",
		.apply = mail_on_export },
	{ .topic = ACCOUNTS_TOPIC_DELETED,
		.name = "mail.accounts",
		.database = "mail",
		.apply = mail_on_deleted },
	{ .topic = ACCOUNTS_TOPIC_PREFERENCES,
		.name = "mail.preferences",
		.database = "mail",
		.prepare = mail_preferences_prepare,
		.apply = mail_preferences_apply },
	{ .topic = "auth.group.changed",
		.name = "mail.groups",
		.database = "mail",
		.apply = mail_list_on_group },
	{ .topic = "mail.content",
		.name = "mail.search",
		.database = "mail_search",
		.prepare = mail_search_prepare,
		.apply = mail_search_apply,
		.gathers = true },
	{ .topic = "mail.forgotten",
		.name = "mail.discard",
		.database = "mail",
		.apply = mail_discard_apply,
		.gathers = true },
	{ .topic = "mail.content",
		.name = "mail.sweep",
		.database = "mail",
		.apply = mail_blob_gc_apply,
		.gathers = true },
	{ .topic = MAIL_TOPIC_QUEUE,
		.name = "mail.queue",
		.database = "mail",
		.apply = queue_event_apply,
		.everywhere = queue_event_heard },
	{ .topic = MAIL_TOPIC_REPORTS,
		.name = "mail.reports",
		.database = "mail",
		.apply = queue_event_apply,
		.everywhere = reports_event_heard },
	{ .topic = MAIL_TOPIC_KEYS,
		.name = "mail.keys",
		.database = "mail",
		.apply = queue_event_apply,
		.everywhere = keys_event_heard },
	{ .topic = NULL },
};

static const struct queue_consumer queues[] = {
	{ MAIL_QUEUE_EXPORT, "mail", "io", 1, EXPORT_LEASE_MS, EXPORT_ATTEMPTS_MAX, mail_export },
	{ MAIL_QUEUE_ERASE, "mail", "io", 1, MAIL_ERASE_LEASE_MS, MAIL_ERASE_ATTEMPTS, mail_erase },
	{ MAIL_QUEUE_EMPTY, "mail", "io", 1, MAIL_EMPTY_LEASE_MS, MAIL_ERASE_ATTEMPTS, mail_empty },
	{ .name = NULL },
};

static const struct blob_names blobs[] = { { "mail", mail_blob_named }, { .database = NULL } };

bool mail_domain_is_local(const struct mail *m, struct slice domain)
{
	const char *const *domains = config_list(hearth_config(m->h), "mail", "domains");

	if (!domains[0])
		return slice_ieq(domain, slice_str(hearth_hostname(m->h)));
	for (; *domains; domains++)
		if (slice_ieq(domain, slice_str(*domains)))
			return true;
	return false;
}

struct slice mail_domain(const struct mail *m)
{
	const char *first = config_list(hearth_config(m->h), "mail", "domains")[0];

	return slice_str(first ? first : hearth_hostname(m->h));
}

/* An account has another password, or was shut out: whoever got in by the old one is sent away. */
static void on_revoked(void *arg, struct buf *payload)
{
	struct mail *m = arg;
	struct arena *a = arena_new();
	struct json *doc = NULL;

	if (!payload || json_read(a, buf_slice(payload), &doc, NULL) == 0) {
		smtp_sessions_revoke(m, doc);
		imap_sessions_revoke(m, doc);
	}
	arena_free(&a);
}

/* Without it senders of mail that is sent on are left out; health says that it is missing (auth). */
static bool read_srs_key(struct mail *m)
{
	unsigned char secret[SECRET_KEY];
	int rc = secret_key_read(hearth_data_dir(m->h), secret);

	if (rc == 0)
		srs_key_derive(secret, m->srs_key);
	if (rc == 0)
		leave_key_derive(secret, m->leave_key);
	if (rc == 0)
		verp_key_derive(secret, m->verp_key);
	secret_wipe(secret, sizeof(secret));
	return rc == 0;
}

struct used {
	const int64_t *accounts;
	size_t n;
	int64_t *bytes;
};

static int read_used(struct db_tx *tx, void *arg)
{
	const struct used *u = arg;
	int rc = 0;

	for (size_t i = 0; i < u->n && rc == 0; i++)
		rc = mail_store_used(tx, u->accounts[i], &u->bytes[i]);
	return rc;
}

/* accounts_storage_fn */
static int used_wait(void *db, const int64_t *accounts, size_t n, int64_t *bytes)
{
	return db_read_wait(db, read_used, &(struct used){ accounts, n, bytes });
}

static int start_command(struct hearth *h, void **state)
{
	const struct accounts *accounts = hearth_service(h, "accounts");

	(void)state;
	if (accounts)
		accounts->counts_storage(accounts->self, "mail", used_wait, hearth_db(h, "mail"));
	return 0;
}

static struct metric *archive_metric(const char *result)
{
	return metric_counter("hearth_mail_archive_total", result,
		"mails that archives of groups kept, had no room for, dropped for newer ones");
}

static int start(struct hearth *h, void **state)
{
	struct mail *m = mem_zalloc(sizeof(*m));

	m->h = h;
	m->db = hearth_db(h, "mail");
	m->search_db = hearth_db(h, "mail_search");
	m->blob = hearth_blob(h);
	m->io = hearth_pool(h, "io");
	mail_turns_init(&m->turns, m->io);
	m->accounts = hearth_service(h, "accounts");
	m->accounts->keeps_data(m->accounts->self, "mail");
	start_command(h, state);
	mail_letters_offer(m, &m->letters);
	mail_settings_read(m);
	m->has_srs_key = read_srs_key(m);
	m->accepted = metric_counter(
		"hearth_mail_accepted_total", NULL, "messages taken by SMTP that are on disk");
	m->abandoned = metric_counter("hearth_mail_searches_abandoned_total", NULL,
		"searches that ended because their client had gone");
	m->archive_kept = archive_metric("result=\"kept\"");
	m->archive_refused = archive_metric("result=\"no_room\"");
	m->archive_dropped = archive_metric("result=\"dropped\"");
	list_init(&m->smtp_sessions);
	list_init(&m->imap_sessions);
	m->notifier = mail_notifier_new(hearth_bus(h));
	m->page_notifier = mail_page_notifier_new(hearth_bus(h), hearth_service(h, "connections"));
	m->revoked = bus_listen(hearth_bus(h), ACCOUNTS_TOPIC_REVOKED, on_revoked, m);
	mail_prune_start(m);
	m->sts = sts_new(m);
	mail_gates_start(m);
	m->keys = mail_keys_new(m);
	m->queue = mail_queue_new(m);
	m->reports = reports_new(m);
	m->dns_state = mail_dns_state_new(m);
	*state = m;
	return mail_copying_recover(m) < 0 ? HEARTH_EIO : mail_index_start(m);
}

static void drain(void *state)
{
	struct mail *m = state;

	m->draining = true;
	timer_stop(&m->prune);
	timer_stop(&m->copying);
	mail_index_drain(m);
	mail_queue_drain(m->queue);
	sts_drain(m->sts);
	reports_drain(m->reports);
	mail_keys_drain(m->keys);
	mail_dns_state_drain(m->dns_state);
	mail_gates_drain(m);
	smtp_sessions_drain(m);
	imap_sessions_drain(m);
}

static void stop(void *state)
{
	struct mail *m = state;

	bus_unlisten(&m->revoked);
	mail_page_notifier_free(&m->page_notifier);
	mail_notifier_free(&m->notifier);
	mail_index_stop(m);
	mail_dns_state_free(&m->dns_state);
	reports_free(&m->reports);
	mail_queue_free(&m->queue);
	mail_gates_stop(m);
	sts_free(&m->sts);
	mail_keys_free(&m->keys);
	smtp_rates_free(&m->rates);
	free(m);
}

static const char *const needs[] = { "accounts", NULL };

const struct hearth_module mail_module = {
	.name = "mail",
	.checks = &mail_checks,
	.doc = "SMTP, IMAP, the message store and its search",
	.scope = ACCOUNTS_SCOPE_MAIL,
	.settings = mail_settings,
	.schemas = schemas,
	.routes = mail_routes,
	.listeners = mail_listeners,
	.subscriptions = subscriptions,
	.queues = queues,
	.commands = mail_commands,
	.blobs = blobs,
	.needs = needs,
	.validate = mail_validate,
	.start = start,
	.start_command = start_command,
	.drain = drain,
	.stop = stop,
};
