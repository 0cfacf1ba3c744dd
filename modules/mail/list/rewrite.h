/*
 * list/rewrite.h: what a group changes in the header of its mail, where it does: the Subject, which gets the
 * group's prefix in front, and the From of what goes to members elsewhere where its author's domain would have it
 * refused as it would come (RFC 9989 section 8.5): "Ann via The choir <choir@ours>", with the author in Reply-To,
 * where the mail has none, and in X-Original-From. From what goes to members elsewhere the fields of other lists go, which
 * would stand beside ours under our signature: there is one link to leave (RFC 8058 section 3.1), and one of each
 * (RFC 2369). Their List-Id stays: by it a list knows what it had. The body stays. Pure; linear in the message.
 */
#ifndef MAIL_LIST_REWRITE_H
#define MAIL_LIST_REWRITE_H

#include "hearth/str.h"

struct list_rewrite {
	struct slice prefix; /* of the Subject, ASCII; empty: it stays */
	bool from;
	bool alone;                  /* no other list says how to leave, or write to, it */
	struct slice title, address; /* of the group, for From */
};

/* Whether the Subject of a message lacks a prefix: an answer mostly has it. */
bool list_rewrite_lacks(struct slice message, struct slice prefix);
/* Whether it says more of another list than its List-Id. */
bool list_rewrite_has_others(struct slice message);
/* Appends the message as it goes out. */
void list_rewrite(struct strbuf *out, struct slice message, const struct list_rewrite *r);

#endif
