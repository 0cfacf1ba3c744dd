/*
 * route.c: MX, and where there is none the domain's own address (RFC 5321 section 5.1); null MX (RFC
 * 7505); hosts that are ourselves, and those that are behind us; addresses of all that is left.
 *
 *   MX ──found──▶ the best ROUTE_HOSTS_MAX ──▶ of each AAAA and A, at once ─▶ TLSA (route_dane.c) ─▶ done
 *    ├──none────▶ the domain as its only host ──▶ ″
 *    └──no such domain, null MX, no answer ──▶ done
 *   beside it: the domain's MTA-STS policy (route_sts.c)
 *
 * On the loop; one question, then at most 2 * ROUTE_HOSTS_MAX at a time.
 */
#include "queue/route.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "hearth/log.h"
#include "hearth/network.h"
#include "hearth/rand.h"
#include "queue/queue.h"

static void finish(struct route_lookup *l)
{
	route_fn *done = l->done;

	l->done = NULL;
	sts_drop(&l->sts);
	done(l->arg);
}

__attribute__((format(printf, 4, 5))) static void settle(struct route_lookup *l,
	enum route_verdict verdict, const char *enhanced, const char *format, ...)
{
	va_list args;

	l->out->verdict = verdict;
	snprintf(l->out->enhanced, sizeof(l->out->enhanced), "%s", enhanced);
	va_start(args, format);
	vsnprintf(l->out->why, sizeof(l->out->why), format, args);
	va_end(args);
	finish(l);
}

/* ---- addresses ---- */

static void add_address(struct route_lookup *l, struct route_host *host, const char *address)
{
	const struct mail_queue_limits *limits = mail_queue_limits(l->m);
	bool v6 = strchr(address, ':') != NULL;
	size_t of_kind = 0;

	for (size_t i = 0; i < host->count; i++)
		of_kind += (strchr(host->addresses[i], ':') != NULL) == v6;
	/* Within the house mail of the internet has no business; but a relay is where its owner says. */
	if (of_kind == ROUTE_ADDRESSES_MAX / 2 ||
		(!limits->private_too && !l->out->relay && address_is_private(address)))
		return;
	snprintf(host->addresses[host->count++], sizeof(host->addresses[0]), "%s", address);
}

/* The least of all; a name that holds for less than some seconds would be asked for at each connection. */
void route_hold_for(struct route *r, const struct dns_answer *answer)
{
	int ttl_s = answer->ttl_s > ROUTE_TTL_MIN_S ? answer->ttl_s : ROUTE_TTL_MIN_S;

	if (answer->status == DNS_FAILED || answer->status == DNS_BOGUS)
		return;
	if (r->ttl_s == 0 || ttl_s < r->ttl_s)
		r->ttl_s = ttl_s;
}

void route_clear(struct route *r)
{
	for (size_t i = 0; i < ROUTE_HOSTS_MAX; i++)
		tlsa_unref(&r->hosts[i].tlsa);
	sts_policy_unref(&r->sts);
	r->count = 0;
}

/* Answers come in the order they like: IPv6 to the front. */
static void sort_addresses(struct route_host *h)
{
	char sorted[ROUTE_ADDRESSES_MAX][46];
	size_t n = 0;

	for (int v6 = 1; v6 >= 0; v6--)
		for (size_t i = 0; i < h->count; i++)
			if (!!strchr(h->addresses[i], ':') == v6)
				memcpy(sorted[n++], h->addresses[i], sizeof(sorted[0]));
	memcpy(h->addresses, sorted, n * sizeof(sorted[0]));
}

static void found(struct route_lookup *l)
{
	l->out->verdict = ROUTE_FOUND;
	finish(l);
}

/* Hosts without an address count as none. */
static void end(struct route_lookup *l)
{
	struct route *r = l->out;
	size_t kept = 0;

	route_apply_sts(l);
	for (size_t i = 0; i < r->count; i++)
		sort_addresses(&r->hosts[i]);

	for (size_t i = 0; i < r->count; i++) {
		struct route_host host = r->hosts[i];

		r->hosts[i].tlsa = NULL;
		if (host.count > 0)
			r->hosts[kept++] = host;
		else
			tlsa_unref(&host.tlsa);
	}
	r->count = kept;
	if (kept > 0)
		found(l);
	else if (l->failed || r->relay)
		settle(l, ROUTE_DEFERRED, "4.4.3",
			"the DNS does not tell the address of the mail server of %.*s",
			SLICE_ARG(l->domain));
	else
		settle(l, ROUTE_FAILED, "5.4.4",
			"%.*s has no mail server with an address of the internet",
			SLICE_ARG(l->domain));
}

