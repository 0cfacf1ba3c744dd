/*
 * verify/gate_internal.h: a gate from the inside (gate.h). One thread has it at a time: the loop, or the
 * worker of the step it is in.
 *
 *	gate_place.c    whether it is checked, and its place among the others
 *	gate.c          its steps
 *	gate_verdict.c  from results to a verdict, the field, and the rows for reports
 */
#ifndef MAIL_VERIFY_GATE_INTERNAL_H
#define MAIL_VERIFY_GATE_INTERNAL_H

#include "mail.h"
#include "store/dmarc.h"
#include "verify/authors.h"
#include "verify/dmarc.h"
#include "verify/gate.h"
#include "verify/message.h"
#include "verify/spf.h"

enum gate_step {
	GATE_NEW,
	GATE_WAITING,
	GATE_HASHING,
	GATE_ASKING,
	GATE_JUDGING,
	GATE_ALIGNING,
	GATE_ENDED
};

struct gate_key {
	struct mail_gate *gate;
	struct dns_question q;
	size_t signature;
};

struct gate_spf {
	struct mail_gate *gate;
	struct spf_check check;
	struct slice domain; /* p NULL: it is not checked */
	enum spf_result result;
	struct slice explanation;
	const char *why;
};

struct mail_gate {
	struct mail *m;
	struct list_node node; /* of those that wait */
	struct arena *a;
	const char *peer, *helo, *from;
	int64_t conn;
	unsigned char address[ADDRESS_BYTES];
	struct slice network; /* of it what is counted together: a /24, a /48 of IPv6 */
	enum gate_step step;
	bool has_place;
	struct timer late;
	/* the message */
	struct slice bytes;
	const char *blob;
	uint64_t size;
	int status;
	struct mail_turn turn; /* of one that is read back */
	struct verify_message message;
	struct authors authors;
	/* what is asked */
	size_t asked; /* SPF and keys that were not answered yet */
	struct gate_spf mail_from, hello;
	struct gate_key *keys;
	size_t key_n;
	struct dns_question
		arc_key; /* a chain's are asked one after the other, from the newest on */
	size_t arc_asked;
	struct dmarc_check dmarc[AUTHORS_MAX];
	size_t aligning;
	/* the end */
	struct mail_gate_verdict verdict;
	struct mail_dmarc_row rows[AUTHORS_MAX];
	size_t row_n;
	mail_gate_fn *done;
	void *arg;
};

/* gate.c: it has a place; it is over. */
void gate_begin(struct mail_gate *g);
void gate_end(struct mail_gate *g, int status);
/* gate_place.c: somebody else may have it; how long the DNS may take. */
void gate_leave_place(struct mail_gate *g);
int64_t gate_patience_ms(const struct mail *m, int64_t ms);

/* gate_verdict.c. Whether the signature proves its domain: it holds, for all of the message, and not only as a try. */
bool gate_counts(const struct dkim_signature *s);
/* From all that is known to the verdict and its rows. */
void gate_judge(struct mail_gate *g);

#endif
