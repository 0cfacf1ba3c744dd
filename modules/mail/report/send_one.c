/*
 * send_one.c: one report, step by step (send.h). On the loop; rows are read on a database thread, the report
 * is packed by the pool "io". Bounded by REPORT_TEXT_MAX, RUA_MAX places and POST_MS each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "delivery/deliver.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "report/send_internal.h"
#include "store/outgoing.h"
#include "verify/ask.h"
#include "verify/dmarc_record.h"

#define POST_MS 15000
#define PAGE    200
#define RETRY_S 86400 /* RFC 8460 section 5.4: a POST is tried for a day */

static void finish(struct report_job *j)
{
	j->done(j->arg);
}

/* ---- the rows go ---- */

static int forget(struct db_tx *tx, void *arg)
{
	const struct report_job *j = arg;
	int rc = lease_check(tx, &j->lease);

	if (rc < 0)
		return rc;
	return j->head.kind == REPORT_TLS
		       ? mail_store_tls_forget(tx, j->head.day, j->head.domain)
		       : mail_store_dmarc_forget(tx, j->head.day, j->head.domain);
}

static void on_forgotten(void *arg, int status)
{
	(void)status; /* next time */
	finish(arg);
}

static void drop_rows(struct report_job *j)
{
	if (db_write(j->m->db, forget, on_forgotten, j) < 0)
		finish(j);
}

static void nobody_wants_it(struct report_job *j, const char *why)
{
	log_debug("reports", "no report is sent", "of", "%.*s", SLICE_ARG(j->head.domain), "why",
		"%s", why, NULL);
	drop_rows(j);
}

/* ---- the mail ---- */

static void on_delivered(void *arg, int status, const struct mail_recipient *to, size_t n)
{
	struct report_job *j = arg;

	(void)to;
	(void)n;
	if (status < 0)
		log_warn("reports", "a report could not be queued", "of", "%.*s",
			SLICE_ARG(j->head.domain), "why", "%s", error_name(status), NULL);
	else
		log_info("reports", "a report is on its way", "of", "%.*s",
			SLICE_ARG(j->head.domain), "id", "%s", j->head.id, NULL);
	finish(j);
}

static bool takes(const struct report_job *j, const struct rua *r)
{
	return !r->web && r->target.n > 0 &&
	       (r->size_max == 0 || j->packed.n / 3 * 4 <= r->size_max);
}

/* From nobody: what becomes of a report is of no interest. */
static void send_mail(struct report_job *j)
{
	struct mail_delivery *d = mail_delivery_new(j->m);
	struct strbuf message = { 0 }, names = { 0 };

	for (size_t i = 0; i < j->count; i++) {
		if (!takes(j, &j->to[i]))
			continue;
		strbuf_printf(&names, "%s<%.*s>", names.n ? ", " : "", SLICE_ARG(j->to[i].target));
		mail_delivery_send(
			d, &(struct mail_remote){ .address = j->to[i].target,
				   .domain = verify_domain(j->a, rua_domain(j->to[i].target)),
				   .notify = MAIL_NOTIFY_NEVER });
	}
	report_mail(
		&message, &j->head, strbuf_slice(&names), strbuf_slice(&j->packed), clock_wall_s());
	mail_delivery_sign(d);
	mail_delivery_also(d, forget, j);
	mail_delivery_write(d, strbuf_slice(&message));
	mail_delivery_finish(&d, on_delivered, j);
	strbuf_free(&message);
	strbuf_free(&names);
}

/* All POSTs are through. */
static void mail_it(struct report_job *j)
{
	bool any = false;

	for (size_t i = 0; i < j->count; i++)
		any |= takes(j, &j->to[i]);
	if (any)
		send_mail(j);
	else if (j->missed && !j->posted && clock_wall_s() < (j->head.day + 1) * 86400 + RETRY_S)
		finish(j);
	else
		drop_rows(j);
}

/* ---- POST ---- */

static void post_next(struct report_job *j);

static void on_posted(void *arg, const struct fetch_answer *answer)
{
	struct report_job *j = arg;
	bool good = answer->error == 0 && answer->status / 100 == 2;

	log_info("reports", good ? "a report was posted" : "a report could not be posted", "to",
		"%.*s", SLICE_ARG(j->to[j->at].target), "status", "%d", answer->status, "why", "%s",
		answer->why, NULL);
	j->posted |= good;
	j->missed |= !good;
	j->at++;
	post_next(j);
}

