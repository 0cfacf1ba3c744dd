/*
 * receive.h: reports of others, found in mail that comes to postmaster of one of our domains: that is where
 * the records we propose (dns/) ask them to be sent to. They are kept beside that mail, which is delivered
 * as any other.
 */
#ifndef MAIL_REPORT_RECEIVE_H
#define MAIL_REPORT_RECEIVE_H

#include "mail.h"
#include "report/read.h"

#define REPORTS_OF_MAIL_MAX 4

struct reports_found {
	struct report_read list[REPORTS_OF_MAIL_MAX];
	size_t count;
};

/* Whether mail to the address may bring reports. Any thread. */
bool reports_come_to(const struct mail *m, struct slice address);
/* Those in a message that are about domains of ours; NULL: none. In `a`. On a worker. */
struct reports_found *reports_find(const struct mail *m, struct arena *a, struct slice message);
/* Keeps them; `found` may be NULL. In a transaction that writes. */
int reports_keep(struct db_tx *tx, const struct reports_found *found);

#endif
