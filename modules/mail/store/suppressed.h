/*
 * store/suppressed.h: addresses elsewhere whose server said for good that nobody is there. Nothing is sent to
 * one for a day, after the next time for four, and so on up to a month, or until its server takes one after all (a
 * letter of our own, what was in the queue before): who writes to it hears at once, and
 * other servers do not count us among those who write to anybody.
 *
 * Inside a db_fn on the database "mail". At most SUPPRESSED_MAX are remembered, each a month longer than it
 * counts.
 */
#ifndef MAIL_STORE_SUPPRESSED_H
#define MAIL_STORE_SUPPRESSED_H

#include "store/store.h"

#define SUPPRESSED_MAX 100000

struct mail_suppressed {
	struct slice address, answer; /* what its server said */
	int64_t times;                /* that it said so */
	int64_t since_ms, until_ms;   /* the last time; nothing is sent up to */
};

/* Its server has said so. */
int mail_store_suppress(
	struct db_tx *tx, struct slice address, struct slice answer, int64_t now_ms);
/* Whether it counts now, in `a`; HEARTH_ENOTFOUND. */
int mail_store_suppressed(struct db_tx *tx, struct slice address, int64_t now_ms, struct arena *a,
	struct mail_suppressed *out);
/* Forgets it; HEARTH_ENOTFOUND. */
int mail_store_unsuppress(struct db_tx *tx, struct slice address);

/* Those that count now, in the order of addresses, from behind `after`: at most `max`. */
typedef int mail_suppressed_fn(void *arg, const struct mail_suppressed *s);
int mail_store_suppressed_list(struct db_tx *tx, struct slice after, int64_t now_ms, size_t max,
	mail_suppressed_fn *each, void *arg);

#endif
