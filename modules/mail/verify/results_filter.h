/*
 * verify/results_filter.h: takes fields Authentication-Results that claim to be ours out of a message that
 * comes from outside (RFC 8601 section 5): nobody but this server says what it found. A message's bytes
 * pass through as they come; of the body not one is looked at.
 *
 *	LINE ──▶ NAME ──another's──▶ KEEP ─┐        Each line that begins with white space goes on
 *	  ▲        └──the name──▶ ID ──────┤        with what its field is.
 *	  │                        └▶ DROP ┤
 *	  └──────────────────── line end ──┘   an empty line ──▶ BODY
 *
 * Pure. It holds the front of a field until it knows whose it is, RESULTS_HELD_MAX bytes; a field that has
 * not named itself by then goes.
 */
#ifndef MAIL_VERIFY_RESULTS_FILTER_H
#define MAIL_VERIFY_RESULTS_FILTER_H

#include "hearth/str.h"

#define RESULTS_HELD_MAX 2048

enum results_state {
	RESULTS_LINE, /* a line begins */
	RESULTS_CR,   /* it began with a CR */
	RESULTS_NAME,
	RESULTS_ID,
	RESULTS_KEEP,
	RESULTS_DROP,
	RESULTS_BODY,
};

/* Whether the text, an authserv-id, is one of this server's. */
typedef bool results_own_fn(const void *arg, struct slice id);

/* Zeroed, with `own` set, it is ready. */
struct results_filter {
	results_own_fn *own;
	const void *arg;
	enum results_state state;
	enum results_state field; /* what the field above was: KEEP or DROP */
	size_t matched;           /* of the name */
	bool colon;
	/* within the value, before the id has ended */
	int comments; /* open ones, one in the other */
	bool quoted, escaped, begun, folding;
	struct strbuf held, id;
	size_t dropped; /* fields that went */
};

/*
 * Takes bytes, appends what stays of the header to `out`, and returns what of `in` is body, to be taken as
 * it is.
 */
struct slice results_filter_feed(struct results_filter *f, struct slice in, struct strbuf *out);
/* The message is over: appends what was held. */
void results_filter_end(struct results_filter *f, struct strbuf *out);
/* Legal at any time. */
void results_filter_clear(struct results_filter *f);

#endif