void route_known(struct route_lookup *l)
{
	INVARIANT(l->waiting > 0);
	if (--l->waiting == 0)
		end(l);
}

void route_host_known(struct route_host_lookup *h)
{
	struct route_lookup *l = h->lookup;

	free(h->alias);
	h->alias = NULL;
	route_known(l);
}

static void keep_alias(struct route_host_lookup *h, const char *name)
{
	if (!h->alias && strcasecmp(name, h->host->name) != 0)
		h->alias = mem_strdup(slice_str(name));
}

/* RFC 7672 section 2.2.2: proven only when all the addresses are. */
static void on_address(void *arg, const struct dns_answer *answer)
{
	struct route_host_lookup *h = arg;
	char address[46];

	for (size_t i = 0; i < answer->count; i++)
		if (dns_read_address(answer->rdata[i], address))
			add_address(h->lookup, h->host, address);
	if (answer->status == DNS_FOUND) {
		h->secure |= answer->secure;
		h->insecure |= !answer->secure;
		keep_alias(h, answer->name);
		route_hold_for(h->lookup->out, answer);
	}
	h->lookup->failed |= answer->status == DNS_FAILED || answer->status == DNS_BOGUS;
	if (--h->waiting == 0)
		route_look_dane(h);
}

static void ask_addresses(struct route_lookup *l)
{
	static const enum dns_type types[] = { DNS_AAAA, DNS_A };
	struct dns *dns = hearth_dns(l->m->h);

	INVARIANT(l->out->count > 0);
	l->waiting += l->out->count;
	for (size_t i = 0; i < l->out->count; i++) {
		struct route_host_lookup *h = &l->hosts[i];

		*h = (struct route_host_lookup){
			.lookup = l, .host = &l->out->hosts[i], .waiting = 2
		};
		for (size_t k = 0; k < 2; k++)
			dns_ask(dns, &h->q[k], slice_str(h->host->name), types[k], on_address, h);
	}
}

/* ---- MX ---- */

static int by_preference(const void *a, const void *b)
{
	const struct route_host *x = a, *y = b;

	return (x->preference > y->preference) - (x->preference < y->preference);
}

/* In the order of preference; equals in any order, so that they share the load. */
static void sort_hosts(struct route *r)
{
	for (size_t i = r->count; i > 1; i--) {
		size_t j = rand_u64() % i;
		struct route_host swap = r->hosts[i - 1];

		r->hosts[i - 1] = r->hosts[j];
		r->hosts[j] = swap;
	}
	qsort(r->hosts, r->count, sizeof(r->hosts[0]), by_preference);
}

/* Keeps the best of many. */
static void add_host(struct route *r, const char *name, int preference)
{
	struct route_host *worst = r->hosts;

	if (r->count < ROUTE_HOSTS_MAX) {
		worst = &r->hosts[r->count++];
	} else {
		for (size_t i = 1; i < r->count; i++)
			if (r->hosts[i].preference > worst->preference)
				worst = &r->hosts[i];
		if (worst->preference <= preference)
			return;
	}
	*worst = (struct route_host){ .preference = preference };
	snprintf(worst->name, sizeof(worst->name), "%s", name);
}

struct found {
	struct route *r;
	const char *self;
	int self_preference; /* INT_MAX: we are not among them */
	bool null_mx;
};

static void read_mx(struct found *f, const struct dns_answer *answer)
{
	char name[DNS_NAME_MAX + 1];
	int preference;

	for (size_t i = 0; i < answer->count; i++) {
		if (!dns_read_mx(answer->rdata[i], &preference, name))
			continue;
		if (!name[0])
			f->null_mx |= answer->count == 1; /* RFC 7505 section 3: it stands alone */
		else if (strcasecmp(name, f->self) == 0 && preference < f->self_preference)
			f->self_preference = preference;
		else
			add_host(f->r, name, preference);
	}
}

/* Those behind us would bring it back to us (RFC 5321 section 5.1). */
static void drop_behind(struct found *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->r->count; i++)
		if (f->r->hosts[i].preference < f->self_preference)
			f->r->hosts[kept++] = f->r->hosts[i];
	f->r->count = kept;
}

