/*
 * tlsa.h: the TLSA records of a mail server (RFC 6698) as RFC 7672 has a sender take them: which can be
 * used, and what follows from there being some. Pure, any thread.
 */
#ifndef MAIL_POLICY_TLSA_H
#define MAIL_POLICY_TLSA_H

#include "hearth/dns.h"

#define TLSA_RECORDS_MAX 32    /* of one server; what is more is not looked at */
#define TLSA_BYTES_MAX   16384 /* of them all */

/* Records that were proven by DNSSEC, and the name they stand at. One owner at a time counts as one ref. */
struct tlsa_set {
	unsigned refs;
	char base[DNS_NAME_MAX + 1]; /* for SNI, and of the certificate where the name counts */
	size_t count;                /* of all that stand there … */
	size_t usable;               /* … and those that can be used: in front */
	struct dns_tlsa records[];   /* their data behind them */
};

/* "_25._tcp.mx.example.org"; false: that is no name. */
bool tlsa_name(char out[DNS_NAME_MAX + 1], const char *host, int port);
/*
 * Reads what was found for `base`. Records that are not in form count, but are not usable, as are those
 * of usages that mean nothing between mail servers (RFC 7672 section 3.1.3).
 */
struct tlsa_set *tlsa_read(const struct dns_answer *answer, const char *base);
struct tlsa_set *tlsa_ref(struct tlsa_set *s); /* legal on NULL */
void tlsa_unref(struct tlsa_set **s);          /* legal on NULL; sets NULL */
/* As in a zone file: "3 1 1 0123…", with its data in full. */
void tlsa_write(struct strbuf *out, const struct dns_tlsa *r);

#endif
