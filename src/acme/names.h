/*
 * names.h: which of the names that this server may be known by really lead here, so that a CA would
 * confirm them: those that share an address with the hostname in the DNS. A name that leads nowhere,
 * or elsewhere, would cost the whole certificate. On the loop.
 */
#ifndef HEARTH_SRC_ACME_NAMES_H
#define HEARTH_SRC_ACME_NAMES_H

#include "acme/messages.h"
#include "hearth/dns.h"

#define NAMES_ADDRESSES_MAX 16 /* of the hostname */

struct names_look;
typedef void names_fn(void *arg, const struct names_look *found);

/* Lies in its owner, zeroed at first. */
struct names_look {
	struct dns *dns;
	const char *const *candidates; /* NULL-ended; the hostname first */
	size_t at;                     /* the one being asked for */
	struct dns_question question;
	enum dns_type type;
	char addresses[NAMES_ADDRESSES_MAX][46]; /* of the hostname */
	size_t address_count;
	bool here, unknown; /* of the one being asked for */
	/* found */
	const char *names[ACME_NAMES_MAX + 1]; /* the hostname, and what leads here; NULL-ended */
	const char *doubtful[ACME_NAMES_MAX + 1]; /* the DNS did not answer; NULL-ended */
	size_t count, doubtful_count;
	names_fn *fn;
	void *arg;
};

/* fn is called once, in a later turn, unless it was dropped. */
void names_begin(struct names_look *l, struct dns *dns, const char *const *candidates, names_fn *fn,
	void *arg);
void names_drop(struct names_look *l);

#endif
