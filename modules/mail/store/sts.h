/*
 * store/sts.h: MTA-STS policies of other domains (policy/sts.h), kept for as long as they say, so that a
 * start, or somebody who suppresses DNS and web answers, forgets none (RFC 8461 section 10.2).
 *
 * Inside a db_fn on the database "mail", on a database thread.
 */
#ifndef MAIL_STORE_STS_H
#define MAIL_STORE_STS_H

#include "policy/sts_policy.h"
#include "store/store.h"

#define MAIL_STS_ROWS_MAX 20000 /* those used longest ago go (mail_store_sts_prune) */

struct mail_sts_row {
	char id[STS_ID_MAX + 1];
	struct slice policy; /* as sts_policy_read takes it */
	int64_t fetched_ms, expires_ms;
	int64_t refresh_ms; /* when it is fetched anew by itself */
	int64_t used_ms;    /* mail went there, to the day */
};

/* HEARTH_ENOTFOUND: there is none, or its time is over. Slices in `a`. */
int mail_store_sts(struct db_tx *tx, struct slice domain, int64_t now_ms, struct arena *a,
	struct mail_sts_row *out);
/* Writes it, in place of the one before, whose used_ms stays. */
int mail_store_sts_put(struct db_tx *tx, struct slice domain, const struct mail_sts_row *row);
int mail_store_sts_used(struct db_tx *tx, struct slice domain, int64_t now_ms);
/* It could not be fetched anew: the next try. */
int mail_store_sts_later(struct db_tx *tx, struct slice domain, int64_t refresh_ms);
/* Domains whose policy is to be fetched anew, and was used since `used_ms`: at most `max`. */
int mail_store_sts_due(struct db_tx *tx, int64_t now_ms, int64_t used_ms, size_t max,
	struct arena *a, struct slice *domains, size_t *n);
/* Those whose time is over go, and those beyond MAIL_STS_ROWS_MAX. */
int mail_store_sts_prune(struct db_tx *tx, int64_t now_ms);

#endif
