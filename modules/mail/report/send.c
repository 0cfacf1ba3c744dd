/*
 * send.c: which reports are to be sent, and when (send.h). On the loop; a look every LOOK_MS reads at most
 * DUE_MAX of each kind, which are then done one after the other.
 */
#include "report/send.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "report/send_internal.h"

#define LOOK_FIRST_MS INT64_C(90000)
#define LOOK_MS       INT64_C(600000)
#define DUE_MAX       500

struct reports {
	struct mail *m;
	struct timer timer, next;
	bool busy, ended;
	bool now, now_again; /* of today as well; and once more after this look */
	struct arena *a;
	struct due {
		enum report_kind kind;
		int64_t day;
		struct slice domain;
	} list[2 * DUE_MAX];
	size_t count, at;
	struct report_job *job;
	char contact[DNS_NAME_MAX + 16];
};

static void look(struct reports *r);

/* ---- one after the other ---- */

static void begin_next(void *arg);

/* In a later turn: the job is freed by nobody within its own functions. */
static void on_done(void *arg)
{
	struct reports *r = arg;

	if (!r->ended)
		timer_start(&r->next, 0, 0, begin_next, r);
}

static void begin(struct reports *r, const struct due *d)
{
	struct report_job *j = mem_zalloc(sizeof(*j));

	r->job = j;
	j->m = r->m;
	j->a = arena_new();
	j->head = (struct report_head){ .kind = d->kind,
		.host = hearth_hostname(r->m->h),
		.domain = arena_slice(j->a, d->domain),
		.day = d->day,
		.contact = slice_str(r->contact),
		.now_s = d->day == clock_wall_s() / 86400 ? clock_wall_s() : 0 };
	j->done = on_done;
	j->arg = r;
	report_job_begin(j);
}

static void begin_next(void *arg)
{
	struct reports *r = arg;

	report_job_free(&r->job);
	if (r->at < r->count && mail_queue_lease(r->m->queue)->epoch) {
		begin(r, &r->list[r->at++]);
		return;
	}
	r->busy = r->now = false;
	arena_free(&r->a);
	if (r->now_again) {
		r->now_again = false;
		reports_now(r);
	}
}

/* ---- which there are ---- */

/* When a domain's turn is, in seconds behind the end of the day: always the same, and for each another. */
static int64_t offset_of(struct slice domain)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < domain.n; i++)
		hash = (hash ^ (unsigned char)domain.p[i]) * 16777619u;
	return hash % REPORTS_SPREAD_S;
}

static void add(struct reports *r, enum report_kind kind, int64_t day, struct slice domain)
{
	if (r->now || clock_wall_s() >= (day + 1) * 86400 + offset_of(domain))
		r->list[r->count++] = (struct due){ kind, day, domain };
}

static int add_tls(struct db_tx *tx, struct reports *r, int64_t before)
{
	struct mail_tls_due *due = arena_alloc(r->a, DUE_MAX * sizeof(*due));
	size_t n;
	int rc = mail_store_tls_due(tx, before, DUE_MAX, r->a, due, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		add(r, REPORT_TLS, due[i].day, due[i].domain);
	return rc;
}

static int add_dmarc(struct db_tx *tx, struct reports *r, int64_t before)
{
	struct slice *domains = arena_alloc(r->a, DUE_MAX * sizeof(*domains));
	size_t left = DUE_MAX, n = 0;
	int64_t day = before;
	int rc = mail_store_dmarc_first_day(tx, &day);

	if (rc == HEARTH_ENOTFOUND)
		return 0;
	for (; rc == 0 && day < before && left > 0; day++) {
		rc = mail_store_dmarc_domains(tx, day, SLICE(""), left, r->a, domains, &n);
		for (size_t i = 0; i < n && rc == 0; i++)
			add(r, REPORT_DMARC, day, domains[i]);
		left -= n;
	}
	return rc;
}

static int read_due(struct db_tx *tx, void *arg)
{
	struct reports *r = arg;
	int64_t before = clock_wall_s() / 86400 + (r->now ? 1 : 0);
	int rc;

	r->count = r->at = 0;
	arena_reset(r->a);
	rc = add_tls(tx, r, before);
	return rc < 0 ? rc : add_dmarc(tx, r, before);
}

static void on_due(void *arg, int status)
{
	struct reports *r = arg;

	if (status < 0) {
		log_warn("reports", "what is to be reported cannot be read", "why", "%s",
			error_name(status), NULL);
		r->count = 0;
	}
	on_done(r);
}

static void look(struct reports *r)
{
	if (r->busy || r->ended || !mail_queue_lease(r->m->queue)->epoch ||
		!mail_sends_elsewhere(r->m))
		return;
	r->busy = true;
	r->a = arena_new();
	if (db_read(r->m->db, read_due, on_due, r) < 0)
		on_due(r, HEARTH_EBUSY);
}

static void on_timer(void *arg)
{
	look(arg);
}

/* ---- from outside ---- */

void reports_now(struct reports *r)
{
	if (r->busy) {
		r->now_again = true;
		return;
	}
	r->now = true;
	look(r);
}

struct reports *reports_new(struct mail *m)
{
	struct reports *r = mem_zalloc(sizeof(*r));
	struct slice domain = mail_domain(m);

	r->m = m;
	snprintf(r->contact, sizeof(r->contact), "postmaster@%.*s", SLICE_ARG(domain));
	timer_start(&r->timer, LOOK_FIRST_MS, LOOK_MS, on_timer, r);
	return r;
}

void reports_drain(struct reports *r)
{
	r->ended = true;
	timer_stop(&r->timer);
	timer_stop(&r->next);
}

void reports_free(struct reports **rp)
{
	struct reports *r = *rp;

	if (!r)
		return;
	report_job_free(&r->job);
	arena_free(&r->a);
	free(r);
	*rp = NULL;
}

/* ---- by command ---- */

static int publish(struct db_tx *tx, void *arg)
{
	(void)arg;
	return bus_publish(tx, MAIL_TOPIC_REPORTS, SLICE("command"), SLICE("{}"));
}

int mail_run_reports_send(struct hearth *h, int argc, char **argv)
{
	int rc;

	(void)argv;
	if (argc != 0) {
		fprintf(stderr, "hearth: `hearth reports send` takes no words\n");
		return 2;
	}
	rc = db_write_wait(hearth_db(h, "mail"), publish, NULL);
	if (rc < 0)
		fprintf(stderr, "hearth: %s\n", error_name(rc));
	return rc < 0 ? 1 : 0;
}
