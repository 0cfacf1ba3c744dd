/*
 * sts_policy.h: MTA-STS (RFC 8461) as it is written: the TXT record that says there is a policy, and the
 * policy. Pure; a policy is counted, and is the loop's once it was read.
 */
#ifndef MAIL_POLICY_STS_POLICY_H
#define MAIL_POLICY_STS_POLICY_H

#include "hearth/dns.h"

#define STS_TEXT_MAX  65536    /* bytes of a policy (RFC 8461 section 3.3: at least 64 KiB) */
#define STS_ID_MAX    32       /* RFC 8461 section 3.1 */
#define STS_MX_MAX    100      /* patterns of a policy; what is more is not looked at */
#define STS_AGE_MAX_S 31557600 /* RFC 8461 section 3.2: about a year */

enum sts_mode {
	STS_NONE,    /* no policy any more */
	STS_TESTING, /* what would fail is reported, and sent all the same */
	STS_ENFORCE,
};

struct sts_policy {
	unsigned refs;
	enum sts_mode mode;
	int64_t max_age_s;
	size_t mx_count;
	char text[]; /* written anew: each line of sts_policy_line in turn, ended by \n */
};

/*
 * The id of a record; false: it is none of MTA-STS, or not in form. Of several records of a domain
 * that begin as one does none counts (section 3.1): sts_is_record says which do.
 */
bool sts_is_record(struct slice txt);
bool sts_record_read(struct slice txt, char id[STS_ID_MAX + 1]);

/* NULL: it is not in form (section 3.2), and *why says what is amiss. */
struct sts_policy *sts_policy_read(struct slice text, const char **why);
struct sts_policy *sts_policy_ref(struct sts_policy *p); /* legal on NULL */
void sts_policy_unref(struct sts_policy **p);            /* legal on NULL; sets NULL */
/* Whether a host is among its mx (section 4.1): "*.example.org" is for one label more. */
bool sts_policy_matches(const struct sts_policy *p, const char *host);

#endif
