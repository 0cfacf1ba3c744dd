/*
 * imap_seqset.h: sequence sets, `2,4:7,12:*` (RFC 3501 section 9), of message sequence numbers or
 * UIDs. As read, a set keeps the order and the spelling of the client, with * unresolved;
 * imap_seqset_resolve makes a sorted one that can be asked.
 *
 * Pure, any thread; at most IMAP_SEQSET_MAX ranges.
 */
#ifndef HEARTH_MAIL_IMAP_SEQSET_H
#define HEARTH_MAIL_IMAP_SEQSET_H

#include "hearth/arena.h"

#define IMAP_STAR       0     /* "*", the largest number in use; no number is 0 */
#define IMAP_SEQSET_MAX 16384 /* ranges in one set */

struct imap_range {
	uint32_t first, last; /* inclusive */
};

/* The ranges are in an arena. Zeroed is the empty set. */
struct imap_seqset {
	struct imap_range *ranges;
	size_t n;
};

/*
 * Reads the set at the front of `s` into `a`. Returns the bytes it takes, or HEARTH_EINVAL when
 * none is there or it is malformed, and HEARTH_ETOOBIG when it has more than IMAP_SEQSET_MAX
 * ranges.
 */
ptrdiff_t imap_seqset_read(struct arena *a, struct slice s, struct imap_seqset *out);

/*
 * The same numbers in `a`, ascending and without overlap, with * as `max` and nothing above it:
 * messages above the last are not there, and "5:*" in a mailbox of 3 is "3:5", so 3. `max` 0 is an
 * empty mailbox and gives the empty set.
 */
struct imap_seqset imap_seqset_resolve(
	struct arena *a, const struct imap_seqset *set, uint32_t max);
/* Whether a resolved set has `number`. */
bool imap_seqset_has(const struct imap_seqset *resolved, uint32_t number);
/* Of a set as it was read: its largest number, 0 when it is only stars. */
uint32_t imap_seqset_max(const struct imap_seqset *set);

/*
 * Writing a set number by number, in the given order, runs that ascend by one as a:b: zeroed is
 * ready; end appends the last run and makes it ready again. Both append to `out`.
 */
struct imap_seqset_writer {
	uint32_t first, last; /* the run not yet written; 0 when there is none */
	bool more;            /* something was written before */
};
void imap_seqset_add(struct imap_seqset_writer *w, struct strbuf *out, uint32_t number);
void imap_seqset_end(struct imap_seqset_writer *w, struct strbuf *out);

#endif
