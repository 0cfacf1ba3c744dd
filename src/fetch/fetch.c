/*
 * fetch.c: requests to other people's web servers as their owners see them (hearth/fetch.h).
 *
 *   asked ──name──▶ LOOKING ──addresses──▶ WITH THE THREAD ──answer──▶ told
 *              ▲                                              │
 *              └──────────────── it sends on ─────────────────┘
 *
 * The addresses come from dns.h: answers that DNSSEC refuses are none. Where the administrator named
 * the host (`anywhere`) and the DNS knows none, the system is asked, which also reads /etc/hosts.
 *
 * On the loop. A request that was dropped while the thread has it is freed when it comes back.
 * Bounded by the fetcher; before, by dns.h.
 */
#include "fetch/fetch_internal.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/dns.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/network.h"
#include "net/dns.h"

#define ADDRESSES_MAX 8 /* of a host that are tried */

struct fetch_call {
	struct fetcher *f;
	struct fetch *owner; /* NULL: dropped */
	fetch_fn *fn;
	void *arg;
	struct arena *arena;
	struct transfer t;
	int redirects_left;
	struct dns_question questions[2]; /* AAAA and A */
	int asked;                        /* of them, that are not answered yet */
	const char *addresses[ADDRESSES_MAX + 1];
	size_t address_count;
	const char *dns_why;
	struct timer late;
	int refused; /* told in the next turn: this, … */
	const char *refused_why;
};

static void call_free(struct fetch_call *c)
{
	timer_stop(&c->late);
	dns_drop(&c->questions[0]);
	dns_drop(&c->questions[1]);
	transfer_clear(&c->t);
	arena_free(&c->arena);
	free(c);
}

static void tell(struct fetch_call *c, const struct fetch_answer *answer)
{
	if (c->owner) {
		c->owner->call = NULL;
		c->fn(c->arg, answer);
	}
	call_free(c);
}

static void tell_error(struct fetch_call *c, int error, const char *why)
{
	tell(c, &(struct fetch_answer){ .error = error, .why = why, .url = c->t.rq.url });
}

static void on_refused(void *arg)
{
	struct fetch_call *c = arg;

	tell_error(c, c->refused, c->refused_why);
}

/* Not from inside the owner's call. */
static void refuse(struct fetch_call *c, int error, const char *why)
{
	c->refused = error;
	c->refused_why = why;
	timer_start(&c->late, 0, 0, on_refused, c);
}

static void look(struct fetch_call *c);

static void on_done(void *arg)
{
	struct fetch_call *c = arg;
	struct fetch_answer answer;
	const char *why = "";
	int rc;

	transfer_answer(&c->t, &answer);
	rc = redirect_follow(&c->t.rq, &answer, &c->redirects_left, c->arena, &why);
	if (rc == 0 || !c->owner) {
		tell(c, &answer);
		return;
	}
	if (rc < 0) {
		answer.error = rc;
		answer.why = why;
		answer.body = (struct slice){ 0 };
		tell(c, &answer);
		return;
	}
	transfer_clear(&c->t);
	c->t.error[0] = '\0';
	look(c);
}

static void hand_over(struct fetch_call *c)
{
	timer_stop(&c->late);
	if (fetcher_closed(c->f))
		refuse(c, HEARTH_ECLOSED, "the server stops");
	else if (!fetcher_take(c->f, &c->t))
		refuse(c, HEARTH_EBUSY, "too many requests to other servers wait already");
}

/* ---- names ---- */

static void on_late(void *arg)
{
	tell_error(arg, HEARTH_ETIMEOUT, "the DNS did not answer in time");
}

static void on_address(void *arg, const struct dns_answer *answer)
{
	struct fetch_call *c = arg;
	char text[46];

	if (answer->status == DNS_FAILED || answer->status == DNS_BOGUS)
		c->dns_why = arena_strdup(c->arena, slice_str(answer->why));
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++)
		if (c->address_count < ADDRESSES_MAX && dns_read_address(answer->rdata[i], text))
			c->addresses[c->address_count++] = arena_strdup(c->arena, slice_str(text));
	if (--c->asked > 0)
		return;
	c->addresses[c->address_count] = NULL;
	if (c->address_count > 0)
		c->t.rq.addresses = c->addresses;
	if (c->address_count > 0 || (c->t.rq.anywhere && !c->dns_why))
		hand_over(c);
	else
		refuse(c, HEARTH_EIO, c->dns_why ? c->dns_why : "the name has no address");
}

