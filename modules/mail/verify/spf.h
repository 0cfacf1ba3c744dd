/*
 * verify/spf.h: whether a domain lets a client send in its name (RFC 7208, check_host()). Asks the DNS
 * step by step, one question at a time, and answers once. On the loop.
 *
 *   RECORD ──▶ its terms, in order ──▶ a match, or none of them
 *      ▲            │ include: a record within; redirect: another in its place
 *      └────────────┘
 *
 * Bounds (section 4.6.4): SPF_LOOKUPS_MAX terms that ask, SPF_VOIDS_MAX of them answered without anything,
 * SPF_HOSTS_MAX names of an MX or PTR; so 112 questions at most, each as long as the resolver takes.
 * How long it may take in all is its owner's to say: spf_check_end.
 */
#ifndef MAIL_VERIFY_SPF_H
#define MAIL_VERIFY_SPF_H

#include "verify/ask.h"
#include "verify/spf_record.h"

#define SPF_LOOKUPS_MAX 10
#define SPF_VOIDS_MAX   2
#define SPF_HOSTS_MAX   10

/* Who sends. Slices are copied. */
struct spf_sender {
	const char *peer;    /* the client's address */
	struct slice local;  /* of MAIL FROM; empty: postmaster */
	struct slice domain; /* of MAIL FROM, or what HELO said: the one that is asked (A-labels) */
	struct slice helo;
	struct slice receiver; /* this server's name, for explanations */
	int64_t now_s;
	bool explain; /* on fail the domain's own words are asked for */
};

struct spf_outcome {
	enum spf_result result;
	struct slice
		explanation; /* what the domain says of a fail; empty: nothing. Printable ASCII */
	const char *why;     /* of an error, for the log; "" */
};

typedef void spf_fn(void *arg, const struct spf_outcome *outcome);

struct spf_frame {
	char domain[DNS_NAME_MAX + 1];
	struct spf_record record;
	size_t next;     /* the term that is looked at */
	bool redirected; /* another's record led here: without one, it is an error */
};

enum spf_step {
	SPF_STEP_START, /* nothing was asked yet */
	SPF_STEP_RECORD,
	SPF_STEP_TERM, /* a, exists, mx: what it names */
	SPF_STEP_HOST, /* the addresses of a name of an MX */
	SPF_STEP_NAMES,
	SPF_STEP_NAME, /* whether a name of the address leads back to it */
	SPF_STEP_EXPLAIN,
};

/* One under way; lies in its owner, zeroed at first. */
struct spf_check {
	struct verify_asker dns;
	struct dns_question q;
	struct arena *a; /* NULL: nothing is under way */
	struct spf_sender sender;
	bool v6;
	unsigned char address[16];
	char readable[46], dotted[64];
	struct spf_frame frames[SPF_LOOKUPS_MAX + 1];
	size_t depth; /* of includes */
	int lookups, voids;
	enum spf_step step, after; /* `after`: what goes on when the names are known */
	char hosts[SPF_HOSTS_MAX][DNS_NAME_MAX + 1]; /* of an MX, or names of the address */
	size_t host_n, host_at;
	char (*names)[DNS_NAME_MAX + 1]; /* that lead back to the address */
	size_t name_n;
	bool has_names;
	bool nameless; /* the DNS says that the address has no names */
	struct spf_outcome outcome;
	spf_fn *done;
	void *arg;
};

/* Begins; the answer comes in a later turn. */
void spf_check_begin(struct spf_check *c, const struct verify_asker *dns,
	const struct spf_sender *sender, spf_fn *done, void *arg);
/* No answer will come. Legal on one that is not under way. */
void spf_check_drop(struct spf_check *c);

#endif