static void on_mx(void *arg, const struct dns_answer *answer)
{
	struct route_lookup *l = arg;
	struct found f = {
		.r = l->out, .self = hearth_hostname(l->m->h), .self_preference = INT_MAX
	};
	char name[DNS_NAME_MAX + 1];

	l->out->proven = answer->secure;
	route_hold_for(l->out, answer);
	if (answer->status == DNS_NXDOMAIN) {
		settle(l, ROUTE_FAILED, "5.1.2", "there is no domain %.*s", SLICE_ARG(l->domain));
	} else if (answer->status == DNS_FAILED || answer->status == DNS_BOGUS) {
		settle(l, ROUTE_DEFERRED, "4.4.3",
			"the DNS does not tell the mail servers of %.*s: %s", SLICE_ARG(l->domain),
			answer->why);
	} else if (answer->status == DNS_NODATA) {
		snprintf(name, sizeof(name), "%.*s", SLICE_ARG(l->domain));
		add_host(l->out, name, 0);
		ask_addresses(l);
		route_known(l);
	} else {
		read_mx(&f, answer);
		drop_behind(&f);
		if (f.null_mx)
			settle(l, ROUTE_FAILED, "5.1.10", "%.*s takes no mail",
				SLICE_ARG(l->domain));
		else if (f.r->count == 0)
			settle(l, ROUTE_FAILED, "5.4.6", "%s",
				f.self_preference < INT_MAX
					? "this server is named as the mail server of the domain, "
					  "and the domain is none of its own"
					: "the domain names no mail server that could be one");
		else {
			sort_hosts(l->out);
			ask_addresses(l);
			route_known(l);
		}
	}
}

/* ---- without MX ---- */

/* [192.0.2.1], [IPv6:2001:db8::1] (RFC 5321 section 4.1.3); false: it is none. */
static bool is_literal(struct route_lookup *l)
{
	struct slice text = l->domain;
	char address[46];

	if (text.n < 3 || text.p[0] != '[' || text.n > sizeof(address) + 6)
		return false;
	text = slice_of(text.p + 1, text.n - 2);
	if (slice_istarts(text, SLICE("IPv6:")))
		text = slice_skip(text, 5);
	snprintf(address, sizeof(address), "%.*s", SLICE_ARG(text));
	l->out->count = 1;
	add_address(l, &l->out->hosts[0], address);
	return true;
}

/* ---- from outside ---- */

static void on_literal(void *arg, const struct dns_answer *answer)
{
	(void)answer;
	end(arg);
}

/* One host, by the settings; an address there is taken as it is. */
static void use_relay(struct route_lookup *l, const char *host)
{
	unsigned char bytes[16];
	struct route_host *h = &l->out->hosts[0];

	l->out->count = 1;
	snprintf(h->name, sizeof(h->name), "%s", host);
	if (inet_pton(AF_INET, host, bytes) != 1 && inet_pton(AF_INET6, host, bytes) != 1) {
		l->out->proven = true; /* by who wrote it there */
		ask_addresses(l);
		return;
	}
	snprintf(h->addresses[h->count++], sizeof(h->addresses[0]), "%.45s", host);
	dns_ask(hearth_dns(l->m->h), &l->mx, SLICE("."), DNS_A, on_literal, l);
}

/* And beside it for the domain's policy, which may take longer. */
static void ask_mx(struct route_lookup *l)
{
	l->waiting = 2;
	dns_ask(hearth_dns(l->m->h), &l->mx, l->domain, DNS_MX, on_mx, l);
	route_ask_sts(l);
}

void route_look(struct route_lookup *l, const struct mail *m, struct slice domain,
	struct route *out, route_fn *done, void *arg)
{
	INVARIANT(!l->done && done && domain.n > 0);
	route_clear(out);
	*out = (struct route){ .count = 0 };
	*l = (struct route_lookup){
		.m = m, .out = out, .done = done, .arg = arg, .domain = domain
	};
	out->relay = mail_relay_for(&mail_queue_limits(m)->relays, domain);
	if (out->relay)
		use_relay(l, out->relay->host);
	else if (is_literal(l))
		/* What is no name is answered in the next turn. */
		dns_ask(hearth_dns(m->h), &l->mx, SLICE("."), DNS_A, on_literal, l);
	else
		ask_mx(l);
}

void route_drop(struct route_lookup *l)
{
	if (!l->done)
		return;
	l->done = NULL;
	sts_drop(&l->sts);
	dns_drop(&l->mx);
	for (size_t i = 0; i < ROUTE_HOSTS_MAX; i++) {
		dns_drop(&l->hosts[i].q[0]);
		dns_drop(&l->hosts[i].q[1]);
		free(l->hosts[i].alias);
		l->hosts[i].alias = NULL;
	}
}
