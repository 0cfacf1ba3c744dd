/*
 * verify/ask.h: how what verifies mail asks the DNS: by two functions of its owner's, which are those
 * of hearth/dns.h, or a test's that has the answers itself. On the loop.
 */
#ifndef MAIL_VERIFY_ASK_H
#define MAIL_VERIFY_ASK_H

#include "hearth/arena.h"
#include "hearth/dns.h"

struct verify_asker {
	struct dns *dns;
	/* As dns_ask and dns_drop (hearth/dns.h): answers come later, never from inside the call. */
	void (*ask)(struct dns *dns, struct dns_question *q, struct slice name, enum dns_type type,
		dns_fn *fn, void *arg);
	void (*drop)(struct dns_question *q);
};

/* Whether the text, without a dot at its end, can be asked: labels of 1 to 63 printable bytes of ASCII,
 * 253 in all (RFC 1035 section 2.3.4). Pure. */
bool verify_is_name(struct slice name);
/*
 * A domain as DMARC compares them: A-labels (RFC 5891) in lower case, in `a`; what cannot be those only in
 * lower case. Pure.
 */
struct slice verify_domain(struct arena *a, struct slice name);

#endif
