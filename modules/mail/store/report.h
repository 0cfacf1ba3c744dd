/*
 * store/report.h: reports of others on our domains (report/read.h), as rows for people.
 *
 * Inside a db_fn on the database "mail", on a database thread.
 */
#ifndef MAIL_STORE_REPORT_H
#define MAIL_STORE_REPORT_H

#include "report/read.h"

#define MAIL_REPORTS_MAX 5000 /* that are kept: the latest */
#define MAIL_REPORT_DAYS 90

/* Keeps a report; one that is there already (by who made it, its id and domain) changes nothing. */
int mail_store_report_add(struct db_tx *tx, const struct report_read *r, int64_t now_s);

struct mail_report {
	int64_t id;
	struct slice kind; /* "dmarc", "tls" */
	struct slice organization, report_id, domain, contact;
	int64_t begin_s, end_s, received_s, passed, failed;
};

typedef int mail_report_fn(void *arg, const struct mail_report *r);
/* From the latest on, those before `before` (0: all), of a kind and domain where they are not empty. */
int mail_store_report_list(struct db_tx *tx, struct slice kind, struct slice domain, int64_t before,
	size_t max, mail_report_fn *each, void *arg);
/* HEARTH_ENOTFOUND. */
int mail_store_report_get(struct db_tx *tx, int64_t id, struct arena *a, struct mail_report *out);
typedef int mail_report_row_fn(void *arg, const struct report_row *row);
/* Its rows, those of the most first. */
int mail_store_report_rows(struct db_tx *tx, int64_t id, mail_report_row_fn *each, void *arg);
int mail_store_report_prune(struct db_tx *tx, int64_t now_s);

#endif