static void post_next(struct report_job *j)
{
	static const char *const headers[] = { "Content-Type: application/tlsrpt+gzip", NULL };

	while (j->at < j->count && !j->to[j->at].web)
		j->at++;
	if (j->at == j->count) {
		mail_it(j);
		return;
	}
	fetch_start(hearth_fetcher(j->m->h), &j->fetch,
		&(struct fetch_request){ .method = "POST",
			.url = arena_strdup(j->a, j->to[j->at].target),
			.headers = headers,
			.body = strbuf_slice(&j->packed),
			.patience_ms = POST_MS,
			.anywhere = mail_queue_limits(j->m)->private_too,
			.ca = getenv("SSL_CERT_FILE") },
		on_posted, j);
}

/* ---- packed ---- */

static void pack(void *arg)
{
	struct report_job *j = arg;

	report_pack(&j->packed, strbuf_slice(&j->text));
}

static void on_packed(void *arg, int status)
{
	struct report_job *j = arg;

	j->at = 0;
	if (status < 0)
		finish(j);
	else
		post_next(j);
}

static void begin_packing(struct report_job *j)
{
	bool any = false;

	for (size_t i = 0; i < j->count; i++)
		any |= j->to[i].target.n > 0;
	if (!any)
		nobody_wants_it(j, "it names nobody whom it may name");
	else if (job_run(j->m->io, pack, on_packed, j) < 0)
		finish(j);
}

/* ---- who may get it ---- */

static void ask_next(struct report_job *j);

/* RFC 9990 section 4: the other domain says that it takes reports of this one. */
static void on_permission(void *arg, const struct dns_answer *answer)
{
	struct report_job *j = arg;
	struct strbuf text = { 0 };
	bool may = false;

	for (size_t i = 0; i < answer->count; i++) {
		strbuf_reset(&text);
		may |= dns_read_txt(answer->rdata[i], &text) &&
		       slice_starts(slice_trim(strbuf_slice(&text)), SLICE("v=DMARC1"));
	}
	strbuf_free(&text);
	if (!may)
		j->to[j->at].target.n = 0;
	j->at++;
	ask_next(j);
}

static bool is_below(struct slice name, struct slice domain)
{
	return slice_ieq(name, domain) ||
	       (name.n > domain.n && name.p[name.n - domain.n - 1] == '.' &&
		       slice_ieq(slice_skip(name, name.n - domain.n), domain));
}

/* Our own domains read such mail themselves; DMARC's reports to elsewhere need leave. */
static void ask_next(struct report_job *j)
{
	for (; j->at < j->count; j->at++) {
		struct rua *r = &j->to[j->at];
		struct slice domain = rua_domain(r->target);
		char name[2 * DNS_NAME_MAX + 20];

		if (r->web) {
			/* Of DMARC no report goes there (RFC 9990 section 3.5). */
			if (j->head.kind == REPORT_DMARC)
				*r = (struct rua){ .web = false };
			continue;
		}
		if (mail_domain_is_local(j->m, domain)) {
			r->target.n = 0;
			continue;
		}
		if (j->head.kind == REPORT_TLS || is_below(domain, j->head.domain) ||
			is_below(j->head.domain, domain))
			continue;
		snprintf(name, sizeof(name), "%.*s._report._dmarc.%.*s", SLICE_ARG(j->head.domain),
			SLICE_ARG(domain));
		dns_ask(hearth_dns(j->m->h), &j->q, slice_str(name), DNS_TXT, on_permission, j);
		return;
	}
	begin_packing(j);
}

/* ---- what is in it ---- */

static int write_tls(struct db_tx *tx, struct report_job *j)
{
	struct mail_tls_session *rows = arena_alloc(j->a, MAIL_TLS_DOMAIN_ROWS_MAX * sizeof(*rows));
	size_t n;
	int rc = mail_store_tls_rows(tx, j->head.day, j->head.domain, j->a, rows, &n);

	if (rc == 0)
		report_write_tls(&j->text, &j->head, rows, n);
	return rc;
}

