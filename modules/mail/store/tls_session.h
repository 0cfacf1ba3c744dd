/*
 * store/tls_session.h: what came of TLS with other domains' servers, counted by day: the ground for reports
 * to those that want some (TLS-RPT, RFC 8460).
 *
 *	tls_session   one row for each difference within a day (UTC) and domain; `count` is of connections
 *
 * Rows go once they were reported, and after MAIL_TLS_DAYS in any case; beyond the bounds below what is new
 * is not counted. Inside a db_fn on the database "mail", on a database thread.
 */
#ifndef MAIL_STORE_TLS_SESSION_H
#define MAIL_STORE_TLS_SESSION_H

#include "store/store.h"

#define MAIL_TLS_DOMAIN_ROWS_MAX 200   /* of a domain and day */
#define MAIL_TLS_ROWS_MAX        50000 /* in all */
#define MAIL_TLS_DAYS            3

struct mail_tls_session {
	int64_t day; /* since 1970-01-01, UTC */
	struct slice domain;
	struct slice policy_type; /* "tlsa", "sts", "no-policy-found" (RFC 8460 section 4.2) */
	struct slice policy;      /* a line each, ended by \n: TLSA records, or the policy */
	struct slice mx;          /* the server; empty where it came to none */
	struct slice address;     /* … its address */
	struct slice result;      /* empty: it worked; else a result-type (section 4.3) */
	struct slice why;         /* … in words */
	int64_t count;            /* not set to add one */
};

/* Counts a connection. */
int mail_store_tls_count(struct db_tx *tx, const struct mail_tls_session *s);
/* Domains with rows of days before `day`, each with its first such day: at most max, by day. */
struct mail_tls_due {
	int64_t day;
	struct slice domain;
};
int mail_store_tls_due(struct db_tx *tx, int64_t day, size_t max, struct arena *a,
	struct mail_tls_due *out, size_t *n);
/* The rows of a day and domain, those of one policy side by side; at most MAIL_TLS_DOMAIN_ROWS_MAX. */
int mail_store_tls_rows(struct db_tx *tx, int64_t day, struct slice domain, struct arena *a,
	struct mail_tls_session *out, size_t *n);
int mail_store_tls_forget(struct db_tx *tx, int64_t day, struct slice domain);
int mail_store_tls_prune(struct db_tx *tx, int64_t today);

#endif
