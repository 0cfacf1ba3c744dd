/*
 * verify/dmarc_record.h: a DMARC policy record (RFC 9989 section 4.7). Pure, any thread.
 */
#ifndef MAIL_VERIFY_DMARC_RECORD_H
#define MAIL_VERIFY_DMARC_RECORD_H

#include <stdbool.h>

#include "hearth/str.h"

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };

enum dmarc_psd { DMARC_PSD_UNKNOWN, DMARC_PSD_YES, DMARC_PSD_NO }; /* psd=u, y, n */

struct dmarc_record {
	/*
	 * False: a policy in it is none, and it has nowhere to report to either: DMARC does not
	 * apply (section 4.10.1). With a place for reports such a record is one of p=none.
	 */
	bool applies;
	enum dmarc_policy p, sp, np;  /* what is not said is as what is before it */
	bool strict_dkim, strict_spf; /* adkim=s, aspf=s */
	bool testing;                 /* t=y */
	enum dmarc_psd psd;
	struct slice rua, ruf; /* as they stand there, unread; empty: none */
	struct slice fo;
};

/*
 * Whether a TXT record is a policy record at all, and what it says. Slices point into `text`. What is
 * wrong beyond the policies, or not known (pct, rf, ri), is as if it were not there.
 */
bool dmarc_record_parse(struct slice text, struct dmarc_record *out);

/* "none", "quarantine", "reject". */
const char *dmarc_policy_name(enum dmarc_policy policy);

#endif
