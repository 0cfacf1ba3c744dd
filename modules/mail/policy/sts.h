/*
 * sts.h: which MTA-STS policy a domain has now (RFC 8461): found by its TXT record, fetched by HTTPS, kept
 * for as long as it says, and fetched anew by itself before that is over. On the loop.
 *
 * One look at a domain is under way at a time, however many ask; what it finds stands for STS_KEPT_MS.
 * A policy that was fetched once holds until its time is over, whatever the DNS and the web say meanwhile,
 * unless they give another; where none ever was, no answer is no policy.
 */
#ifndef MAIL_POLICY_STS_H
#define MAIL_POLICY_STS_H

#include "hearth/list.h"
#include "mail.h"
#include "policy/sts_policy.h"

#define STS_KEPT_MS     INT64_C(300000)
#define STS_ENTRIES_MAX 1500  /* domains in memory */
#define STS_PATIENCE_MS 20000 /* with the server of a policy */

struct sts;

/* A domain says that it has a policy, or another, which could not be had (RFC 8460 section 4.3.2.1). */
enum sts_fault {
	STS_FAULTLESS,
	STS_NOT_FETCHED,
	STS_UNTRUSTED, /* the certificate of its server */
	STS_INVALID,
};

struct sts_answer {
	struct sts_policy *policy; /* NULL: none holds; to be counted by who keeps it */
	enum sts_fault fault;
};

typedef void sts_fn(void *arg, const struct sts_answer *answer);

/* A question under way; lies in its owner, zeroed at first. */
struct sts_lookup {
	struct list_node node;
	sts_fn *fn;
	void *arg;
};

struct sts *sts_new(const struct mail *m);
/* No answer comes any more; nothing is fetched anew. */
void sts_drain(struct sts *s);
void sts_free(struct sts **s);

/* Asks; fn is called once, in a later turn, unless the question is dropped. */
void sts_look(struct sts *s, struct sts_lookup *l, struct slice domain, sts_fn *fn, void *arg);
void sts_drop(struct sts_lookup *l); /* legal on one that is not asked */

#endif
