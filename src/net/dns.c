/*
 * dns.c: questions to the DNS, over libunbound, which resolves and validates on a thread of its own
 * and says by a file descriptor that answers are there.
 *
 *   CLOSED ──first question──▶ PROBING ──the root's keys are proven──▶ PROVEN
 *                                 │                                      (answers may be secure)
 *                                 └──a resolver that leaves signatures out──▶ UNPROVEN
 *                                                                        (none is; looked at again)
 *
 * The probe is a question for the keys of the trust anchors' zone. Behind a resolver that does not
 * hand signatures on, everything would count as forged with the anchors in place, so the context is
 * made anew without them, and once more with them a while later, when nobody else waits. Questions that come while the probe
 * runs wait for its end.
 *
 * On the loop. Bounded: DNS_WAITING_MAX questions, each DNS_PATIENCE_MS; the caches by CACHE sizes.
 */
#include "net/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <unbound.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/exec.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "loop/loop.h"

#define CLASS_IN       1
#define TYPE_DNSKEY    48
#define RCODE_SERVFAIL 2
#define RECORDS_MAX    256 /* of an answer that are shown; a name server has no use for more */
#define STATUSES       (DNS_BOGUS + 1)
#define PROBE_AGAIN_MS INT64_C(3600000)
#define ROOT_KEYS      "/usr/share/dns/root.key" /* Debian's dns-root-data, which is updated */

/* The root's keys of 2017 and 2024 (RFC 7958), for where that file is not. */
static const char *const root_ds[] = {
	". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
	NULL,
};

static const char *const options[][2] = {
	{ "do-not-query-localhost:", "no" }, /* a resolver on this machine is a good one */
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "2m" },
	{ "key-cache-size:", "1m" },
	{ "neg-cache-size:", "256k" },
	{ "cache-max-ttl:", "86400" },
	{ "use-syslog:", "no" },
	{ NULL, NULL },
};

enum state {
	CLOSED,
	PROBING,
	PROVEN,
	UNPROVEN,
	REOPENED, /* only as what follows: with the anchors once more */
};

struct dns {
	const char *server, *anchor;
	enum state state;
	struct ub_ctx *ctx;
	uv_poll_t *poll;     /* says that answers are there; frees itself */
	struct list waiting; /* of struct dns_question, by deadline */
	size_t count;
	struct timer late;   /* the first deadline */
	struct timer settle; /* the probe has ended */
	enum state next;     /* where it leads */
	int64_t probed_ms;
	bool ended;
	struct metric *answers[STATUSES];
};

static const char *const status_names[STATUSES] = { "found", "nodata", "nxdomain", "failed",
	"bogus" };

/* ---- answering ---- */

static void answer(struct dns_question *q, const struct dns_answer *a)
{
	struct dns *d = q->dns;

	list_remove(&q->node);
	d->count--;
	q->dns = NULL;
	metric_add(d->answers[a->status], 1);
	if (a->status == DNS_FAILED || a->status == DNS_BOGUS)
		log_debug("dns", "no answer", "name", "%s", q->name, "type", "%d", q->type, "why",
			"%s", a->why, NULL);
	q->fn(q->arg, a);
}

static void on_late(void *arg)
{
	struct dns *d = arg;
	int64_t now = clock_mono_us();

	while (!list_empty(&d->waiting)) {
		struct dns_question *q =
			LIST_ENTRY(d->waiting.head.next, struct dns_question, node);

		if (q->deadline_us > now) {
			timer_start(&d->late, (q->deadline_us - now) / 1000 + 1, 0, on_late, d);
			return;
		}
		if (q->sent)
			ub_cancel(d->ctx, q->id);
		answer(q, &(struct dns_answer){
				  .status = q->status, .why = q->why, .name = q->name });
	}
}

