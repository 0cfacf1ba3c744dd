/*
 * dns.c: questions to the DNS and their answers (hearth/dns.h); the resolver behind them is
 * dns_resolver.c's. Questions that come while that is not open yet wait until it is; once it has not
 * answered they are refused at once, while it is tried again beside: an outage costs one wait, not each.
 *
 * On the loop. Bounded: DNS_WAITING_MAX questions, each DNS_PATIENCE_MS.
 */
#include "net/dns_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define RCODE_SERVFAIL 2
#define PROBE_AGAIN_MS INT64_C(3600000)

static const char *const status_names[DNS_STATUSES] = { "found", "nodata", "nxdomain", "failed",
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

static void drop_dot(char *name)
{
	size_t n = strlen(name);

	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
}

/* All of them: who is to choose, as among MX, needs to see the best. A message of the DNS has room for 5,000. */
static void show_records(struct dns_answer *a, const struct ub_result *r)
{
	while (r->data[a->count])
		a->count++;
	a->rdata = mem_alloc((a->count + 1) * sizeof(*a->rdata));
	for (size_t i = 0; i < a->count; i++)
		a->rdata[i] = slice_of(r->data[i], (size_t)r->len[i]);
}

static void on_result(void *arg, int error, struct ub_result *r)
{
	struct dns_question *q = arg;
	struct dns_answer a = { .status = DNS_FAILED, .name = q->name, .why = "" };

	if (error || !r) {
		a.why = error ? ub_strerror(error) : "no result";
		answer(q, &a);
		return;
	}
	a.status = status_of(r);
	a.secure = r->secure && q->dns->state == DNS_PROVEN;
	a.ttl_s = r->ttl;
	if (r->canonname && r->canonname[0]) {
		drop_dot(r->canonname);
		a.name = r->canonname;
	}
	if (a.status == DNS_BOGUS)
		a.why = r->why_bogus ? r->why_bogus : "signatures do not hold";
	else if (a.status == DNS_FAILED)
		a.why = rcode_name(r->rcode);
	if (a.status == DNS_FOUND)
		show_records(&a, r);
	answer(q, &a);
	free(a.rdata);
	ub_resolve_free(r);
}

static void send_question(struct dns_question *q)
{
	int rc =
		ub_resolve_async(q->dns->ctx, q->name, q->type, DNS_CLASS_IN, q, on_result, &q->id);

	q->sent = rc == 0;
	if (rc != 0)
		refuse(q, DNS_FAILED, ub_strerror(rc));
}

void dns_send_waiting(struct dns *d)
{
	for (struct list_node *n = d->waiting.head.next, *next; n != &d->waiting.head; n = next) {
		struct dns_question *q = LIST_ENTRY(n, struct dns_question, node);

		next = n->next;
		if (!q->sent && q->deadline_us > 0)
			send_question(q);
	}
}

void dns_fail_waiting(struct dns *d, const char *why)
{
	LIST_FOREACH (&d->waiting, n) {
		struct dns_question *q = LIST_ENTRY(n, struct dns_question, node);

		q->deadline_us = 0;
		q->why = why;
	}
	timer_start(&d->late, 0, 0, on_late, d);
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
	if (d->state == DNS_UNPROVEN && d->count == 1 &&
		clock_mono_ms() - d->probed_ms >= PROBE_AGAIN_MS) {
		/* In a later turn: this may be within the resolver's call. */
		dns_resolver_reopen(d);
	}
	if (!d->late.owner)
		timer_start(&d->late, DNS_PATIENCE_MS, 0, on_late, d);
	if (d->silent)
		refuse(q, DNS_FAILED, "the resolver does not answer");
	if (d->state == DNS_CLOSED)
		dns_resolver_open(d);
	else if (d->state != DNS_PROBING)
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
	for (size_t i = 0; i < DNS_STATUSES; i++) {
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
		dns_resolver_close(d);
}

void dns_free(struct dns **dns)
{
	if (!*dns)
		return;
	INVARIANT(!(*dns)->ctx && list_empty(&(*dns)->waiting));
	free(*dns);
	*dns = NULL;
}
