/*
 * route.h: where mail for a domain goes: hosts and their addresses, in the order they are to be tried
 * in (RFC 5321 section 5.1). On the loop.
 */
#ifndef MAIL_QUEUE_ROUTE_H
#define MAIL_QUEUE_ROUTE_H

#include "hearth/dns.h"
#include "mail.h"

#define ROUTE_HOSTS_MAX     10 /* the best of those that are named; a domain may name a thousand */
#define ROUTE_ADDRESSES_MAX 6  /* of one host, half of them IPv6 */

struct route_host {
	char name[DNS_NAME_MAX + 1]; /* for TLS; empty: an address literal */
	int preference;
	char addresses[ROUTE_ADDRESSES_MAX][46]; /* IPv6 first */
	size_t count;
};

enum route_verdict {
	ROUTE_FOUND,
	ROUTE_DEFERRED, /* it cannot be known now */
	ROUTE_FAILED,   /* mail cannot go there */
};

struct route {
	enum route_verdict verdict;
	char enhanced[12]; /* unless FOUND: an enhanced code (RFC 3463), and why in words */
	char why[200];
	struct route_host hosts[ROUTE_HOSTS_MAX];
	size_t count;
};

typedef void route_fn(void *arg);

/* A look-up under way; lies in its owner, zeroed at first. */
struct route_lookup {
	const struct mail *m;
	struct route *out;
	route_fn *done; /* NULL: none is under way */
	void *arg;
	struct slice domain;
	struct dns_question mx;
	struct route_question {
		struct route_lookup *lookup;
		struct route_host *host;
		struct dns_question q;
	} addresses[2 * ROUTE_HOSTS_MAX];
	size_t waiting; /* questions without an answer */
	bool failed;    /* one of them */
};

/*
 * Looks up; `domain` and `out` stay until done(arg), which is called in a later turn, or the look-up is
 * dropped.
 */
void route_look(struct route_lookup *l, const struct mail *m, struct slice domain,
	struct route *out, route_fn *done, void *arg);
void route_drop(struct route_lookup *l); /* legal when none is under way */

#endif
