/*
 * send.h: aggregate reports to other domains, once for each of them and day: TLS-RPT (RFC 8460) and DMARC
 * (RFC 9990). On the loop.
 *
 *   rows of a day that is over ─▶ does the domain want a report, and where? ─no─▶ they go
 *     └─▶ written, packed ─▶ POST to each https ─▶ one mail to all mailto, and the rows go with its commit
 *
 * The rows are the truth: a kill before that commit makes the same report again. It is done by the node that
 * has the queue, one report at a time, spread over REPORTS_SPREAD_S behind the end of the day.
 */
#ifndef MAIL_REPORT_SEND_H
#define MAIL_REPORT_SEND_H

#include "mail.h"

#define MAIL_TOPIC_REPORTS "mail.reports"
#define REPORTS_SPREAD_S   14400 /* RFC 8460 section 4.1: four hours */

struct reports;

struct reports *reports_new(struct mail *m);
/* Sends all that there is at once, of today as well. */
void reports_now(struct reports *r);
void reports_drain(struct reports *r);
/* After the loop's end. Sets *r to NULL; legal on NULL. */
void reports_free(struct reports **r);

/* `hearth reports send` */
int mail_run_reports_send(struct hearth *h, int argc, char **argv);

#endif
