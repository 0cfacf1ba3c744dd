/*
 * client.h: a CA as its client sees it (RFC 8555 6): the directory, and signed requests, each with a
 * nonce of its own. On a worker, which waits; one client at a time belongs to one job.
 */
#ifndef HEARTH_SRC_ACME_CLIENT_H
#define HEARTH_SRC_ACME_CLIENT_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "acme/messages.h"
#include "hearth/fetch.h"

struct acme_client {
	/* given */
	const char *directory; /* its URL */
	const char *ca;        /* authorities for its TLS; NULL: the system's */
	struct arena *arena;   /* for all answers: bounded by the requests of one job */
	EVP_PKEY *key;         /* the account's */
	const atomic_bool *stop;
	/* found */
	struct acme_directory urls;
	const char *kid; /* the account's URL; NULL: not known yet */
	const char *nonce;
	int status; /* of the last answer; 0: none came */
	/* of the last failure */
	struct acme_problem problem; /* type "" when the CA did not name any */
	const char *why;             /* in words, never NULL after a failure */
	int64_t retry_after_s;       /* what the CA asked for; 0: nothing */
};

/* Reads the directory. 0, HEARTH_ECLOSED when told to stop, or HEARTH_EIO with c->why. */
int client_open(struct acme_client *c);
/*
 * Sends a signed request; an empty payload only reads. 0 with a 2xx answer; HEARTH_EDENIED: the CA
 * refused (c->problem); HEARTH_ECLOSED, HEARTH_EIO with c->why.
 */
int client_post(
	struct acme_client *c, const char *url, struct slice payload, struct fetch_answer *answer);
/* Reads what is open to everybody. The same; a refusal is HEARTH_EDENIED only where the CA says why. */
int client_get(struct acme_client *c, const char *url, struct fetch_answer *answer);
/* Whether what it answered last is about now, and not about what was asked: it is away, or asked too often. */
bool client_is_for_now(const struct acme_client *c);
/* Waits; HEARTH_ECLOSED when told to stop meanwhile. */
int client_pause(const struct acme_client *c, int64_t ms);
/* Notes a failure of the caller's own finding, in words; returns HEARTH_EIO. */
__attribute__((format(printf, 2, 3))) int client_fail(
	struct acme_client *c, const char *format, ...);

#endif