/* It gets its own status in the next turn. */
static void refuse(struct dns_question *q, enum dns_status status, const char *why)
{
	struct dns *d = q->dns;

	list_remove(&q->node);
	q->status = status;
	q->why = why;
	q->deadline_us = 0;
	list_push_front(&d->waiting, &q->node);
	timer_start(&d->late, 0, 0, on_late, d);
}

static const char *rcode_name(int rcode)
{
	return rcode == RCODE_SERVFAIL ? "the servers of the domain do not answer, or are at odds"
				       : "refused by the resolver";
}

static enum dns_status status_of(const struct ub_result *r)
{
	return r->bogus        ? DNS_BOGUS
	       : r->havedata   ? DNS_FOUND
	       : r->nxdomain   ? DNS_NXDOMAIN
	       : r->rcode == 0 ? DNS_NODATA
			       : DNS_FAILED;
}

static void on_result(void *arg, int error, struct ub_result *r)
{
	struct dns_question *q = arg;
	struct slice rdata[RECORDS_MAX];
	struct dns_answer a = { .status = DNS_FAILED, .name = q->name, .rdata = rdata, .why = "" };

	if (error || !r) {
		a.why = error ? ub_strerror(error) : "no result";
		answer(q, &a);
		return;
	}
	a.status = status_of(r);
	a.secure = r->secure && q->dns->state == PROVEN;
	a.ttl_s = r->ttl;
	if (r->canonname && r->canonname[0])
		a.name = r->canonname;
	if (a.status == DNS_BOGUS)
		a.why = r->why_bogus ? r->why_bogus : "signatures do not hold";
	else if (a.status == DNS_FAILED)
		a.why = rcode_name(r->rcode);
	for (; a.status == DNS_FOUND && r->data[a.count] && a.count < RECORDS_MAX; a.count++)
		rdata[a.count] = slice_of(r->data[a.count], (size_t)r->len[a.count]);
	answer(q, &a);
	ub_resolve_free(r);
}

static void send_question(struct dns_question *q)
{
	int rc = ub_resolve_async(q->dns->ctx, q->name, q->type, CLASS_IN, q, on_result, &q->id);

	q->sent = rc == 0;
	if (rc != 0)
		refuse(q, DNS_FAILED, ub_strerror(rc));
}

/* ---- the context ---- */

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct dns *d = poll->data;

	(void)status;
	(void)events;
	ub_process(d->ctx);
}

static void close_context(struct dns *d)
{
	if (d->poll)
		uv_close((uv_handle_t *)d->poll, on_closed);
	d->poll = NULL;
	ub_ctx_delete(d->ctx);
	d->ctx = NULL;
	d->state = CLOSED;
}

/*
 * The system's resolver is asked, or one that was named. That one knows what names there are: none
 * is answered here for the reason that the internet has no such (private networks, "test").
 */
static int set_server(struct dns *d)
{
	struct config_address address;
	char at[sizeof(address.host) + 8];

	if (!d->server[0])
		return ub_ctx_resolvconf(d->ctx, NULL);
	if (config_address_parse(slice_str(d->server), &address) != 0)
		return UB_SYNTAX;
	snprintf(at, sizeof(at), "%s@%d", address.host, address.port);
	ub_ctx_set_option(d->ctx, "unblock-lan-zones:", "yes");
	ub_ctx_set_option(d->ctx, "insecure-lan-zones:", "yes");
	return ub_ctx_set_fwd(d->ctx, at);
}

static int add_anchors(struct dns *d)
{
	int rc = 0;

	if (d->anchor[0])
		return ub_ctx_add_ta_file(d->ctx, d->anchor);
	if (access(ROOT_KEYS, R_OK) == 0)
		return ub_ctx_add_ta_file(d->ctx, ROOT_KEYS);
	for (size_t i = 0; root_ds[i] && rc == 0; i++)
		rc = ub_ctx_add_ta(d->ctx, root_ds[i]);
	return rc;
}