/* The policy is that of the last row: what the domain had at the end of the day. */
static int last_record(struct db_tx *tx, struct report_job *j, struct slice *record)
{
	struct arena *a = arena_new();
	struct mail_dmarc_row *rows = arena_alloc(a, PAGE * sizeof(*rows));
	int64_t after = 0;
	size_t n = 0;
	int rc;

	*record = (struct slice){ 0 };
	do {
		rc = mail_store_dmarc_rows(
			tx, j->head.day, j->head.domain, after, PAGE, a, rows, &n);
		if (rc == 0 && n > 0) {
			*record = arena_slice(j->a, rows[n - 1].record);
			after = rows[n - 1].id;
		}
	} while (rc == 0 && n == PAGE);
	arena_free(&a);
	return rc;
}

static int write_dmarc(struct db_tx *tx, struct report_job *j)
{
	struct slice record;
	struct dmarc_record policy;
	int rc = last_record(tx, j, &record);
	int64_t after = 0;
	size_t n = PAGE;

	if (rc < 0)
		return rc;
	j->list = dmarc_record_parse(record, &policy) ? policy.rua : (struct slice){ 0 };
	report_open_dmarc(&j->text, &j->head, record);
	while (rc == 0 && n == PAGE && j->text.n < REPORT_TEXT_MAX) {
		struct arena *a = arena_new();
		struct mail_dmarc_row *rows = arena_alloc(a, PAGE * sizeof(*rows));

		rc = mail_store_dmarc_rows(
			tx, j->head.day, j->head.domain, after, PAGE, a, rows, &n);
		for (size_t i = 0; i < n && rc == 0; i++)
			report_add_dmarc(&j->text, &rows[i]);
		if (n > 0)
			after = rows[n - 1].id;
		arena_free(&a);
	}
	report_close_dmarc(&j->text);
	return rc;
}

static int write_report(struct db_tx *tx, void *arg)
{
	struct report_job *j = arg;

	strbuf_reset(&j->text);
	return j->head.kind == REPORT_TLS ? write_tls(tx, j) : write_dmarc(tx, j);
}

static void on_written(void *arg, int status)
{
	struct report_job *j = arg;

	if (status < 0) {
		finish(j);
		return;
	}
	j->count = rua_read(j->a, j->list, j->to);
	j->at = 0;
	ask_next(j);
}

static void read_rows(struct report_job *j)
{
	if (db_read_long(j->m->db, 0, write_report, on_written, j) < 0)
		finish(j);
}

/* ---- does it want one (RFC 8460 section 3) ---- */

static void on_tls_record(void *arg, const struct dns_answer *answer)
{
	struct report_job *j = arg;
	struct strbuf text = { 0 };
	size_t records = 0;

	for (size_t i = 0; i < answer->count; i++) {
		struct slice list;

		strbuf_reset(&text);
		if (!dns_read_txt(answer->rdata[i], &text) ||
			!rua_tls_record(strbuf_slice(&text), &list))
			continue;
		records++;
		j->list = arena_slice(j->a, list);
	}
	strbuf_free(&text);
	if (answer->status == DNS_FAILED || answer->status == DNS_BOGUS)
		finish(j); /* asked again later, until the rows are too old */
	else if (records != 1)
		nobody_wants_it(j, "it has no record for that");
	else
		read_rows(j);
}

void report_job_begin(struct report_job *j)
{
	char name[DNS_NAME_MAX + 16];

	report_name(&j->head);
	j->lease = *mail_queue_lease(j->m->queue);
	if (j->head.kind == REPORT_DMARC) {
		read_rows(j);
		return;
	}
	snprintf(name, sizeof(name), "_smtp._tls.%.*s", SLICE_ARG(j->head.domain));
	dns_ask(hearth_dns(j->m->h), &j->q, slice_str(name), DNS_TXT, on_tls_record, j);
}

void report_job_free(struct report_job **jp)
{
	struct report_job *j = *jp;

	if (!j)
		return;
	dns_drop(&j->q);
	fetch_drop(&j->fetch);
	strbuf_free(&j->text);
	strbuf_free(&j->packed);
	arena_free(&j->a);
	free(j);
	*jp = NULL;
}