static bool is_literal(const char *host)
{
	unsigned char bytes[ADDRESS_BYTES];

	return host[0] == '[' || address_bytes(slice_str(host), bytes);
}

/* Finds the addresses of the URL's host, or goes on without. */
static void look(struct fetch_call *c)
{
	struct dns *dns = fetcher_dns(c->f);
	int64_t left_ms = (c->t.deadline_us - clock_mono_us()) / 1000;
	struct fetch_url url;

	c->address_count = 0;
	c->dns_why = NULL;
	if (fetch_url_read(c->arena, c->t.rq.url, &url) < 0 || (!url.https && !c->t.rq.plain)) {
		refuse(c, HEARTH_EINVAL, "this is no URL that may be asked");
	} else if (fetcher_closed(c->f)) {
		refuse(c, HEARTH_ECLOSED, "the server stops");
	} else if (!dns || c->t.rq.addresses || is_literal(url.host) ||
		   (c->t.rq.anywhere && !strchr(url.host, '.'))) {
		hand_over(c);
	} else {
		c->asked = 2;
		timer_start(&c->late, left_ms > 0 ? left_ms : 0, 0, on_late, c);
		dns_ask(dns, &c->questions[0], slice_str(url.host), DNS_AAAA, on_address, c);
		dns_ask(dns, &c->questions[1], slice_str(url.host), DNS_A, on_address, c);
	}
}

/* ---- asking ---- */

static const char *const *copy_list(struct arena *a, const char *const *list)
{
	const char **copy;
	size_t n = 0;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	copy = arena_zalloc(a, (n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, slice_str(list[i]));
	return copy;
}

static const char *copy_text(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, slice_str(text)) : NULL;
}

/* The same with the defaults in their places. */
static struct fetch_request with_defaults(const struct fetch_request *rq)
{
	struct fetch_request out = *rq;

	if (out.body_max == 0)
		out.body_max = FETCH_BODY_MAX;
	if (out.patience_ms == 0)
		out.patience_ms = FETCH_PATIENCE_MS;
	return out;
}

static struct fetch_request copy_request(struct arena *a, const struct fetch_request *rq)
{
	struct fetch_request out = with_defaults(rq);

	out.method = copy_text(a, rq->method);
	out.url = copy_text(a, rq->url);
	out.headers = copy_list(a, rq->headers);
	out.body = arena_slice(a, rq->body);
	out.user = copy_text(a, rq->user);
	out.password = copy_text(a, rq->password);
	out.ca = copy_text(a, rq->ca);
	out.addresses = copy_list(a, rq->addresses);
	return out;
}

void fetch_start(struct fetcher *f, struct fetch *fetch, const struct fetch_request *rq,
	fetch_fn *fn, void *arg)
{
	struct fetch_call *c = mem_zalloc(sizeof(*c));

	INVARIANT(!fetch->call);
	fetch->call = c;
	c->f = f;
	c->owner = fetch;
	c->fn = fn;
	c->arg = arg;
	c->arena = arena_new();
	c->redirects_left = rq->redirects;
	c->t.rq = copy_request(c->arena, rq);
	c->t.arena = c->arena;
	c->t.deadline_us = clock_mono_us() + c->t.rq.patience_ms * 1000;
	c->t.done = on_done;
	c->t.arg = c;
	atomic_init(&c->t.dropped, false);
	look(c);
}

void fetch_drop(struct fetch *fetch)
{
	struct fetch_call *c = fetch->call;

	if (!c)
		return;
	fetch->call = NULL;
	c->owner = NULL;
	if (c->asked > 0 || c->refused) {
		call_free(c);
	} else {
		atomic_store(&c->t.dropped, true);
		fetcher_knock(c->f);
	}
}

/* ---- waiting ---- */

void fetch_wait(const struct fetch_request *rq, struct arena *a, struct fetch_answer *out)
{
	struct transfer t = { .rq = with_defaults(rq), .arena = a };
	int left = rq->redirects, rc = 1;
	const char *why = "";

	t.deadline_us = clock_mono_us() + t.rq.patience_ms * 1000;
	atomic_init(&t.dropped, false);
	while (rc > 0) {
		if (transfer_begin(&t))
			t.result = curl_easy_perform(t.curl);
		transfer_answer(&t, out);
		transfer_clear(&t);
		rc = redirect_follow(&t.rq, out, &left, a, &why);
	}
	if (rc < 0) {
		out->error = rc;
		out->why = why;
		out->body = (struct slice){ 0 };
	}
}
