/*
 * mime/address.h: address lists (RFC 5322 section 3.4 with the obsolete forms of 4.4, RFC 6854
 * groups) in the four parts that IMAP's ENVELOPE wants (RFC 3501 section 7.4.2).
 *
 * Tolerant: whatever the text is, the result is some list, and a text that is no address at all
 * becomes a mailbox without host. Quotes and backslashes are removed; encoded words and bytes
 * above 127 stay as they are (mime_words_decode makes text of them). Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_ADDRESS_H
#define HEARTH_MAIL_MIME_ADDRESS_H

#include "hearth/arena.h"

enum { MIME_ADDRESSES_MAX = 4096 }; /* entries of one list */

enum mime_address_kind {
	MIME_ADDRESS_MAILBOX,
	MIME_ADDRESS_GROUP,     /* a group begins: its name is in `mailbox` */
	MIME_ADDRESS_GROUP_END, /* and ends: nothing is set */
};

struct mime_address {
	enum mime_address_kind kind;
	struct slice name; /* display name, or else the comment behind the address; may be empty */
	struct slice adl;  /* source route such as "@a,@b"; mostly empty */
	struct slice mailbox; /* local part */
	struct slice host;    /* domain or [literal]; empty when there is none */
};

struct mime_addresses {
	struct mime_address *v;
	size_t n;
};

/* The addresses in an unfolded value. All slices are copies in `a`. */
struct mime_addresses mime_addresses_parse(struct arena *a, struct slice value);

/*
 * Whether nothing of the value is left over: every character of a name or an address is part of what was
 * found. Where it is not, another program may find somebody else.
 */
bool mime_addresses_are_whole(struct slice value, const struct mime_addresses *found);

#endif
