/*
 * module.c: the mail module's table of contents (README.md).
 *
 * On the main thread while it starts and stops, else on the loop. Its bounds are the settings.
 */
#include <stdlib.h>

#include "address/srs.h"
#include "api/notify_page.h"
#include "delivery/letters.h"
#include "dns/dns_state.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/export.h"
#include "hearth/json.h"
#include "hearth/metric.h"
#include "hearth/secret.h"
#include "imap/session/imap_copy_undo.h"
#include "imap/session/imap_session.h"
#include "list/leave.h"
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
#include "store/dmarc.h"
#include "store/forward.h"
#include "store/outgoing.h"
#include "store/report.h"
#include "store/store.h"
#include "store/sts.h"
#include "store/tls_session.h"

#define PRUNE_FIRST_MS (INT64_C(60) * 1000)
#define PRUNE_EVERY_MS (INT64_C(24) * 60 * 60 * 1000)

static const struct config_setting settings[] = {
	{ NULL, "message_max", CONFIG_SIZE, "50M", "64K", "64M", NULL,
		"largest message taken (RFC 1870 SIZE)" },
	{ NULL, "recipients_max", CONFIG_INT, "100", "100", "10000", NULL,
		"recipients of one transaction (RFC 5321 4.5.3.1.8: at least 100)" },
	{ NULL, "mails_max", CONFIG_INT, "10000", "0", "1000000", NULL,
		"mails over one connection, then it has to begin another (RFC 9422 MAILMAX); 0: "
		"any number" },
	{ NULL, "bare_newlines", CONFIG_CHOICE, "keep", NULL, NULL, "keep|reject|mend",
		"a CR or LF of its own in a message: stored as it came, refused, or made CRLF; "
		"none ends a message" },
	{ NULL, "tarpit", CONFIG_DURATION, "5s", "0s", "1m", NULL,
		"the longest that a stranger who gives wrong commands, or names people who are "
		"not here, waits for an answer: at first nothing, then longer each time" },
	{ NULL, "network_connections", CONFIG_INT, "300", "0", "1000000", NULL,
		"connections that one network outside (a /24, or a /64 of IPv6) may begin within "
		"a minute; 0: any number" },
	{ NULL, "network_mails", CONFIG_INT, "1200", "0", "1000000", NULL,
		"and mails without logging in" },
	{ NULL, "network_recipients", CONFIG_INT, "6000", "0", "1000000", NULL,
		"and recipients of these" },
	{ NULL, "hold_max", CONFIG_DURATION, "30d", "0s", "365d", NULL,
		"how long a person may have a mail wait before it leaves (RFC 4865 FUTURERELEASE); "
		"0s: it may not" },
	{ NULL, "hide_clients", CONFIG_BOOL, "yes", NULL, NULL, NULL,
		"the address of the device a person sends from stays out of their mail "
		"(Received)" },
	{ NULL, "forward_per_hour", CONFIG_INT, "500", "0", "1000000", NULL,
		"mails within an hour that are sent on to one address elsewhere; 0: any number" },
	{ NULL, "patience", CONFIG_DURATION, "5m", "1s", "1h", NULL,
		"how long a client may take for a command, and be behind least_rate with a "
		"message or with what it is sent (RFC 5321 4.5.3.2: at least 5m)" },
	{ NULL, "least_rate", CONFIG_INT, "500", "0", "100000", NULL,
		"bytes a second at which a message must come, and an answer be taken, on the "
		"whole; "
		"0: any" },
	{ NULL, "relay", CONFIG_ADDRESS, "off", NULL, NULL, NULL,
		"a server (HOST:PORT) that takes all mail for elsewhere; off: each domain's own" },
	{ NULL, "relay_user", CONFIG_TEXT, "", NULL, NULL, NULL,
		"the name to log in with there, over TLS; empty: none" },
	{ NULL, "relay_password", CONFIG_TEXT, "", NULL, NULL, NULL, "and the password" },
	{ NULL, "relays", CONFIG_TEXT, "", NULL, NULL, NULL,
		"a file of relays for single domains: lines of DOMAIN HOST:PORT [NAME PASSWORD], "
		"over "
		"TLS; .DOMAIN: and all below it" },
	{ NULL, "dmarc", CONFIG_CHOICE, "enforce", NULL, NULL, "enforce|report|off",
		"mail from outside is checked by SPF, DKIM and DMARC, and done with as its "
		"author's "
		"domain wants; only checked; or not even that" },
	{ NULL, "dmarc_temperror", CONFIG_CHOICE, "accept", NULL, NULL, "accept|defer",
		"and where the DNS does not tell: it is taken, or put off (451)" },
	{ NULL, "arc_trusted", CONFIG_LIST, "", NULL, NULL, NULL,
		"domains whose word is taken for what they pass on (ARC): mail that passed there "
		"is not refused for what they changed" },
	{ NULL, "mta_sts", CONFIG_CHOICE, "testing", NULL, NULL, "off|none|testing|enforce",
		"what our MTA-STS policy (RFC 8461) wants of servers that send here over TLS that "
		"cannot be trusted: to tell us; enforce: to send nothing; none: that there is no "
		"policy any more; off: none is served" },
	{ NULL, "mta_sts_max_age", CONFIG_DURATION, "7d", "1d", "365d", NULL,
		"for how long they keep to it" },
	{ NULL, "trusted", CONFIG_LIST,
		"127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 "
		"fe80::/10",
		NULL, NULL, NULL,
		"networks whose mail is not checked: this machine and those beside it; none: all "
		"is" },
	{ "dkim", "sign", CONFIG_BOOL, "yes", NULL, NULL, NULL,
		"sign mail for elsewhere by DKIM, with keys that make themselves (hearth dkim)" },
	{ "dkim", "keep", CONFIG_DURATION, "14d", "1d", "365d", NULL,
		"how long the record of a key that signs no more stays published, at least as "
		"long as its signatures hold ([mail] hold_max, [queue] expiry and two days)" },
	{ "queue", "retry", CONFIG_DURATION, "5m", "1s", "1d", NULL,
		"when a mail for elsewhere is tried again at first; then after as long as it has "
		"waited so far" },
	{ "queue", "retry_max", CONFIG_DURATION, "4h", "1s", "7d", NULL,
		"but never later than this" },
	{ "queue", "expiry", CONFIG_DURATION, "5d", "1s", "30d", NULL,
		"after so long without success it comes back to its sender" },
	{ "queue", "warning", CONFIG_DURATION, "4h", "1s", "30d", NULL,
		"after so long its sender is told that it is late" },
	{ "queue", "per_hour", CONFIG_INT, "500", "0", "1000000", NULL,
		"recipients elsewhere that one account may write to within an hour; 0: any "
		"number" },
	{ "queue", "patience", CONFIG_DURATION, "10m", "1s", "1h", NULL,
		"how long another server may take for an answer, where the standard gives it "
		"longer" },
	{ "queue", "connections", CONFIG_INT, "50", "1", "1000", NULL,
		"to other servers at a time" },
	{ "queue", "per_destination", CONFIG_INT, "10", "1", "100", NULL, "and to one domain" },
	{ "queue", "port", CONFIG_INT, "25", "1", "65535", NULL,
		"of other servers; any but 25 is for tests" },
	{ "queue", "sts_port", CONFIG_INT, "443", "1", "65535", NULL,
		"of the web servers that have MTA-STS policies; any but 443 is for tests" },
	{ "queue", "private", CONFIG_BOOL, "no", NULL, NULL, NULL,
		"also to addresses that are not on the internet (10.0.0.0/8, fd00::/8, this "
		"machine)" },
	CONFIG_END,
};

