/*
 * outcome.c: what became of recipients, written down: who has the mail, or never will, is out of the
 * queue; who is tried again gets a time; and their sender gets a report, in the same transaction.
 *
 *   batch ─▶ times, and who is to be told ─▶ a report? ──no──▶ one transaction ──▶ freed
 *                                               └──yes──▶ whose address? ─▶ delivered, with the rest
 *
 * Every transaction (outcome_rows.c) checks the lease: a node that lost the queue changes nothing any more.
 * On the loop.
 */
#include <stdio.h>
#include <stdlib.h>

#include "address/back.h"
#include "delivery/deliver.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/rand.h"
#include "queue/internal.h"

#define AGAIN_MS INT64_C(1000) /* after a write that failed; doubled after each further one */

/* ---- batches ---- */

struct mail_batch *mail_batch_new(struct destination *d, size_t n)
{
	struct mail_batch *b = mem_zalloc(sizeof(*b));

	b->q = d->q;
	b->a = arena_new();
	b->count = n;
	b->recipients = arena_zalloc(b->a, n * sizeof(*b->recipients));
	snprintf(b->domain, sizeof(b->domain), "%s", d->domain);
	list_push(&d->batches, &b->side);
	d->in_hand += n;
	return b;
}

void mail_batch_put(struct mail_batch *b, size_t i, const struct mail_queued *row)
{
	struct mail_queued *copy = &b->recipients[i].row;

	*copy = *row;
	copy->recipient = arena_slice(b->a, row->recipient);
	copy->orcpt = arena_slice(b->a, row->orcpt);
	copy->list_name = arena_slice(b->a, row->list_name);
	copy->domain = slice_str(b->domain);
	copy->answer = (struct slice){ 0 };
	copy->mail_from = arena_slice(b->a, row->mail_from);
	b->outgoing = (struct mail_outgoing){ .id = row->outgoing,
		.mail_from = copy->mail_from,
		.queued_ms = row->queued_ms,
		.expires_ms = row->expires_ms,
		.tls = row->tls };
}

void mail_batch_set(struct mail_batch_recipient *r, struct arena *a, enum outcome outcome, int code,
	const char *enhanced, struct slice answer)
{
	r->outcome = outcome;
	r->code = code;
	snprintf(r->enhanced, sizeof(r->enhanced), "%s", enhanced);
	r->answer = arena_slice(a, answer);
}

void mail_batch_free(struct mail_batch *b)
{
	timer_stop(&b->again);
	list_remove(&b->node);
	list_remove(&b->side);
	strbuf_free(&b->header);
	strbuf_free(&b->report);
	arena_free(&b->a);
	free(b);
}

/* ---- times ---- */

/* As long as it has waited so far, within bounds; a tenth of it more or less, so that crowds part. */
static int64_t wait_ms(const struct mail_queue_limits *l, int64_t age_ms)
{
	int64_t wait = age_ms < l->retry_ms ? l->retry_ms : age_ms;

	if (wait > l->retry_max_ms)
		wait = l->retry_max_ms;
	return wait - wait / 10 + (int64_t)(rand_u64() % (uint64_t)(wait / 5 + 1));
}

/* Unless it was said, failures and delays are told (RFC 3461 section 4.1). */
static bool asked_for(const struct mail_batch_recipient *r, unsigned when)
{
	unsigned notify = r->row.notify ? r->row.notify : MAIL_NOTIFY_FAILURE | MAIL_NOTIFY_DELAY;

	return notify & when;
}

bool mail_batch_tells(const struct mail_batch *b, const struct mail_batch_recipient *r)
{
	if (r->outcome == OUTCOME_FAILED)
		return asked_for(r, MAIL_NOTIFY_FAILURE);
	if (r->outcome == OUTCOME_SENT)
		return !b->passed_on && asked_for(r, MAIL_NOTIFY_SUCCESS);
	return r->outcome == OUTCOME_DEFERRED && r->warn;
}

/*
 * A temporary failure is one for good when the mail's time is over. Those of one batch are due together, and so stay
 * side by side.
 */
static void set_times(struct mail_batch *b, const struct mail_queue_limits *l)
{
	int64_t now = clock_wall_ms(), age = now - b->outgoing.queued_ms, wait = wait_ms(l, age);

	for (size_t i = 0; i < b->count; i++) {
		struct mail_batch_recipient *r = &b->recipients[i];

		INVARIANT(r->outcome != OUTCOME_OPEN);
		if (r->outcome != OUTCOME_DEFERRED)
			continue;
		if (r->due_ms == 0)
			r->due_ms = now + wait;
		r->warn = age >= l->warning_ms && !r->row.warned && asked_for(r, MAIL_NOTIFY_DELAY);
		if (now < b->outgoing.expires_ms)
			continue;
		r->outcome = OUTCOME_FAILED;
		snprintf(r->enhanced, sizeof(r->enhanced), "4.4.7");
	}
}

/* ---- written down ---- */

