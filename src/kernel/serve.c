/*
 * serve.c: the life of the server.
 *
 *   starting ──all listeners open──▶ serving ──SIGTERM, SIGINT──▶ draining ──idle or late──▶
 *   finishing ──nothing runs on other threads──▶ ended
 *
 * Draining: listeners are closed, modules end their sessions politely, and what is in hand may
 * finish within [server] drain. A second signal ends it at once. Finishing: connections are closed,
 * jobs and transactions end and are answered, since what they work for is freed next. Nothing
 * acknowledged depends on this: kill -9 loses no more.
 */
#include <signal.h>

#include "acme/acme.h"
#include "acme/challenge.h"
#include "blob/blob_internal.h"
#include "bus/bus_internal.h"
#include "cache/cache_internal.h"
#include "db/database.h"
#include "fetch/fetcher.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "http/http_internal.h"
#include "job/pool.h"
#include "job/queue.h"
#include "kernel/certificate_route.h"
#include "kernel/kernel.h"
#include "lease/lease_internal.h"
#include "loop/loop.h"
#include "loop/signal.h"
#include "loop/wake.h"
#include "modules.h"
#include "net/dns.h"
#include "net/net.h"
#include "registry/registry_internal.h"

#define DRAIN_POLL_MS 50
#define FINISH_SAY_MS 5000

static int start_modules(struct hearth *h)
{
	for (; h->started_count < h->module_count; h->started_count++) {
		const struct hearth_module *m = h->modules[h->started_count];

		for (const char *const *need = m->needs; need && *need; need++)
			if (!hearth_service(h, *need)) {
				log_error("kernel",
					"a module needs a service that no enabled module offers",
					"module", "%s", m->name, "service", "%s", *need, NULL);
				return HEARTH_ENOTFOUND;
			}
		if (m->start && m->start(h, &h->states[h->started_count]) != 0) {
			log_error(
				"kernel", "a module did not start", "module", "%s", m->name, NULL);
			return HEARTH_EIO;
		}
		log_debug("kernel", "module started", "module", "%s", m->name, NULL);
	}
	return 0;
}

static void on_revoked(void *arg, struct buf *payload)
{
	struct hearth *h = arg;
	struct arena *a = arena_new();
	struct json *event = NULL;

	if (!payload || json_read(a, buf_slice(payload), &event, NULL) == 0)
		http_server_revoke(h->http, event);
	arena_free(&a);
}

static bool is_running(const struct hearth *h, const struct hearth_module *m)
{
	for (int i = 0; i < h->module_count; i++)
		if (h->modules[i] == m)
			return true;
	return false;
}

/* A module that is off and has data here comes back to the events it has missed. */
static void keep_for_who_is_away(struct hearth *h)
{
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct bus_subscription *s = (*m)->subscriptions;
			s && s->topic && !is_running(h, *m); s++)
			if (ledger_find(&h->ledger, s->database))
				bus_keep_for(h->bus, s);
}

/* Routes, subscriptions and queues of every module, now that each has its state. */
static int connect_modules(struct hearth *h)
{
	int rc = 0;

	for (int i = 0; i < h->module_count && rc == 0; i++) {
		const struct hearth_module *m = h->modules[i];

		if (m->routes)
			http_server_mount(h->http, m->routes, m->scope, h->states[i]);
		for (const struct bus_subscription *s = m->subscriptions; s && s->topic && rc == 0;
			s++)
			rc = bus_subscribe(
				h->bus, s, hearth_db(h, s->database), h->bus_pool, h->states[i]);
		for (const struct queue_consumer *q = m->queues; q && q->name && rc == 0; q++)
			rc = queue_start(hearth_db(h, q->database), q, hearth_pool(h, q->pool),
				h->states[i]);
		for (const struct blob_names *b = m->blobs; b && b->database && rc == 0; b++)
			rc = blob_release_start(h->blob, hearth_db(h, b->database), b, h->io);
	}
	keep_for_who_is_away(h);
	if (rc == 0)
		rc = bus_start(h->bus);
	h->revoked = bus_listen(h->bus, ACCOUNTS_TOPIC_REVOKED, on_revoked, h);
	return rc;
}

/* From now on browsers have no question about the certificate: they may be sent to HTTPS. */
static void on_certificate(void *arg)
{
	struct hearth *h = arg;

	h->site.certified = true;
}

