/*
 * verify/arc.h: the ARC chain of a message (RFC 8617): what those who passed it on have found, sealed by
 * each. In the style of dkim.h: verify_message takes the bytes; arc_wants names the keys to be asked for,
 * 0 to arc_asks; arc_answer keeps what the DNS says; arc_judge sets the result.
 *
 * Pure. A chain has ARC_SETS_MAX sets at most; judging one costs a signature check a set, and one more.
 */
#ifndef MAIL_VERIFY_ARC_H
#define MAIL_VERIFY_ARC_H

#include "verify/body_hash.h"
#include "verify/signature.h"

enum { ARC_SETS_MAX = 50 }; /* section 4.2.1 */

/* The fields of one instance. */
struct arc_set {
	const struct mime_field *results; /* ARC-Authentication-Results */
	const struct mime_field *message; /* ARC-Message-Signature */
	const struct mime_field *seal;    /* ARC-Seal */
};

/* All instances, the first at [0]. */
struct arc_sets {
	struct arc_set sets[ARC_SETS_MAX];
	size_t count;    /* the highest instance */
	const char *why; /* NULL: each has its three fields, and none is left out */
};

/* Pure form: which fields are there, under which number. */
void arc_collect(struct arc_sets *out, const struct header_fields *header);

struct arc_seal_state {
	struct signature s;
	struct slice domain;  /* d=: who sealed */
	struct slice results; /* what it had found: the field's value behind "i=N;" */
};

struct arc {
	/* VERIFY_NONE at first, and for good where there is no chain; then PASS, FAIL or TEMPERROR. */
	enum verify_result result;
	const char *reason;
	size_t count; /* sets; 0 with VERIFY_FAIL: fields of sets, none with a number that is one */
	struct arc_seal_state *seals; /* by instance; in the arena */
	/* private */
	struct signature message; /* the newest message signature */
	int body;                 /* its want */
	bool known;               /* the result is, without the DNS */
};

void arc_read(
	struct arc *c, struct arena *a, const struct header_fields *header, struct body_hash *body);
/* The body is over. */
void arc_compare(struct arc *c, const struct body_hash *body);
/* How many keys there may be to ask for; the name of one, or NULL: it need not be asked. */
size_t arc_asks(const struct arc *c);
const char *arc_wants(const struct arc *c, size_t i);
void arc_answer(struct arc *c, size_t i, struct arena *a, const struct dns_answer *answer);
void arc_judge(struct arc *c, struct arena *a, uint64_t now_s);

/*
 * Appends the canonical fields of the first `n` sets, each results, message, seal (section 5.1.1): what a
 * seal covers.
 */
void arc_covered(struct strbuf *out, const struct arc_sets *sets, size_t n);

#endif
