/*
 * acme_internal.h: the state that acme.c (when, and who) and acme_use.c (what is in use) share. On the
 * loop.
 */
#ifndef HEARTH_SRC_ACME_ACME_INTERNAL_H
#define HEARTH_SRC_ACME_ACME_INTERNAL_H

#include "acme/acme.h"
#include "acme/acme_attempt.h"
#include "acme/certs.h"
#include "acme/challenge.h"
#include "acme/names.h"

/* A look at the database under way. */
struct look {
	struct acme_reading r; /* first: it is what acme_store_read gets */
	struct acme *acme;
};

struct acme {
	struct acme_options o;
	struct acme_vault vault;
	struct challenges challenges;
	const char *directory;
	char thumbprint[ACME_THUMBPRINT_MAX];
	struct pool *pool;
	struct lease_keeper *keeper;
	struct lease lease; /* epoch 0: another node's */
	struct timer timer;
	bool again;                   /* a look was asked for while one was under way */
	struct look *reading;         /* a look under way */
	struct acme_attempt *attempt; /* under way */
	struct names_look look;
	bool looking;
	int64_t looked_ms; /* monotonic; 0: not yet */
	atomic_bool stop;
	int64_t ask_failures;      /* in a row: asking when to renew */
	bool lost;                 /* keys cannot be opened: it was said */
	int64_t version;           /* of the certificate in use; 0: none of a CA */
	struct arena *found_arena; /* of `found` */
	struct certs_found found;  /* what is in it */
};

/* acme_use.c: what follows from a record for what is in use, and for what is said. */
void acme_take_record(struct acme *a, const struct acme_record *r);

#endif