/*
 * What is stored is in use before anybody can connect. After the modules: auth has made the key that keys
 * are sealed with.
 */
static int start_acme(struct hearth *h)
{
	struct acme_options options = { .config = h->config,
		.candidates = kernel_public_names(h),
		.leases = h->leases,
		.dns = h->dns,
		.tls = h->tls,
		.installed = on_certificate,
		.arg = h };
	int rc;

	if (!acme_is_on(h->config))
		return 0;
	options.db = hearth_db(h, acme_schema()->name);
	options.data_dir = hearth_data_dir(h);
	rc = acme_new(&options, &h->acme);
	if (rc == 0)
		http_server_mount(h->http, acme_challenge_routes, 0, acme_thumbprint(h->acme));
	return rc;
}

static int start_net(struct hearth *h)
{
	struct strbuf why = { 0 };

	h->tls = tls_context_new(config_text(h->config, "tls", "cert"),
		config_text(h->config, "tls", "key"), hearth_data_dir(h), hearth_hostname(h), &why);
	if (!h->tls) {
		log_error("kernel", "cannot set up TLS", "why", "%s", why.p ? why.p : "", NULL);
		strbuf_free(&why);
		return HEARTH_EINVAL;
	}
	strbuf_free(&why);
	h->http = http_server_new(&h->accounts);
	http_server_use_pool(h->http, h->io);
	http_server_bound_uploads(h->http,
		config_int(h->config, "connections", "uploads_per_account"),
		config_size(h->config, "connections", "upload_bytes_per_account"));
	http_server_mount(h->http, kernel_certificate_routes, 0, h);
	return 0;
}

static int start(struct hearth *h)
{
	int rc = kernel_make_data_dir(h);

	if (rc == 0)
		rc = kernel_lock_data(h);
	if (rc == 0) {
		room_open(&h->room, hearth_data_dir(h), config_size(h->config, "store", "reserve"));
		rc = kernel_open(h);
	}
	if (rc < 0)
		return rc;
	room_watch(&h->room, h->io);
	h->cache = cache_new((size_t)config_size(h->config, "store", "cache_max"));
	h->bus = bus_new(h->dbs, h->db_count);
	if (kernel_is_shared(h)) {
		h->wake = wake_new(hearth_data_dir(h), leases_node(h->leases));
		bus_share(h->bus, h->leases, h->wake, &relay_table);
	}
	h->registry = registry_new(&registry_memory, leases_node(h->leases), "");
	leases_start(h->leases);
	rc = start_net(h);
	if (rc == 0)
		rc = start_modules(h);
	if (rc == 0)
		rc = start_acme(h);
	if (rc == 0)
		rc = connect_modules(h);
	if (rc == 0)
		rc = kernel_share_data(h);
	if (rc == 0)
		rc = kernel_open_listeners(h);
	if (rc == 0)
		kernel_read_site(h);
	if (rc == 0)
		acme_start(h->acme);
	return rc;
}

/* The line that tells a person where to look. */
static void say_ready(struct hearth *h)
{
	struct config_address http = config_address(h->config, "listen", "http");
	const char *host = http.host[0] ? http.host : hearth_hostname(h);

	for (int i = 0; i < h->listener_count; i++)
		if (strcmp(listener_key(h->listeners[i]), "http") == 0)
			http.port = listener_port(h->listeners[i]);
	if (http.off)
		log_info("kernel", "ready", NULL);
	else
		log_info("kernel", "ready", "open", strchr(host, ':') ? "http://[%s]" : "http://%s",
			host, "port", "%d", http.port, NULL);
	if (!http.off)
		fprintf(stderr, "Hearth is ready. Look at http://%s%s%s:%d/\n",
			strchr(host, ':') ? "[" : "", host, strchr(host, ':') ? "]" : "",
			http.port);
}

/* Ends the loop once nothing is in hand any more, or the time for that is over. */
static void drain_step(void *arg)
{
	struct hearth *h = arg;
	bool late = clock_mono_ms() >= h->drain_deadline_ms;

	if (!late && (h->holds > 0 || net_conn_count() > 0 || blob_store_busy(h->blob)))
		return;
	timer_stop(&h->drain_timer);
	if (net_conn_count() > 0)
		log_info("kernel", "drain time is over, closing open connections", "connections",
			"%zu", net_conn_count(), NULL);
	net_close_all();
	signal_unwatch_all();
	loop_stop();
}

