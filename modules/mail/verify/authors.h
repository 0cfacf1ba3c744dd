/*
 * verify/authors.h: the domains of a message's authors (RFC 5322 From), which DMARC judges. Pure.
 */
#ifndef MAIL_VERIFY_AUTHORS_H
#define MAIL_VERIFY_AUTHORS_H

#include "hearth/arena.h"

#define AUTHORS_MAX 4 /* domains that differ; a message with more is of nobody */

struct authors {
	struct slice domains[AUTHORS_MAX]; /* lower case, each once */
	size_t n;
	/* NAME@DOMAIN of the one author there is, where nobody could read another; else empty. */
	struct slice sole;
	/* Why there are none that could be judged; NULL: there are. */
	const char *wrong;
};

/* Of all From fields of the header: one that is doubled must not hide an author. Slices in `a`. */
void authors_read(struct arena *a, struct slice header, struct authors *out);

#endif
