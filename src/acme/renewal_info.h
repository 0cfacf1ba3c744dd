/*
 * renewal_info.h: an authority is asked when it wants a certificate renewed (ARI, RFC 9773): it may want it
 * early, as before it revokes it, or late, as when too many would come at once. On a worker, but for what
 * is pure.
 */
#ifndef HEARTH_SRC_ACME_RENEWAL_INFO_H
#define HEARTH_SRC_ACME_RENEWAL_INFO_H

#include "acme/acme_attempt.h"

/* The job: asks about the certificate of the record, and notes the answer. On a worker. */
void acme_ask_run(void *attempt);
/*
 * What an order says that it replaces (RFC 9773 5): the certificate in use, if this authority gives such
 * information and they have a name in common; NULL: nothing. In the job's arena.
 */
const char *acme_replaced(const struct acme_job *j);

/* ---- pure, for tests ---- */

/*
 * When to renew: at a moment of the window by chance; the one chosen before, while it is the same window. Whatever
 * the authority says, not later than a tenth of its life before it ends.
 */
int64_t acme_choose_moment(const struct acme_record *r, const struct acme_window *w);
/* How long until it is asked again: as it wants (Retry-After; 0: it does not say), within a minute and a day. */
int64_t acme_ask_pause_ms(int64_t retry_after_s);
/* The same behind so many failures in a row, each time twice as long; not before it wants. */
int64_t acme_ask_again_ms(int64_t failures, int64_t retry_after_s);

#endif
