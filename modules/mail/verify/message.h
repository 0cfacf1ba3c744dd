/*
 * verify/message.h: a message on its way into its signatures: its bytes are taken once, for all of them.
 *
 *	struct verify_message m = { 0 };
 *	verify_message_init(&m);
 *	verify_message_feed(&m, bytes);   pieces of any size
 *	verify_message_end(&m);
 *	…dkim.h, arc.h: ask for the keys, answer, judge…
 *	verify_message_clear(&m);
 *
 * Pure: on any thread, one at a time. It keeps the header (VERIFY_HEADER_MAX) and what of it is needed
 * in its arena, and nothing of the body, whose bytes cost a SHA-256 in each of the two canonical forms
 * that a signature asks for. Results point into the arena.
 */
#ifndef MAIL_VERIFY_MESSAGE_H
#define MAIL_VERIFY_MESSAGE_H

#include "verify/arc.h"
#include "verify/dkim.h"

enum { VERIFY_HEADER_MAX = 1024 * 1024 }; /* of a longer header no signature is looked at */

struct verify_message {
	struct arena *arena;
	struct dkim dkim;
	struct arc arc;
	bool too_long; /* the header is: no signature was looked at */
	/* private */
	struct strbuf header; /* until it is whole */
	size_t line;          /* where its last line begins */
	struct slice kept;    /* then, in the arena */
	bool in_body;
	struct body_hash body;
};

void verify_message_init(struct verify_message *m);
void verify_message_feed(struct verify_message *m, struct slice bytes);
/* The message is over. */
void verify_message_end(struct verify_message *m);
void verify_message_clear(struct verify_message *m);

#endif
