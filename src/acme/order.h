/*
 * order.h: a certificate, from a CA's account to the chain (RFC 8555 7). On a worker, which waits: a
 * job of some seconds, or of minutes with a slow CA.
 */
#ifndef HEARTH_SRC_ACME_ORDER_H
#define HEARTH_SRC_ACME_ORDER_H

#include "acme/client.h"
#include "acme/store.h"

enum acme_way {
	ACME_BY_HTTP,
	ACME_BY_TLS,
};

struct acme_job {
	/* given */
	struct acme_client client;
	struct acme_store store;
	const char *email;                  /* "": none is told to the CA */
	const char *bind_kid, *bind_secret; /* external account binding; "": none */
	const char *const *names;           /* the first is the hostname */
	size_t count;
	enum acme_way way;                /* where the CA offers both */
	const struct acme_record *record; /* as it was when the job began */
	/* found */
	struct strbuf key, chain; /* PEM */
	int64_t not_after_ms, renew_ms;
	char refused[256]; /* the name that the CA could not confirm; "": none */
};

/*
 * Gets a certificate and stores it. 0; HEARTH_ECLOSED when told to stop; HEARTH_ECONFLICT when another
 * node does it; HEARTH_EIO or HEARTH_EDENIED with client.why in words.
 */
int acme_obtain(struct acme_job *j);
/* When a certificate is to be renewed: at two thirds of its life, and somewhat later by chance. */
int64_t acme_renew_ms(int64_t not_before_ms, int64_t not_after_ms);

#endif
