/*
 * route.h: where mail for a domain goes: hosts and their addresses, in the order they are to be tried
 * in (RFC 5321 section 5.1). On the loop.
 */
#ifndef MAIL_QUEUE_ROUTE_H
#define MAIL_QUEUE_ROUTE_H

#include "hearth/dns.h"
#include "mail.h"
#include "policy/sts.h"
#include "policy/tlsa.h"
#include "queue/relays.h"

#define ROUTE_HOSTS_MAX     10 /* the best of those that are named; a domain may name a thousand */
#define ROUTE_TTL_MIN_S     5
#define ROUTE_ADDRESSES_MAX 6 /* of one host, half of them IPv6 */

/* What a host must show before mail goes to it. */
enum route_tls {
	ROUTE_TLS_MAY,     /* nothing: TLS where it is offered (RFC 7435) */
	ROUTE_TLS_ENCRYPT, /* TLS; of its TLSA records none can be used (RFC 7672 section 2.2) */
	ROUTE_TLS_DANE,    /* TLS, proven by one of its TLSA records */
	ROUTE_TLS_TESTING, /* as MAY; what its domain's MTA-STS policy asks for is reported */
	ROUTE_TLS_STS,     /* TLS, proven by an authority, as that policy asks */
	ROUTE_TLS_REFUSED, /* that policy does not allow it, or its TLSA cannot be known: route.why */
};

struct route_host {
	char name[DNS_NAME_MAX + 1]; /* for TLS; empty: an address literal */
	int preference;
	char addresses[ROUTE_ADDRESSES_MAX][46]; /* IPv6 first */
	size_t count;
	enum route_tls tls;
	struct tlsa_set *tlsa; /* ENCRYPT, DANE; else NULL; also STS, where none can be used */
	bool tlsa_unknown;     /* REFUSED: for that reason */
	bool sts_other;        /* TESTING: the policy does not name it */
};

enum route_verdict {
	ROUTE_FOUND,
	ROUTE_DEFERRED, /* it cannot be known now */
	ROUTE_FAILED,   /* mail cannot go there */
};

struct route {
	enum route_verdict verdict;
	char enhanced[12]; /* unless FOUND: an enhanced code (RFC 3463), and why in words */
	char why[512];     /* FOUND: why a host is REFUSED; empty: none is */
	struct route_host hosts[ROUTE_HOSTS_MAX];
	size_t count;
	const struct mail_relay *relay; /* it is the host; NULL: they are the domain's own */
	bool proven;                    /* that these are the hosts, by DNSSEC */
	int ttl_s;                      /* for how long it holds; 0: there was nothing to ask */
	struct sts_policy *sts;         /* of the domain; NULL: none */
	enum sts_fault sts_fault;
};

/* Gives back what the hosts hold on to; legal on a zeroed route, and twice. */
void route_clear(struct route *r);

typedef void route_fn(void *arg);

/* A look-up under way; lies in its owner, zeroed at first. */
struct route_lookup {
	const struct mail *m;
	struct route *out;
	route_fn *done; /* NULL: none is under way */
	void *arg;
	struct slice domain;
	struct dns_question mx;
	struct route_host_lookup {
		struct route_lookup *lookup;
		struct route_host *host;
		struct dns_question q[2]; /* its addresses; the first then for its TLSA */
		size_t waiting;           /* of the two */
		bool secure, insecure;    /* some of its addresses are proven, or not */
		char *alias;              /* where its aliases end; NULL: it is none */
		bool at_alias;            /* TLSA were asked for there, not at its own name */
	} hosts[ROUTE_HOSTS_MAX];
	struct sts_lookup sts;
	size_t waiting; /* for MX, the policy, hosts of which not all is known */
	bool failed;    /* some of what was asked had no answer */
};

/* It holds as long as the answer, at most. */
void route_hold_for(struct route *r, const struct dns_answer *answer);
/* Its TLSA records, where it may have proven ones; then route_host_known. (route_dane.c) */
void route_look_dane(struct route_host_lookup *h);
/* What the domain's MTA-STS policy asks of its hosts; those it does not allow go. (route_sts.c) */
void route_apply_sts(struct route_lookup *l);
void route_ask_sts(struct route_lookup *l);
/* One of those that were waited for is there; with the last of them the look-up is done. */
void route_known(struct route_lookup *l);
/* All is known of a host. */
void route_host_known(struct route_host_lookup *h);

/*
 * Looks up; `domain` and `out` stay until done(arg), which is called in a later turn, or the look-up is
 * dropped.
 */
void route_look(struct route_lookup *l, const struct mail *m, struct slice domain,
	struct route *out, route_fn *done, void *arg);
void route_drop(struct route_lookup *l); /* legal when none is under way */

#endif