/* 0, or one of libunbound's errors. */
static int open_context(struct dns *d, bool anchors)
{
	int rc = 0;

	d->ctx = ub_ctx_create();
	if (!d->ctx)
		return UB_NOMEM;
	ub_ctx_debugout(d->ctx, NULL);
	for (size_t i = 0; options[i][0] && rc == 0; i++)
		rc = ub_ctx_set_option(d->ctx, options[i][0], options[i][1]);
	if (rc == 0)
		rc = ub_ctx_async(d->ctx, 1);
	if (rc == 0)
		rc = set_server(d);
	if (rc == 0 && anchors)
		rc = add_anchors(d);
	/* After this no option can be set any more. */
	if (rc == 0 && d->server[0])
		ub_ctx_zone_remove(d->ctx, "test.");
	if (rc != 0)
		return rc;
	d->poll = mem_zalloc(sizeof(*d->poll));
	d->poll->data = d;
	INVARIANT(uv_poll_init(loop_uv(), d->poll, ub_fd(d->ctx)) == 0);
	uv_poll_start(d->poll, UV_READABLE, on_readable);
	return 0;
}

/* ---- the probe ---- */

static void on_settled(void *arg);
static void open_resolver(struct dns *d);

static void on_probed(void *arg, int error, struct ub_result *r)
{
	struct dns *d = arg;

	if (error || !r || (!r->secure && !r->bogus && r->rcode != 0))
		d->next = CLOSED; /* the resolver does not answer */
	else
		d->next = r->secure ? PROVEN : UNPROVEN;
	if (r && r->bogus)
		log_info("dns", "the keys of the root are not proven", "why", "%s",
			r->why_bogus ? r->why_bogus : "", NULL);
	ub_resolve_free(r);
	/* Not from within the resolver's call. */
	timer_start(&d->settle, 0, 0, on_settled, d);
}

static void probe(struct dns *d)
{
	char zone[DNS_NAME_MAX + 1] = ".";
	FILE *f = d->anchor[0] ? fopen(d->anchor, "re") : NULL;
	int id;

	if (f && fscanf(f, "%255s", zone) != 1)
		snprintf(zone, sizeof(zone), ".");
	if (f)
		fclose(f);
	d->state = PROBING;
	d->probed_ms = clock_mono_ms();
	d->next = CLOSED;
	if (ub_resolve_async(d->ctx, zone, TYPE_DNSKEY, CLASS_IN, d, on_probed, &id) != 0)
		timer_start(&d->settle, 0, 0, on_settled, d);
}

static void send_waiting(struct dns *d)
{
	for (struct list_node *n = d->waiting.head.next, *next; n != &d->waiting.head; n = next) {
		struct dns_question *q = LIST_ENTRY(n, struct dns_question, node);

		next = n->next;
		if (!q->sent && q->deadline_us > 0)
			send_question(q);
	}
}

static void fail_waiting(struct dns *d, const char *why)
{
	LIST_FOREACH (&d->waiting, n) {
		struct dns_question *q = LIST_ENTRY(n, struct dns_question, node);

		q->deadline_us = 0;
		q->why = why;
	}
	timer_start(&d->late, 0, 0, on_late, d);
}

static void give_up(struct dns *d, const char *why)
{
	health_set("dns", "the resolver cannot be used: %s", why);
	close_context(d);
	fail_waiting(d, why);
}

static void on_settled(void *arg)
{
	struct dns *d = arg;
	int rc;

	INVARIANT(d->state == PROBING);
	if (d->next == REOPENED) {
		close_context(d);
		open_resolver(d);
		return;
	}
	if (d->next == CLOSED) {
		give_up(d, "it does not answer");
		return;
	}
	if (d->next == UNPROVEN) {
		health_set("dns-unproven",
			"the resolver (%s) leaves out the signatures of DNSSEC: nothing is "
			"proven, DANE is not used",
			d->server[0] ? d->server : "the system's");
		close_context(d);
		rc = open_context(d, false);
		if (rc != 0) {
			give_up(d, ub_strerror(rc));
			return;
		}
	} else {
		health_clear("dns-unproven");
	}
	health_clear("dns");
	d->state = d->next;
	send_waiting(d);
}