static void count_and_log(struct mail_queue *q, const struct mail_batch *b)
{
	static const char *const words[] = { "open", "sent", "deferred", "failed" };
	struct metric *metrics[] = { NULL, q->sent, q->deferred, q->failed };

	for (size_t i = 0; i < b->count; i++) {
		const struct mail_batch_recipient *r = &b->recipients[i];

		if (metrics[r->outcome])
			metric_add(metrics[r->outcome], 1);
		tally_outcome(q->tally, b->domain, r->outcome);
		log_info("queue", words[r->outcome], "outgoing", "%lld", (long long)r->row.outgoing,
			"to", "%.*s", SLICE_ARG(r->row.recipient), "host", "%s", b->host, "code",
			"%d", r->code, "answer", "%.*s", SLICE_ARG(slice_head(r->answer, 200)),
			NULL);
	}
}

static void write_outcome(struct mail_batch *b);

static void on_again(void *arg)
{
	struct mail_batch *b = arg;

	hearth_hold(b->q->m->h);
	write_outcome(b);
}

/*
 * It could not be written: its recipients stay in hand, so that nothing is sent twice for it, and it is
 * tried again; unless the queue is another node's now, or this one ends.
 */
static bool write_later(struct mail_batch *b, int status)
{
	int64_t wait = AGAIN_MS << (b->tries < 6 ? b->tries : 6);

	if (status == HEARTH_ECONFLICT || !b->q->lease.epoch || b->q->draining)
		return false;
	log_warn("queue", "what became of a mail cannot be written yet", "outgoing", "%lld",
		(long long)b->outgoing.id, "why", "%s", error_name(status), NULL);
	b->tries++;
	timer_start(&b->again, wait, 0, on_again, b);
	return true;
}

/* Who is tried again is looked for when that is due. */
static void look_again(struct mail_queue *q, const struct mail_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->recipients[i].outcome == OUTCOME_DEFERRED)
			mail_queue_due(q, b->recipients[i].due_ms - clock_wall_ms());
	if (b->expired)
		mail_queue_look(q);
}

static void on_written(void *arg, int status)
{
	struct mail_batch *b = arg;
	struct mail_queue *q = b->q;
	struct destination *d;

	hearth_release(q->m->h);
	if (status < 0 && write_later(b, status))
		return;
	if (status == 0)
		count_and_log(q, b);
	else if (!b->expired || status != HEARTH_ECONFLICT)
		log_warn("queue", "what became of a mail was not written; it may be sent again",
			"why", "%s", error_name(status), NULL);
	d = map_get(q->destinations, slice_str(b->domain));
	if (d) {
		INVARIANT(d->in_hand >= b->count);
		d->in_hand -= b->count;
	}
	look_again(q, b);
	mail_batch_free(b);
	if (d)
		destination_pump(d);
}

/* In a later turn, whatever comes of it. */
static void write_without_report(struct mail_batch *b)
{
	strbuf_free(&b->report);
	if (db_write(b->q->m->db, mail_batch_write, on_written, b) < 0) {
		hearth_release(b->q->m->h);
		if (!write_later(b, HEARTH_EBUSY))
			timer_start(&b->again, 0, 0, on_again, b);
	}
}

/* ---- the report ---- */

/* A mailbox that is full, or gone, gets none, nor who had too many within the hour. */
static void on_delivered(void *arg, int status, const struct mail_recipient *to, size_t n)
{
	struct mail_batch *b = arg;

	(void)to;
	(void)n;
	if (status == HEARTH_ETOOBIG || status == HEARTH_ENOTFOUND || status == HEARTH_EINVAL ||
		status == HEARTH_EDENIED)
		write_without_report(b);
	else
		on_written(b, status);
}

/*
 * What a report says of a mail is as much worth hiding as the mail: of one with REQUIRETLS it goes no other way (RFC
 * 8689 section 5).
 */
static void protect(struct mail_delivery *d, const struct mail_batch *b)
{
	if (b->outgoing.tls == MAIL_TLS_REQUIRED)
		mail_delivery_require_tls(d);
}

/* Whose address it is: there the report goes, as any mail, from nobody. */
static void on_sender(void *arg, int status, const struct accounts_reached *reached)
{
	struct mail_batch *b = arg;
	struct mail_delivery *d;

	if (status == HEARTH_EIO || status == HEARTH_EBUSY) {
		on_written(b, status);
		return;
	}
	if (status < 0 || reached->n != 1 || reached->accounts->through) {
		log_info("queue", "nobody is there to be told", "of", "%.*s",
			SLICE_ARG(b->outgoing.mail_from), NULL);
		write_without_report(b);
		return;
	}
	d = mail_delivery_new(b->q->m);
	mail_delivery_add(d, &(struct mail_recipient){ .account = reached->accounts->id,
				     .address = b->outgoing.mail_from });
	protect(d, b);
	mail_delivery_also(d, mail_batch_write, b);
	mail_delivery_write(d, strbuf_slice(&b->report));
	mail_delivery_finish(&d, on_delivered, b);
}

