/*
 * queue/report.h: delivery status notifications (RFC 3464, RFC 6533): what became of a mail, for the person
 * who sent it and for programs. Pure.
 */
#ifndef MAIL_QUEUE_REPORT_H
#define MAIL_QUEUE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/arena.h"
#include "hearth/str.h"

enum report_action { /* RFC 3464 section 2.3.3 */
	REPORT_FAILED,
	REPORT_DELAYED,
	REPORT_DELIVERED,
	REPORT_RELAYED,  /* the next server has it, and gives no reports */
	REPORT_EXPANDED, /* the members of a group have it */
};

struct report_recipient {
	struct slice address;
	struct slice orcpt; /* RFC 3461, as xtext with its type; empty: none */
	enum report_action action;
	int code; /* what the other server said; 0: it said nothing, and `answer` is ours */
	const char *enhanced;
	struct slice answer;
};

struct report {
	const char *hostname; /* ours */
	int64_t now_s;
	struct slice to;            /* who sent it */
	struct slice envid;         /* as xtext; empty: none */
	int64_t arrived_s, until_s; /* when we had it; up to when it is tried */
	const char *host;           /* who answered; "": nobody */
	struct slice message;       /* its first bytes; empty: not known */
	bool whole;                 /* they are all, and all is to come back (RET=FULL) */
	const struct report_recipient *recipients;
	size_t count;
};

/* As a message. */
void report_write(struct strbuf *out, const struct report *r);

/* "NEVER", "SUCCESS,FAILURE": the words of enum mail_notify_when, in `a`; NULL for none. */
const char *mail_notify_words(struct arena *a, unsigned notify);

#endif