static const struct db_schema schemas[] = {
	{ "mail", mail_migrations },
	{ "mail_search", mail_search_migrations },
	{ .name = NULL },
};

static void accept_smtp(void *module, struct conn *c)
{
	smtp_session_new(module, c, false);
}

static void accept_submission(void *module, struct conn *c)
{
	smtp_session_new(module, c, true);
}

static void accept_imap(void *module, struct conn *c)
{
	imap_session_new(module, c);
}

#define SMTP_BUSY "421 4.7.0 too many connections; try again later\r\n"
#define IMAP_BUSY "* BYE too many connections; try again later\r\n"

/* Before log-in a client may leave one long line with us, no more. */
#define SMTP_LIMITS                                                                     \
	.input_max = 16384, .output_high = 65536, .timeout_ms = INT64_C(5) * 60 * 1000, \
	.per_peer_max = 100
#define IMAP_LIMITS                                                                  \
	.input_max = 16384, .output_high = 262144, .timeout_ms = INT64_C(60) * 1000, \
	.per_peer_max = 1000 /* an office of 100 people behind one address, 10 each */

static const struct conn_listener listeners[] = {
	{ .key = "smtp",
		.address = "127.0.0.1:2525",
		.doc = "mail from other servers (STARTTLS offered)",
		.security = CONN_PLAIN,
		SMTP_LIMITS,
		.accept = accept_smtp,
		.busy_greeting = SMTP_BUSY },
	{ .key = "submission",
		.address = "127.0.0.1:2587",
		.doc = "mail from people's programs (STARTTLS)",
		.security = CONN_PLAIN,
		SMTP_LIMITS,
		.accept = accept_submission,
		.busy_greeting = SMTP_BUSY },
	{ .key = "submissions",
		.address = "127.0.0.1:2465",
		.doc = "the same over TLS from the first byte",
		.security = CONN_TLS_ONLY,
		SMTP_LIMITS,
		.accept = accept_submission,
		.busy_greeting = SMTP_BUSY },
	{ .key = "imap",
		.address = "127.0.0.1:2143",
		.doc = "reading mail (STARTTLS)",
		.security = CONN_PLAIN,
		IMAP_LIMITS,
		.accept = accept_imap,
		.busy_greeting = IMAP_BUSY },
	{ .key = "imaps",
		.address = "127.0.0.1:2993",
		.doc = "the same over TLS from the first byte",
		.security = CONN_TLS_ONLY,
		IMAP_LIMITS,
		.accept = accept_imap,
		.busy_greeting = IMAP_BUSY },
	{ .key = NULL },
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

static enum smtp_data_bare bare_newlines(const struct config *c)
{
	const char *word = config_text(c, "mail", "bare_newlines");

	return strcmp(word, "keep") == 0   ? SMTP_BARE_KEEP
	       : strcmp(word, "mend") == 0 ? SMTP_BARE_MEND
					   : SMTP_BARE_REJECT;
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
	secret_wipe(secret, sizeof(secret));
	return rc == 0;
}

/* One node of several does it. */
static int prune_expunged(struct db_tx *tx, void *arg)
{
	const struct mail *m = arg;
	int rc = lease_turn(hearth_leases(m->h), tx, "mail.prune", PRUNE_EVERY_MS, NULL);

	if (rc == 0)
		rc = mail_store_prune_expunged(tx);
	if (rc == 0)
		rc = mail_store_dmarc_prune(tx, clock_wall_s() / 86400);
	if (rc == 0)
		rc = mail_store_sts_prune(tx, clock_wall_ms());
	if (rc == 0)
		rc = mail_store_tls_prune(tx, clock_wall_s() / 86400);
	if (rc == 0)
		rc = mail_store_forwarded_prune(tx, clock_wall_ms());
	if (rc == 0)
		rc = mail_store_report_prune(tx, clock_wall_s());
	return rc < 0 ? rc : mail_store_sending_prune(tx, clock_wall_ms());
}

static void prune(void *arg)
{
	const struct mail *m = arg;

	db_write(m->db, prune_expunged, NULL, arg);
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

static void check_relays(const struct config *c, struct strbuf *errors)
{
	const char *file = config_text(c, "mail", "relays");
	struct mail_relays relays = { .count = 0 };
	struct strbuf wrong = { 0 };

	if (file[0])
		mail_relays_load(&relays, file, &wrong);
	for (struct slice rest = strbuf_slice(&wrong); rest.n > 0;) {
		struct slice line = slice_split(&rest, '\n');

		config_blame(c, "mail", "relays", errors, "%.*s", SLICE_ARG(line));
	}
	strbuf_free(&wrong);
	mail_relays_clear(&relays);
}

static void validate(const struct config *c, struct strbuf *errors)
{
	const char *wrong = mail_gates_wrong_network(config_list(c, "mail", "trusted"));

	if (wrong)
		config_blame(c, "mail", "trusted", errors, "\"%s\" is no network", wrong);
	check_relays(c, errors);
}

static int start(struct hearth *h, void **state)
{
	const struct config *c = hearth_config(h);
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
	mail_queue_configure(m);
	m->message_max = (uint64_t)config_size(c, "mail", "message_max");
	m->recipients_max = config_int(c, "mail", "recipients_max");
	m->tarpit_ms = config_duration_ms(c, "mail", "tarpit");
	m->rates = smtp_rates_new((const int64_t[SMTP_RATES]){
		[SMTP_RATE_CONNECTIONS] = config_int(c, "mail", "network_connections"),
		[SMTP_RATE_MAILS] = config_int(c, "mail", "network_mails"),
		[SMTP_RATE_RECIPIENTS] = config_int(c, "mail", "network_recipients") });
	m->hold_max_ms = config_duration_ms(c, "mail", "hold_max");
	m->mails_max = config_int(c, "mail", "mails_max");
	m->forward_per_hour = config_int(c, "mail", "forward_per_hour");
	m->has_srs_key = read_srs_key(m);
	m->patience_ms = config_duration_ms(c, "mail", "patience");
	m->least_rate = config_int(c, "mail", "least_rate");
	m->bare_newlines = bare_newlines(c);
	m->hide_clients = config_bool(c, "mail", "hide_clients");
	m->shared = strcmp(config_text(c, "server", "nodes"), "shared") == 0;
	m->accepted = metric_counter(
		"hearth_mail_accepted_total", NULL, "messages taken by SMTP that are on disk");
	m->abandoned = metric_counter("hearth_mail_searches_abandoned_total", NULL,
		"searches that ended because their client had gone");
	list_init(&m->smtp_sessions);
	list_init(&m->imap_sessions);
	m->notifier = mail_notifier_new(hearth_bus(h));
	m->page_notifier = mail_page_notifier_new(hearth_bus(h), hearth_service(h, "connections"));
	m->revoked = bus_listen(hearth_bus(h), ACCOUNTS_TOPIC_REVOKED, on_revoked, m);
	timer_start(&m->prune, PRUNE_FIRST_MS, PRUNE_EVERY_MS, prune, m);
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
	.settings = settings,
	.schemas = schemas,
	.routes = mail_routes,
	.listeners = listeners,
	.subscriptions = subscriptions,
	.queues = queues,
	.commands = mail_commands,
	.blobs = blobs,
	.needs = needs,
	.validate = validate,
	.start = start,
	.start_command = start_command,
	.drain = drain,
	.stop = stop,
};
