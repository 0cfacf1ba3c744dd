/*
 * list/rewrite.h: what a group changes in the header of its mail, where it does: the Subject, which gets the
 * group's prefix in front, and the From of what goes to members elsewhere where its author's domain would have it
 * refused as it would come (RFC 9989 section 8.5): "Ann via The choir <choir@ours>", with the author in Reply-To,
 * where the mail has none, and in X-Original-From. The body stays. Pure; linear in the message.
 */
#ifndef MAIL_LIST_REWRITE_H
#define MAIL_LIST_REWRITE_H

#include "hearth/str.h"

struct list_rewrite {
	struct slice prefix; /* of the Subject, ASCII; empty: it stays */
	bool from;
	struct slice title, address; /* of the group, for From */
};

/* Whether the Subject of a message lacks a prefix: an answer mostly has it. */
bool list_rewrite_lacks(struct slice message, struct slice prefix);
/* Appends the message as it goes out. */
void list_rewrite(struct strbuf *out, struct slice message, const struct list_rewrite *r);

#endif
