/*
 * verify/dmarc.h: whether a message is from whom its author's field says, by what SPF and DKIM have proven
 * (RFC 9989 section 5). One author's domain each. On the loop.
 *
 *   begin ──▶ the author's domain is walked up ─┐
 *   judge (SPF and DKIM have ended) ────────────┴▶ what is proven is held against it; a domain below
 *                  the organization's is walked up, too ──▶ of one that fails by a policy for what is
 *                  not there: is it? ──▶ done
 *
 * At most DMARC_WALK_MAX questions for the author's, as many for each of DMARC_WALKS_MAX others, and 3.
 */
#ifndef MAIL_VERIFY_DMARC_H
#define MAIL_VERIFY_DMARC_H

#include "verify/dmarc_walk.h"

#define DMARC_WALKS_MAX       4  /* of what is proven, each for a domain of its own */
#define DMARC_IDENTIFIERS_MAX 16 /* the signatures that are looked at, and SPF */

enum dmarc_result {        /* RFC 8601 with RFC 9989 section 9.1 */
	DMARC_RESULT_NONE, /* no policy */
	DMARC_RESULT_PASS,
	DMARC_RESULT_FAIL,
	DMARC_RESULT_TEMPERROR, /* the DNS does not answer for something that would decide it */
	DMARC_RESULT_PERMERROR, /* it has no author whose domain could be asked */
};

/* A domain that SPF or a signature stands for, or would if the DNS answered. */
struct dmarc_identifier {
	struct slice domain; /* lower case */
	bool dkim;           /* else SPF */
	bool unknown;        /* temperror; else it passed */
};

struct dmarc_outcome {
	enum dmarc_result result;
	bool dkim, spf;            /* one passed, and is aligned */
	struct dmarc_found policy; /* domain.p NULL: none */
	/* Of one that fails: what its owner wants (t=y taken into account, and noted). */
	enum dmarc_policy wanted;
	bool testing;
};

typedef void dmarc_fn(void *arg);

/* One under way; lies in its owner, zeroed at first. */
struct dmarc_check {
	struct verify_asker dns;
	struct arena *a; /* its owner's */
	struct slice author;
	struct dmarc_walk walk;  /* the author's */
	struct dmarc_walk other; /* of what is proven */
	struct dmarc_identifier identifiers[DMARC_IDENTIFIERS_MAX];
	size_t n, at; /* `at`: whose walk it is */
	int walks;
	bool judged, unknown, ended;
	struct dns_question q;
	struct dmarc_outcome outcome;
	dmarc_fn *done;
	void *arg;
};

/* Begins for an author's domain (A-labels, lower case); what is kept lies in `a`. */
void dmarc_check_begin(struct dmarc_check *c, const struct verify_asker *dns, struct arena *a,
	struct slice author);
/*
 * SPF and DKIM have ended, these passed (those beyond the maximum are not looked at); `done` comes once,
 * maybe from inside this call, and c->outcome is there.
 */
void dmarc_check_judge(struct dmarc_check *c, const struct dmarc_identifier *identifiers, size_t n,
	dmarc_fn *done, void *arg);
/* `done` will not come. Legal at any time. */
void dmarc_check_drop(struct dmarc_check *c);

const char *dmarc_result_name(enum dmarc_result result);

#endif
