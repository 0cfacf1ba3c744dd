/*
 * smtp_address.h: the Mailbox of RFC 5321 section 4.1.2, local-part "@" (domain or address
 * literal), read, compared and brought to one spelling. Pure: no DNS, no policy. UTF-8 in both
 * halves is read as RFC 6531 section 3.3 has it and marked, so that the caller can refuse it where
 * SMTPUTF8 was not asked for.
 *
 * Addresses are read as they are in the world, where that can be misunderstood by nobody: dots
 * anywhere in a local part (mobile networks gave such away), local parts of more than 64 octets
 * (forwarders write the old address into the new one), "_" and outer hyphens in host names, a dot
 * behind the domain.
 *
 * At most SMTP_ADDRESS_MAX octets.
 */
#ifndef HEARTH_MAIL_SMTP_ADDRESS_H
#define HEARTH_MAIL_SMTP_ADDRESS_H

#include "hearth/str.h"

/*
 * Octets. RFC 5321 section 4.5.3.1 names what must at least be taken, 64 of a local part and 256 of
 * a path, and wants no limits where there need be none. Ours: a Return-Path stays far from what a
 * line may have; a mailbox here has a path of that size, hence 254 without its brackets.
 */
#define SMTP_DOMAIN_MAX    255
#define SMTP_ADDRESS_MAX   500
#define SMTP_RECIPIENT_MAX 254
#define SMTP_LABEL_MAX     63

/* All slices point into the text that was read. A zeroed one is the null address "<>". */
struct smtp_address {
	struct slice text;   /* the whole, as written, but for a dot behind the domain */
	struct slice local;  /* as written, with its quotes when quoted */
	struct slice domain; /* without "@"; empty for a bare <postmaster> */
	bool quoted;         /* the local part is a quoted string */
	bool literal;        /* the domain is an address literal such as [192.0.2.1] */
	bool utf8;           /* it has bytes outside ASCII and so needs SMTPUTF8 */
};

/*
 * Reads one Mailbox off the front of `s`. Returns the bytes it takes, or HEARTH_EINVAL for what is
 * no Mailbox and HEARTH_ETOOBIG for one that is longer than SMTP_ADDRESS_MAX, or has a label that
 * is too long.
 */
ptrdiff_t smtp_address_read(struct slice s, struct smtp_address *out);

/*
 * Dot-separated labels of letters, digits, hyphens and underscores, or of UTF-8, none without a
 * letter or digit; no dot at the end. The length of the longest such domain at the front of `s`.
 */
size_t smtp_domain_read(struct slice s);
/* Whether an address literal, with its brackets, stands for this address: "192.0.2.1", "::1". */
bool smtp_literal_names(struct slice literal, const char *address);

/*
 * Appends the one spelling under which an address is stored and looked up: quotes only where the
 * local part needs them, the domain in lower case and as the DNS knows it (A-labels, where it can have any),
 * the local part's letters as they are.
 */
void smtp_address_canonical(struct strbuf *out, const struct smtp_address *a);

#endif