static void open_resolver(struct dns *d)
{
	int rc = open_context(d, true);

	if (rc == 0)
		probe(d);
	else
		give_up(d, ub_strerror(rc));
}

/* ---- from outside ---- */

void dns_ask(struct dns *d, struct dns_question *q, struct slice name, enum dns_type type,
	dns_fn *fn, void *arg)
{
	bool room = d->count < DNS_WAITING_MAX;

	INVARIANT(exec_current() == exec_loop());
	INVARIANT(!q->dns);
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	*q = (struct dns_question){ .dns = d,
		.type = (int)type,
		.fn = fn,
		.arg = arg,
		.status = DNS_FAILED,
		.why = "no answer in time" };
	snprintf(q->name, sizeof(q->name), "%.*s", SLICE_ARG(name));
	q->deadline_us = clock_mono_us() + DNS_PATIENCE_MS * INT64_C(1000);
	list_push(&d->waiting, &q->node);
	d->count++;
	if (!dns_is_name(name)) {
		refuse(q, DNS_NXDOMAIN, "not a name");
		return;
	}
	if (!room) {
		refuse(q, DNS_FAILED, "too many questions wait");
		return;
	}
	if (d->ended) {
		refuse(q, DNS_FAILED, "the server stops");
		return;
	}
	if (d->state == UNPROVEN && d->count == 1 &&
		clock_mono_ms() - d->probed_ms >= PROBE_AGAIN_MS) {
		/* Not here: this may be within the resolver's call. */
		d->state = PROBING;
		d->next = REOPENED;
		timer_start(&d->settle, 0, 0, on_settled, d);
	}
	if (!d->late.owner)
		timer_start(&d->late, DNS_PATIENCE_MS, 0, on_late, d);
	if (d->state == CLOSED)
		open_resolver(d);
	else if (d->state != PROBING)
		send_question(q);
}

void dns_drop(struct dns_question *q)
{
	if (!q->dns)
		return;
	if (q->sent)
		ub_cancel(q->dns->ctx, q->id);
	list_remove(&q->node);
	q->dns->count--;
	q->dns = NULL;
}

static int is_answered(void *arg)
{
	return !((struct dns_question *)arg)->dns;
}

void dns_look(struct dns *d, struct slice name, enum dns_type type, dns_fn *fn, void *arg)
{
	struct dns_question q = { .dns = NULL };

	loop_init();
	dns_ask(d, &q, name, type, fn, arg);
	INVARIANT(loop_run_until(is_answered, &q, 2 * DNS_PATIENCE_MS));
}

struct dns *dns_new(const char *server, const char *anchor)
{
	struct dns *d = mem_zalloc(sizeof(*d));

	d->server = server;
	d->anchor = anchor;
	list_init(&d->waiting);
	for (size_t i = 0; i < STATUSES; i++) {
		char label[64];

		snprintf(label, sizeof(label), "status=\"%s\"", status_names[i]);
		d->answers[i] = metric_counter("hearth_dns_answers_total", label,
			"Questions to the DNS, by what came of them");
	}
	return d;
}

void dns_close(struct dns *d)
{
	if (!d)
		return;
	d->ended = true;
	timer_stop(&d->late);
	timer_stop(&d->settle);
	while (!list_empty(&d->waiting)) {
		struct dns_question *q =
			LIST_ENTRY(d->waiting.head.next, struct dns_question, node);

		answer(q,
			&(struct dns_answer){
				.status = DNS_FAILED, .why = "the server stops", .name = q->name });
	}
	if (d->ctx)
		close_context(d);
}

void dns_free(struct dns **dns)
{
	if (!*dns)
		return;
	INVARIANT(!(*dns)->ctx && list_empty(&(*dns)->waiting));
	free(*dns);
	*dns = NULL;
}
