/*
 * verify/spf_record.h: an SPF record (RFC 7208 section 4.6 and 12), read whole: a record with one
 * error in it counts as none. Pure, any thread.
 */
#ifndef MAIL_VERIFY_SPF_RECORD_H
#define MAIL_VERIFY_SPF_RECORD_H

#include "hearth/arena.h"

enum spf_result { /* RFC 7208 section 2.6 */
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
};

struct spf_term {
	enum spf_mechanism mechanism;
	enum spf_result result; /* when it matches */
	struct slice domain;    /* domain-spec; empty: the domain itself */
	bool names;             /* which has %{p} */
	int bits4, bits6;       /* of the prefix that counts */
	unsigned char address[16];
};

#define SPF_TERMS_MAX \
	1000 /* of a record; one of DNS_TXT_MAX bytes may have more: that is an error */

struct spf_record {
	struct spf_term *terms;
	size_t n;
	struct slice redirect, explanation; /* domain-specs; p NULL: there is none */
	bool redirect_names, explanation_names;
};

/* Whether a TXT record is one of SPF at all (section 4.5). */
bool spf_record_is(struct slice text);
/* Reads one that is; slices are copies in `a`. False: it has an error (permerror). */
bool spf_record_parse(struct arena *a, struct slice text, struct spf_record *out);

/* "pass"; for Authentication-Results and reports. */
const char *spf_result_name(enum spf_result result);

#endif
