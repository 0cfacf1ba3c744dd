/*
 * dns_internal.h: the resolver, from the inside (dns.h): what its two files share. On the loop.
 *
 *	dns.c           questions and their answers
 *	dns_resolver.c  libunbound's context: where it asks, and whether what it hears is proven
 */
#ifndef HEARTH_SRC_DNS_INTERNAL_H
#define HEARTH_SRC_DNS_INTERNAL_H

#include <unbound.h>

#include "hearth/exec.h"
#include "loop/loop.h"
#include "net/dns.h"

#define DNS_CLASS_IN 1
#define DNS_STATUSES (DNS_BOGUS + 1)

enum dns_state {
	DNS_CLOSED,
	DNS_PROBING,
	DNS_PROVEN,
	DNS_UNPROVEN,
	DNS_REOPENED, /* only as what follows: with the anchors once more */
};

struct dns {
	const char *server, *anchor;
	enum dns_state state;
	struct ub_ctx *ctx;
	uv_poll_t *poll;     /* says that answers are there; frees itself */
	struct list waiting; /* of struct dns_question, by deadline */
	size_t count;
	struct timer late;   /* the first deadline */
	struct timer settle; /* the probe has ended */
	enum dns_state next; /* where it leads */
	int64_t probed_ms;
	bool silent; /* the last probe got no answer: nobody waits for the next one */
	bool ended;
	struct metric *answers[DNS_STATUSES];
};

/* Opens the context and begins the probe; what waits is sent, or refused, when that has ended. */
void dns_resolver_open(struct dns *d);
/* The same once more, with the anchors, in a later turn. */
void dns_resolver_reopen(struct dns *d);
/* Nothing of libunbound's is left. Not from within its calls. */
void dns_resolver_close(struct dns *d);

/* All that were not sent yet; all that wait are refused, in the next turn. */
void dns_send_waiting(struct dns *d);
void dns_fail_waiting(struct dns *d, const char *why);

#endif