/* Who wrote what was sent on from here is elsewhere (address/srs.h). */
static void report_elsewhere(struct mail_batch *b, const char *sender)
{
	struct mail_delivery *d = mail_delivery_new(b->q->m);
	struct slice domain = slice_str(strrchr(sender, '@') + 1);

	mail_delivery_send(
		d, &(struct mail_remote){
			   .address = slice_str(sender), .domain = domain, .sent_on = true });
	mail_delivery_sign(d);
	protect(d, b);
	mail_delivery_also(d, mail_batch_write, b);
	mail_delivery_write(d, strbuf_slice(&b->report));
	mail_delivery_finish(&d, on_delivered, b);
}

static void write_outcome(struct mail_batch *b)
{
	const struct accounts *accounts = b->q->m->accounts;
	char sender[SRS_ADDRESS_MAX + 1];

	if (b->report.n > 0 && mail_back(b->q->m, b->outgoing.mail_from, sender) == 0)
		report_elsewhere(b, sender);
	else if (b->report.n > 0)
		accounts->reached_by(accounts->self, b->outgoing.mail_from, 0, on_sender, b);
	else
		write_without_report(b);
}

static enum report_action action_of(const struct mail_batch_recipient *r)
{
	if (r->outcome == OUTCOME_SENT && r->row.here)
		return r->row.notify & MAIL_NOTIFY_AS_GROUP ? REPORT_EXPANDED : REPORT_DELIVERED;
	return r->outcome == OUTCOME_FAILED ? REPORT_FAILED
	       : r->outcome == OUTCOME_SENT ? REPORT_RELAYED
					    : REPORT_DELAYED;
}

/* Of the members behind one address one is told of, whose number is nobody's business. */
static bool is_told(const struct report_recipient *last, const struct mail_batch_recipient *r)
{
	return r->row.here && last->action == action_of(r) &&
	       slice_eq(last->address, r->row.recipient);
}

static struct report_recipient tell(const struct mail_batch_recipient *r)
{
	bool filed = r->outcome == OUTCOME_SENT && r->row.here;

	return (struct report_recipient){ .address = r->row.recipient,
		.orcpt = r->row.orcpt,
		.action = action_of(r),
		.code = filed ? 0 : r->code,
		.enhanced = filed ? "" : r->enhanced,
		.answer = filed ? SLICE("") : r->answer };
}

static void report(struct mail_batch *b)
{
	const struct mail_outgoing *o = &b->outgoing;
	struct report_recipient *told = arena_zalloc(b->a, b->count * sizeof(*told));
	char sender[SRS_ADDRESS_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct mail_batch_recipient *r = &b->recipients[i];

		if (mail_batch_tells(b, r) && (n == 0 || !is_told(&told[n - 1], r)))
			told[n++] = tell(r);
	}
	report_write(&b->report,
		&(struct report){ .hostname = hearth_hostname(b->q->m->h),
			.now_s = clock_wall_s(),
			.to = mail_back(b->q->m, o->mail_from, sender) == 0 ? slice_str(sender)
									    : o->mail_from,
			.envid = o->envid,
			.arrived_s = o->queued_ms / 1000,
			.until_s = o->expires_ms / 1000,
			.host = b->host,
			.message = strbuf_slice(&b->header),
			.whole = o->ret == MAIL_RET_FULL &&
				 b->header.n == o->content.blob_size + o->content.trace.n,
			.recipients = told,
			.count = n });
	write_outcome(b);
}

/* ---- the header of a mail that was not read yet ---- */

static int read_outgoing(struct db_tx *tx, void *arg)
{
	struct mail_batch *b = arg;

	return mail_store_outgoing(tx, b->outgoing.id, b->a, &b->outgoing);
}

static void read_header(void *arg)
{
	struct mail_batch *b = arg;
	uint64_t size = b->outgoing.content.blob_size + b->outgoing.content.trace.n;

	b->reader = (struct mail_reader){ .m = b->q->m, .content = &b->outgoing.content };
	mail_reader_add(&b->reader, 0, size < BATCH_HEADER_MAX ? (size_t)size : BATCH_HEADER_MAX,
		&b->header);
	mail_reader_clear(&b->reader);
}

/* Without it the report says less. */
static void on_header(void *arg, int status)
{
	(void)status;
	report(arg);
}

static void on_outgoing(void *arg, int status)
{
	struct mail_batch *b = arg;

	if (status < 0 || job_run(b->q->m->io, read_header, on_header, b) < 0)
		on_header(b, HEARTH_EBUSY);
}

void outcome_write(struct mail_batch *b)
{
	bool due = false;

	b->lease = b->q->lease;
	list_push(&b->q->batches, &b->node);
	hearth_hold(b->q->m->h);
	set_times(b, mail_queue_limits(b->q->m));
	for (size_t i = 0; i < b->count && b->outgoing.mail_from.n > 0; i++)
		due |= mail_batch_tells(b, &b->recipients[i]);
	if (!due)
		write_without_report(b);
	else if (b->header.n > 0)
		report(b);
	else if (db_read(b->q->m->db, read_outgoing, on_outgoing, b) < 0)
		on_header(b, HEARTH_EBUSY);
}
