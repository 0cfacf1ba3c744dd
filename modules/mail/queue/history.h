/*
 * queue/history.h: the last attempts at a recipient that waits, as text in its row, so that one statement writes
 * them and the outcome. A line each, the oldest first: when, code, host, TLS and answer, tabs between; of one that
 * went as the one before only when. Pure.
 *
 * Bounds: MAIL_HISTORY_MAX attempts of at most some 500 bytes each.
 */
#ifndef MAIL_QUEUE_HISTORY_H
#define MAIL_QUEUE_HISTORY_H

#include "hearth/str.h"

#define MAIL_HISTORY_MAX 8

struct mail_history_attempt {
	int64_t at_ms, code; /* code 0: no answer of a server */
	struct slice host, tls,
		answer; /* host empty: none was reached; tls: "TLSv1.3, proven", or empty */
};

/* Writes `before` with one attempt more; the oldest goes where there are too many. */
void mail_history_add(
	struct strbuf *out, struct slice before, const struct mail_history_attempt *attempt);
/* Returns how many; slices of `text`. What cannot be read is left out. */
size_t mail_history_read(struct slice text, struct mail_history_attempt attempts[MAIL_HISTORY_MAX]);

#endif
