/*
 * report/send_internal.h: a report on its way, between send.c (which reports there are, and their order) and
 * send_one.c (one of them). On the loop, but for what a job's comments say.
 */
#ifndef MAIL_REPORT_SEND_INTERNAL_H
#define MAIL_REPORT_SEND_INTERNAL_H

#include "hearth/fetch.h"
#include "report/report.h"
#include "report/rua.h"
#include "report/send.h"

#define REPORT_TEXT_MAX ((size_t)16 << 20) /* of one as it is written; what is more is left out */

typedef void report_done_fn(void *arg);

struct report_job {
	struct mail *m;
	struct arena *a;
	struct report_head head;
	struct lease lease; /* of the queue */
	struct slice list;  /* rua, as the domain has it */
	struct rua to[RUA_MAX];
	size_t count, at;    /* `at`: whom is asked about, or posted to */
	bool posted, missed; /* a POST worked, or did not */
	struct strbuf text, packed;
	struct dns_question q;
	struct fetch fetch;
	report_done_fn *done; /* in the end; it may free the job */
	void *arg;
};

/* Begins; everything is set but what is found on the way. */
void report_job_begin(struct report_job *j);
void report_job_free(struct report_job **j);

#endif
