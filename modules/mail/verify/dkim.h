/*
 * verify/dkim.h: the DKIM signatures of a message (RFC 6376), from its bytes to what Authentication-Results
 * says. No loop and no socket in here: who has a resolver asks for the keys.
 *
 *	struct verify_message (message.h) takes the bytes, and at the end of the message has the
 *	signatures here, each with its `result` already where nothing need be asked;
 *	dkim_wants gives the name of the key to be asked for (TXT), NULL where none is;
 *	dkim_answer keeps what the DNS says, for each that was asked;
 *	dkim_judge sets the results.
 *
 * Pure. Judging costs an RSA or Ed25519 check a signature (a tenth of a millisecond), of which there are
 * DKIM_SIGNATURES_MAX at most.
 */
#ifndef MAIL_VERIFY_DKIM_H
#define MAIL_VERIFY_DKIM_H

#include "verify/body_hash.h"
#include "verify/signature.h"

enum { DKIM_SIGNATURES_MAX = 10 }; /* of a message; those below them are not looked at */

struct dkim_signature {
	/* VERIFY_NONE until it is known. A reason always, but for a pass. */
	enum verify_result result;
	const char *reason;
	/* For Authentication-Results: header.d, .i, .s, .a, .b; as they stand in the message, empty where they do not. */
	struct slice domain, identity, selector, algorithm;
	struct slice b; /* the first eight characters, to tell signatures of one domain apart */
	/*
	 * Its domain's owner says that it is only tried (t=y): it should count as if it were not there,
	 * whatever came of it (RFC 6376 3.6.1).
	 */
	bool testing;
	/* l=: so many bytes at the end of the body, in canonical form, are not signed; anybody may have added them. */
	uint64_t unsigned_bytes;
	/* private */
	struct signature s;
	int body; /* its want */
};

struct dkim {
	struct dkim_signature *signatures; /* from the top; in the arena */
	size_t count;
	size_t ignored; /* signatures that are there beyond the maximum */
};

/* Reads the signatures of a header, and says to `body` what they want of it. */
void dkim_read(struct dkim *d, struct arena *a, const struct header_fields *header,
	struct body_hash *body);
/* The body is over. */
void dkim_compare(struct dkim *d, const struct body_hash *body);
/* "SELECTOR._domainkey.DOMAIN", or NULL: what comes of signature i is known without. */
const char *dkim_wants(const struct dkim *d, size_t i);
/* What the DNS says of it; copied into `a`. One that is never answered is a temperror. */
void dkim_answer(struct dkim *d, size_t i, struct arena *a, const struct dns_answer *answer);
void dkim_judge(struct dkim *d, struct arena *a, uint64_t now_s);

#endif
