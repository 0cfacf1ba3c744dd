/*
 * store/dmarc.h: what came of DMARC for mail from outside, counted by day: the ground for aggregate
 * reports (RFC 9990) to the domains that published a policy and want some (rua).
 *
 *	dmarc_row   one row for each difference within a day (UTC) and policy; `count` is of messages
 *	dmarc_day   how many rows a day and domain have; the domain '' is all of them together
 *
 * A message is counted when it is on disk, in the same transaction; one that is refused by its policy
 * when that was said. One with several authors counts for each author's domain. A day is over when
 * clock_wall_s() / 86400 has gone on, and then stays as it is. Rows go after MAIL_DMARC_DAYS, reported or
 * not; beyond the bounds below, what is new is not counted (who floods us has no right to a report).
 *
 * Inside a db_fn on the database "mail", on a database thread.
 */
#ifndef MAIL_STORE_DMARC_H
#define MAIL_STORE_DMARC_H

#include "store/store.h"

#define MAIL_DMARC_DOMAIN_ROWS_MAX 5000   /* of a domain and day */
#define MAIL_DMARC_ROWS_MAX        100000 /* of a day */
#define MAIL_DMARC_DAYS            14     /* that rows are kept for */

/* What was done, in the words of RFC 9990. */
enum mail_disposition {
	MAIL_DISPOSITION_PASS, /* DMARC passed */
	MAIL_DISPOSITION_NONE, /* it did not, and nothing was done */
	MAIL_DISPOSITION_QUARANTINE,
	MAIL_DISPOSITION_REJECT,
};

struct mail_dmarc_row {
	int64_t id, count; /* not set to add one */
	int64_t day;       /* since 1970-01-01, UTC */
	struct slice
		domain; /* whose policy it is: where the record was found, A-labels, lower case */
	struct slice record;        /* the policy as it is published */
	struct slice source;        /* the client's address, as text */
	struct slice header_from;   /* the author's domain */
	struct slice envelope_from; /* MAIL FROM's domain; empty: <> */
	enum mail_disposition disposition;
	bool dkim, spf; /* one passed, and is aligned */
	/*
	 * Why something else was done than the policy says: "" (nothing else), "local_policy",
	 * "policy_test_mode", "trusted_forwarder" (RFC 9990's PolicyOverrideType).
	 */
	struct slice reason;
	/*
	 * All results, as JSON: [{"type": "dkim", "domain", "selector", "result"}, …,
	 * {"type": "spf", "domain", "scope": "mfrom" or "helo", "result"}]
	 */
	struct slice results;
};

/* Counts one message. */
int mail_store_dmarc_count(struct db_tx *tx, const struct mail_dmarc_row *row);
/* The domains of a day, by name, behind `after` ("" at first); at most max. Slices in `a`. */
int mail_store_dmarc_domains(struct db_tx *tx, int64_t day, struct slice after, size_t max,
	struct arena *a, struct slice *domains, size_t *n);
/* The rows of a day and domain with an id beyond `after`, in their order; at most max. Slices in `a`. */
int mail_store_dmarc_rows(struct db_tx *tx, int64_t day, struct slice domain, int64_t after,
	size_t max, struct arena *a, struct mail_dmarc_row *rows, size_t *n);
/* The earliest day of which there are rows; HEARTH_ENOTFOUND. */
int mail_store_dmarc_first_day(struct db_tx *tx, int64_t *day);
/* Those of a day and domain go: they were reported, or nobody wants them. */
int mail_store_dmarc_forget(struct db_tx *tx, int64_t day, struct slice domain);
/* Those of the days before `today` - MAIL_DMARC_DAYS go. */
int mail_store_dmarc_prune(struct db_tx *tx, int64_t today);

#endif
