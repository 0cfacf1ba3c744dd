/*
 * route_dane.c: whether a host of a route has TLSA records, and what follows (RFC 7672 section 2.2).
 *
 *   is it proven that it is the host, and where it is? ──no──▶ is its own name a proven alias? ─no─▶ MAY
 *     │yes                                                        │yes
 *     ▼                                                           │
 *   TLSA where its aliases end ──none──▶ TLSA at its own name ◀───┘──none──▶ MAY
 *     └──some──▶ DANE, or ENCRYPT   (also from the second)
 *     └──no answer, or a forged one──▶ the host is left out: no mail goes there without knowing
 *
 * Nothing is asked of zones that are not signed: some of their servers do not answer such a question.
 * On the loop; at most three questions a host, one after the other.
 */
#include <stdio.h>

#include "hearth/log.h"
#include "queue/queue.h"
#include "queue/route.h"

static const char *base_of(const struct route_host_lookup *h)
{
	return h->at_alias ? h->alias : h->host->name;
}

static void ask_tlsa(struct route_host_lookup *h, bool at_alias);

/* Without knowing what it asks for nothing goes there. */
static void leave_out(struct route_host_lookup *h, const char *what, const char *why)
{
	struct route_lookup *l = h->lookup;

	snprintf(l->out->why, sizeof(l->out->why), "the DNS does not tell the %s of %s: %.80s",
		what, h->host->name, why);
	log_info("queue", "a host is left out", "host", "%s", h->host->name, "why", "%s",
		l->out->why, NULL);
	h->host->tls = ROUTE_TLS_REFUSED;
	h->host->tlsa_unknown = true;
}

static bool has_no_answer(const struct dns_answer *answer)
{
	return answer->status == DNS_FAILED || answer->status == DNS_BOGUS;
}

static void on_tlsa(void *arg, const struct dns_answer *answer)
{
	struct route_host_lookup *h = arg;

	route_hold_for(h->lookup->out, answer);
	if (has_no_answer(answer)) {
		leave_out(h, "TLSA", answer->why);
	} else if (answer->status == DNS_FOUND && answer->secure) {
		h->host->tlsa = tlsa_read(answer, base_of(h));
		h->host->tls = h->host->tlsa->usable ? ROUTE_TLS_DANE : ROUTE_TLS_ENCRYPT;
	} else if (h->at_alias) {
		ask_tlsa(h, false);
		return;
	}
	route_host_known(h);
}

static void ask_tlsa(struct route_host_lookup *h, bool at_alias)
{
	const struct mail *m = h->lookup->m;
	char name[DNS_NAME_MAX + 1];

	h->at_alias = at_alias;
	if (tlsa_name(name, base_of(h), mail_queue_limits(m)->port))
		dns_ask(hearth_dns(m->h), &h->q[0], slice_str(name), DNS_TLSA, on_tlsa, h);
	else
		route_host_known(h);
}

static void on_alias(void *arg, const struct dns_answer *answer)
{
	struct route_host_lookup *h = arg;

	route_hold_for(h->lookup->out, answer);
	if (!has_no_answer(answer) && answer->secure && answer->status == DNS_FOUND) {
		ask_tlsa(h, false);
		return;
	}
	if (has_no_answer(answer))
		leave_out(h, "alias", answer->why);
	route_host_known(h);
}

void route_look_dane(struct route_host_lookup *h)
{
	const struct route_lookup *l = h->lookup;

	if (!l->out->proven || h->host->count == 0)
		route_host_known(h);
	else if (h->secure && !h->insecure)
		ask_tlsa(h, h->alias != NULL);
	else if (h->alias)
		dns_ask(hearth_dns(l->m->h), &h->q[0], slice_str(h->host->name), DNS_CNAME,
			on_alias, h);
	else
		route_host_known(h);
}
