/*
 * sign/arc_seal.h: an ARC set for a message that is passed on (RFC 8617 section 5.1): what was found when
 * it came here, sealed, for those who get it and find its author's proofs broken. Pure, any thread.
 */
#ifndef MAIL_SIGN_ARC_SEAL_H
#define MAIL_SIGN_ARC_SEAL_H

#include "sign/dkim_sign.h"

struct arc_finding {
	const char *authserv_id;
	struct slice
		results; /* "spf=pass …; dkim=pass …": an Authentication-Results without its id */
	enum verify_result chain; /* what came of the chain it had (arc.h): NONE, PASS or FAIL */
};

/*
 * Appends the three fields of the next set, for `message` as it goes on: what is changed is changed before.
 * False, with nothing appended: there are fifty already, the chain was given up by who sealed it last or is
 * no chain, or the key does not sign.
 */
bool arc_seal(struct strbuf *out, struct arena *a, struct slice message,
	const struct arc_finding *found, const struct sign_as *as);

#endif
