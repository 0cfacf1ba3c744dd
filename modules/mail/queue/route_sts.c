/*
 * route_sts.c: what a domain's MTA-STS policy (policy/sts.h) asks of the hosts of a route (RFC 8461 section
 * 4). A host whose TLSA records can be used is held to these and nothing else: DNSSEC proves more, and no
 * policy may stand in for it (section 2). On the loop.
 */
#include <stdio.h>

#include "hearth/log.h"
#include "queue/route.h"

static void on_sts(void *arg, const struct sts_answer *answer)
{
	struct route_lookup *l = arg;

	l->out->sts = sts_policy_ref(answer->policy);
	l->out->sts_fault = answer->fault;
	route_known(l);
}

void route_ask_sts(struct route_lookup *l)
{
	sts_look(l->m->sts, &l->sts, l->domain, on_sts, l);
}

void route_apply_sts(struct route_lookup *l)
{
	const struct sts_policy *p = l->out->sts;

	for (size_t i = 0; p && i < l->out->count; i++) {
		struct route_host *host = &l->out->hosts[i];
		bool named = sts_policy_matches(p, host->name);

		if (host->tls == ROUTE_TLS_DANE || host->tls == ROUTE_TLS_REFUSED)
			continue;
		if (p->mode == STS_ENFORCE && !named) {
			snprintf(l->out->why, sizeof(l->out->why),
				"the MTA-STS policy of %.*s does not name %s", SLICE_ARG(l->domain),
				host->name);
			host->tls = ROUTE_TLS_REFUSED;
		} else if (p->mode == STS_ENFORCE) {
			host->tls = ROUTE_TLS_STS;
		} else if (host->tls == ROUTE_TLS_MAY) {
			host->tls = ROUTE_TLS_TESTING;
			host->sts_other = !named;
		}
	}
}
