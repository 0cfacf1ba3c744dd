/*
 * verify/dmarc_walk.h: the tree walk (RFC 9989 section 4.10): from a name up, for DMARC records, which say
 * where an organization's domain begins, and what its policy is. On the loop, one question at a time, at
 * most DMARC_WALK_MAX.
 */
#ifndef MAIL_VERIFY_DMARC_WALK_H
#define MAIL_VERIFY_DMARC_WALK_H

#include "hearth/arena.h"
#include "verify/ask.h"
#include "verify/dmarc_record.h"

#define DMARC_WALK_MAX 8

struct dmarc_found {
	struct slice domain; /* where it is; p NULL: there is none */
	struct slice text;
	struct dmarc_record record;
};

typedef void dmarc_walk_fn(void *arg);

/* One under way; lies in its owner, zeroed at first. What it finds is in the arena of its owner. */
struct dmarc_walk {
	struct verify_asker dns;
	struct dns_question q;
	struct arena *a;
	struct slice start, at;
	int asked;
	struct dmarc_found own; /* of the name itself */
	struct dmarc_found top; /* found last: with the fewest labels */
	/* at the end: */
	struct slice organization; /* the Organizational Domain (section 4.10.2) */
	struct dmarc_found policy; /* what applies to mail of the name (section 4.10.1) */
	bool failed; /* the DNS did not answer for a name, where the walk ended then */
	bool ended;
	dmarc_walk_fn *done;
	void *arg;
};

/* Begins at a name of verify_is_name; `done` comes in a later turn. */
void dmarc_walk_begin(struct dmarc_walk *w, const struct verify_asker *dns, struct arena *a,
	struct slice name, dmarc_walk_fn *done, void *arg);
/* `done` will not come. Legal at any time. */
void dmarc_walk_drop(struct dmarc_walk *w);

#endif