static void on_stop_signal(void *arg)
{
	struct hearth *h = arg;

	if (h->draining) {
		h->drain_deadline_ms = 0;
		return;
	}
	h->draining = true;
	log_info("kernel", "stopping", NULL);
	kernel_notify("STOPPING=1");
	registry_drain(h->registry);
	http_server_drain(h->http);
	kernel_close_listeners(h);
	for (int i = h->started_count - 1; i >= 0; i--)
		if (h->modules[i]->drain)
			h->modules[i]->drain(h->states[i]);
	h->drain_deadline_ms = clock_mono_ms() + config_duration_ms(h->config, "server", "drain");
	timer_start(&h->drain_timer, 0, DRAIN_POLL_MS, drain_step, h);
}

static void on_reload_signal(void *arg)
{
	struct hearth *h = arg;

	tls_context_reload(h->tls);
	acme_look(h->acme);
}

/* What is looked at until nothing is in hand. */
struct finish {
	struct hearth *h;
	int64_t ended; /* jobs and functions, when last looked at */
	int quiet;     /* looks in a row that found nothing in hand and nothing ended since */
};

/* Twice in a row: between the looks the loop has run the `done`s that were posted before. */
static int nothing_in_hand(void *arg)
{
	struct finish *f = arg;
	struct hearth *h = f->h;
	struct pool *pools[] = { h->io, h->work, h->hash, h->net, h->bus_pool };
	int64_t ended = 0;
	bool busy = (h->blob && blob_store_busy(h->blob)) || acme_busy(h->acme);

	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++)
		busy |= pools[i] && pool_busy(pools[i], &ended);
	for (int i = 0; i < h->db_count; i++)
		busy |= db_busy(h->dbs[i], &ended);
	f->quiet = busy || ended != f->ended ? 0 : f->quiet + 1;
	f->ended = ended;
	return f->quiet >= 2;
}

/*
 * Ends what runs on other threads, while those it works for are still there to be told: connections
 * are closed and the consumers stopped, so nothing new begins. What waits is run, too: sessions
 * count on being answered. That is some seconds of hashes at most; a job that is cut off by a kill
 * instead loses nothing either.
 */
static void finish(struct hearth *h)
{
	struct finish f = { .h = h };

	timer_stop(&h->room.timer);

	kernel_close_listeners(h); /* they are open where a start went wrong */
	net_close_all();
	queue_stop_all();
	acme_stop(h->acme);
	if (h->bus)
		bus_stop(h->bus);
	if (h->leases)
		leases_stop(h->leases);
	dns_close(h->dns);
	fetcher_close(h->fetcher);
	while (!loop_run_until(nothing_in_hand, &f, FINISH_SAY_MS))
		log_info("kernel",
			"draining: new connections are refused, open requests may finish", NULL);
}

/* Takes down what start built, in reverse; the rest is kernel_free's. */
static void stop(struct hearth *h)
{
	while (h->started_count > 0) {
		const struct hearth_module *m = h->modules[--h->started_count];

		if (m->stop && h->states[h->started_count])
			m->stop(h->states[h->started_count]);
	}
	bus_unlisten(&h->revoked);
	room_close(&h->room);
	http_server_free(&h->http);
	acme_free(&h->acme);
	tls_context_free(&h->tls);
	bus_free(&h->bus);
	wake_free(&h->wake);
}

int kernel_serve(struct hearth *h)
{
	int rc;

	loop_init();
	rc = start(h);
	if (rc == 0) {
		signal_watch(SIGTERM, on_stop_signal, h);
		signal_watch(SIGINT, on_stop_signal, h);
		signal_watch(SIGHUP, on_reload_signal, h);
		kernel_tell_url(h);
		say_ready(h);
		kernel_notify("READY=1");
		loop_serve();
	}
	finish(h);
	wake_stop(h->wake);
	loop_close();
	if (rc == 0)
		log_info("kernel", "stopped", NULL);
	stop(h);
	if (rc < 0)
		fprintf(stderr, "hearth: it did not start: %s.\n",
			h->advice.p ? h->advice.p : "the error line above says why");
	return rc == 0 ? 0 : 1;
}
