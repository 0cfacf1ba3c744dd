/*
 * dns.h: names asked of the DNS (RFC 1034, 1035), answers validated by DNSSEC in this process.
 *
 * A question is a name and a type; its answer comes on the loop, once, unless it is dropped before.
 * A resolver stands behind it ([dns] server, or the system's), and a cache of ours in front: what is
 * asked twice within its time to live costs nothing. Questions are bounded in number and in time.
 *
 *   secure   the answer, or that there is none, is proven by signatures from the root's key down.
 *            Only this may be the ground for what must be certain (DANE, RFC 7672). Never with a
 *            resolver that leaves signatures out: that is noticed with the first question, /healthz
 *            says so, and answers are taken unproven from then on.
 *   BOGUS    signatures are there, or should be, and do not hold: to be treated as no answer.
 *
 * All calls are on the loop's thread (or the only one of a command), but for those that read RDATA:
 * they are pure.
 */
#ifndef HEARTH_DNS_H
#define HEARTH_DNS_H

#include <stdbool.h>

#include "hearth/list.h"
#include "hearth/str.h"

#define DNS_NAME_MAX 255  /* bytes of a name as text, without the dot at the end (RFC 1035 2.3.4) */
#define DNS_TXT_MAX  8192 /* bytes of a TXT record's strings put together */

struct dns;

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,  /* RFC 2782 */
	DNS_TLSA = 52, /* RFC 6698 */
};

enum dns_status {
	DNS_FOUND,  /* one record or more */
	DNS_NODATA, /* the name exists, or aliases end at one that does, without such a record */
	DNS_NXDOMAIN,
	DNS_FAILED, /* no answer in time, or the servers refuse or are broken: try again later */
	DNS_BOGUS,
};

/* An answer; all of it is valid while the function that gets it runs. */
struct dns_answer {
	enum dns_status status;
	bool secure;
	int ttl_s; /* for how long it holds */
	const char *
		name; /* where the aliases end, without the dot; what was asked where there are none */
	const char *why;     /* FAILED, BOGUS: for the log; never NULL */
	size_t count;        /* of records, in no order that means anything */
	struct slice *rdata; /* each as on the wire, names in it not compressed */
};

typedef void dns_fn(void *arg, const struct dns_answer *answer);

/* Lies in its owner, zeroed at first, until it is answered or dropped. */
struct dns_question {
	struct list_node node;
	struct dns *dns; /* NULL: not asked */
	char name[DNS_NAME_MAX + 1];
	int type;
	int id; /* the resolver's, once it is sent */
	bool sent;
	int64_t deadline_us;    /* when it gets … */
	enum dns_status status; /* … this answer … */
	const char *why;        /* … for this reason */
	dns_fn *fn;
	void *arg;
};

/*
 * Asks. The answer comes in a later turn of the loop, within DNS_PATIENCE_MS; in the next one FAILED
 * when DNS_WAITING_MAX wait already, NXDOMAIN for what is no name (too long, an empty label). The name
 * is copied. A question that waits for its answer may not be asked again.
 */
#define DNS_PATIENCE_MS 20000
#define DNS_WAITING_MAX 2000
void dns_ask(struct dns *dns, struct dns_question *q, struct slice name, enum dns_type type,
	dns_fn *fn, void *arg);
/* No answer will come. Legal on one that is not asked. */
void dns_drop(struct dns_question *q);

/*
 * Asks and waits: for commands, which have no loop of their own. fn has been called when it returns.
 */
void dns_look(struct dns *dns, struct slice name, enum dns_type type, dns_fn *fn, void *arg);

/* ---- RDATA; false: it is not in the form of its type ---- */

/* A name in the wire's form into text, lower case, without the dot at the end; "" is the root. */
bool dns_read_name(struct slice rdata, char name[DNS_NAME_MAX + 1]);
/* MX (RFC 1035 3.3.9). */
bool dns_read_mx(struct slice rdata, int *preference, char name[DNS_NAME_MAX + 1]);
/* TXT (RFC 1035 3.3.14): its strings, put together, appended to `out`. */
bool dns_read_txt(struct slice rdata, struct strbuf *out);
/* A or AAAA, as text ("192.0.2.1", "2001:db8::1"). */
bool dns_read_address(struct slice rdata, char address[46]);
/* SRV (RFC 2782). */
bool dns_read_srv(struct slice rdata, int *port, char name[DNS_NAME_MAX + 1]);
/* TLSA (RFC 6698 2.1); `data` points into rdata. */
struct dns_tlsa {
	int usage, selector, matching;
	struct slice data;
};
bool dns_read_tlsa(struct slice rdata, struct dns_tlsa *out);

#endif
