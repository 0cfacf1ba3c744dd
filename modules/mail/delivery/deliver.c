/*
 * deliver.c: takes a message's bytes, and hands it on from step to step until it is on disk
 * (deliver.h).
 *
 *   WRITING ──finish, small──▶ parsed and packed (worker) ─────┐
 *      └──finish, large──▶ blob on disk ──▶ parsed (worker) ───┤
 *                                                              ▼
 *                         rows and event on disk (one transaction) ──▶ done
 *
 * A message of up to MAIL_ROW_MAX bytes is part of its rows, so that one commit takes it all. Of a larger
 * one the first bytes go to a blob writer when the next ones come; it stays in memory beside that up
 * to IN_MEMORY_MAX, so that it need not be read back to be parsed, and takes its turn beyond
 * (turns.h).
 *
 * On the loop, but for what says otherwise. Bounds: IN_MEMORY_MAX bytes of a delivery in memory;
 * what waits for the disk beyond that is the blob writer's, which makes the caller pause.
 */
#include "delivery/internal.h"

#include <stdlib.h>

#include "delivery/parse.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "list/list.h"
#include "message.h"
#include "notify.h"
#include "queue/queue.h"
#include "store/blob_gc.h"

#define IN_MEMORY_MAX (256u << 10)

struct mail_delivery *mail_delivery_new(struct mail *m)
{
	struct mail_delivery *d = mem_zalloc(sizeof(*d));

	d->m = m;
	d->a = arena_new();
	d->accounts = map_new();
	d->in_memory = true;
	d->date = clock_wall_s();
	d->mail_from = SLICE("");
	return d;
}

static void delivery_free(struct mail_delivery *d)
{
	blob_abort(&d->writer);
	strbuf_free(&d->bytes);
	results_filter_clear(&d->results);
	free(d->targets);
	free(d->remotes);
	free(d->bounced);
	free(d->owed);
	free(d->groups);
	map_free(&d->accounts);
	arena_free(&d->a);
	free(d);
}

void mail_delivery_abort(struct mail_delivery **d)
{
	if (*d)
		delivery_free(*d);
	*d = NULL;
}

/* Returns how many wait for the disk. */
static size_t take_bytes(struct mail_delivery *d, struct slice bytes)
{
	if (!d->writer && d->bytes.n + bytes.n > MAIL_ROW_MAX) {
		d->writer = blob_open(d->m->blob, MAIL_BLOBS, BLOB_TEXT);
		blob_add(d->writer, strbuf_slice(&d->bytes));
	}
	if (d->in_memory && d->bytes.n + bytes.n <= IN_MEMORY_MAX) {
		strbuf_add(&d->bytes, bytes);
	} else if (d->in_memory) {
		d->in_memory = false;
		strbuf_free(&d->bytes);
	}
	return d->writer ? blob_add(d->writer, bytes) : 0;
}

/* Of a header what is not forged. */
static size_t take_header(struct mail_delivery *d, struct slice bytes)
{
	struct strbuf header = { 0 };
	struct slice body = results_filter_feed(&d->results, bytes, &header);
	size_t backlog = take_bytes(d, strbuf_slice(&header));

	strbuf_free(&header);
	return body.n > 0 ? take_bytes(d, body) : backlog;
}

size_t mail_delivery_write(struct mail_delivery *d, struct slice bytes)
{
	INVARIANT(!d->done);
	d->has_nul = d->has_nul || slice_chr(bytes, '\0') >= 0;
	if (d->has_nul)
		return 0;
	return d->foreign && d->results.state != RESULTS_BODY ? take_header(d, bytes)
							      : take_bytes(d, bytes);
}

void mail_delivery_on_drained(struct mail_delivery *d, exec_fn *drained, void *arg)
{
	INVARIANT(d->writer);
	blob_on_drained(d->writer, drained, arg);
}

/* ---- finishing ---- */

/* To which domains something goes now. */
static void tell_queue(const struct mail_delivery *d)
{
	struct strbuf lines = { 0 };

	for (size_t i = 0; i < d->remote_n; i++)
		if (i == 0 || !slice_eq(d->remotes[i].domain, d->remotes[i - 1].domain)) {
			strbuf_add(&lines, d->remotes[i].domain);
			strbuf_addc(&lines, '\n');
		}
	for (size_t i = 0; i < d->n; i++)
		if (d->targets[i].forwarded.n > 0) {
			strbuf_add(&lines, d->targets[i].forwarded);
			strbuf_addc(&lines, '\n');
		}
	if (lines.n > 0)
		mail_queue_changed(d->m, strbuf_slice(&lines));
	strbuf_free(&lines);
}

static void end(struct mail_delivery *d)
{
	struct mail_recipient *all = arena_zalloc(d->a, (d->n + 1) * sizeof(*all));

	for (size_t i = 0; i < d->n; i++)
		all[i] = d->targets[i].r;
	d->done(d->arg, d->status, all, d->n);
	hearth_release(d->m->h);
	delivery_free(d);
}

/* The mail is there, whatever became of the report on it. */
static void on_receipt(void *arg, int status, const struct mail_recipient *to, size_t n)
{
	(void)to;
	(void)n;
	if (status < 0)
		log_warn("mail", "a report of success could not be written", "error", "%s",
			error_name(status), NULL);
	end(arg);
}

static void finish(struct mail_delivery *d, int status)
{
	for (size_t i = 0; i < d->n && status == 0; i++)
		if (d->targets[i].kept_why)
			log_info("mail", "kept instead of sent on", "account", "%lld",
				(long long)d->targets[i].r.account, "why", "%s",
				d->targets[i].kept_why, NULL);
	for (size_t i = 0; i < d->n && status == 0; i++)
		if (d->targets[i].mailbox_id)
			mail_changed(hearth_bus(d->m->h), d->targets[i].r.account,
				d->targets[i].mailbox_id);
	if (status == 0)
		mail_delivery_archived(d);
	for (size_t i = 0; i < d->group_n && status == 0; i++)
		if (d->groups[i]->tells)
			mail_list_tell_owners(
				d->m, d->groups[i]->list.name, d->groups[i]->list.owners);
	/* A report that went to nobody here is not kept; of what a group changed maybe all have its own. */
	if ((status < 0 || d->n + d->remote_n == 0 || d->variant_n > 0) && d->has_blob)
		mail_blob_gc_one(d->m, d->key);
	for (size_t i = 0; i < d->variant_n; i++)
		if (d->variants[i].has_blob)
			mail_blob_gc_one(d->m, d->variants[i].key);
	if (status == 0 && d->held)
		mail_queue_changed(d->m, (struct slice){ NULL, 0 });
	else if (status == 0)
		tell_queue(d);
	d->status = status;
	if (status == 0 && !d->held && mail_delivery_owes(d))
		mail_delivery_receipt(d, on_receipt);
	else
		end(d);
}

static void on_prepared(void *arg, int status);

/* All of it is looked at: in turn, where it is read back for that. */
static void run_worker(struct mail_delivery *d, job_fn *work)
{
	if (!d->in_memory) {
		d->turn = (struct mail_turn){ .source = d->source,
			.size = d->size,
			.work = work,
			.done = on_prepared,
			.arg = d };
		mail_turn_take(&d->m->turns, &d->turn);
	} else if (job_run(d->m->io, work, on_prepared, d) < 0) {
		finish(d, HEARTH_EBUSY);
	}
}

/* One that a recipient wants sent on is sealed before it is filed; who has none of that pays nothing. */
static void on_stored(void *arg, int status)
{
	struct mail_delivery *d = arg;

	if (status < 0 && d->wants_seal && !d->sealed)
		run_worker(d, mail_delivery_seal);
	else
		finish(d, status);
}

static void on_prepared(void *arg, int status)
{
	struct mail_delivery *d = arg;

	if (status == 0)
		status = d->status;
	if (status == 0)
		status = db_write(d->m->db, mail_delivery_file, on_stored, d);
	if (status < 0)
		finish(d, status);
}

/* What the gate says; 0: it may go on. */
static int heed(struct mail_delivery *d)
{
	const struct mail_gate_verdict *v = mail_gate_verdict(d->gate);

	d->junk = v->action == GATE_JUNK;
	d->checked = v->results;
	d->outgoing.author = v->author;
	if (v->action == GATE_REFUSE || v->action == GATE_LATER)
		return HEARTH_EDENIED;
	return mail_delivery_decide_posting(d, v);
}

/* One that is not in memory is looked at when it is on disk. */
static void on_large_checked(void *arg, int status)
{
	struct mail_delivery *d = arg;

	if (status == 0)
		status = heed(d);
	if (status < 0)
		finish(d, status);
	else
		run_worker(d, mail_delivery_prepare);
}

static void on_blob(void *arg, int status, const struct blob_info *info)
{
	struct mail_delivery *d = arg;

	if (status < 0) {
		finish(d, status);
		return;
	}
	memcpy(d->key, info->key, sizeof(d->key));
	d->size = info->size;
	d->has_blob = true;
	if (d->gate && !d->in_memory)
		mail_gate_check(d->gate, (struct slice){ 0 }, d->key, d->size, on_large_checked, d);
	else
		run_worker(d, mail_delivery_prepare);
}

/* ---- a small one: from the worker straight to the writer ---- */

static void on_failed(void *arg)
{
	struct mail_delivery *d = arg;

	finish(d, d->status);
}

/* On a worker. */
static void store_small(void *arg)
{
	struct mail_delivery *d = arg;
	int rc;

	d->size = d->bytes.n;
	mail_message_key(strbuf_slice(&d->bytes), d->key);
	mail_delivery_prepare(d);
	rc = d->status;
	if (rc == 0)
		rc = db_write_to(d->m->db, d->loop, mail_delivery_file, on_stored, d);
	if (rc == 0)
		return; /* it is the writer's now, and maybe gone already */
	d->status = rc;
	exec_post(d->loop, on_failed, d);
}

static void store(struct mail_delivery *d)
{
	if (d->writer)
		blob_finish(&d->writer, on_blob, d);
	else if (job_run(d->m->io, store_small, NULL, d) < 0)
		finish(d, HEARTH_EBUSY);
}

static void on_checked(void *arg, int status)
{
	struct mail_delivery *d = arg;

	if (status == 0)
		status = heed(d);
	if (status < 0)
		finish(d, status);
	else
		store(d);
}

static void refuse(void *arg)
{
	finish(arg, HEARTH_EINVAL);
}

static void refuse_busy(void *arg)
{
	finish(arg, HEARTH_EBUSY);
}

/* Nobody looks who has written it. */
static void refuse_unknown(void *arg)
{
	finish(arg, HEARTH_EUNSUPPORTED);
}

/* A message without a body. */
static void end_header(struct mail_delivery *d)
{
	struct strbuf rest = { 0 };

	results_filter_end(&d->results, &rest);
	if (!d->has_nul && rest.n > 0)
		take_bytes(d, strbuf_slice(&rest));
	strbuf_free(&rest);
}

void mail_delivery_finish(struct mail_delivery **dp, mail_delivered_fn *done, void *arg)
{
	struct mail_delivery *d = *dp;

	INVARIANT(d && !mail_delivery_is_empty(d) && done);
	d->done = done;
	d->arg = arg;
	hearth_hold(d->m->h);
	*dp = NULL;
	d->loop = exec_current();
	if (d->foreign)
		end_header(d);
	if (d->has_nul)
		exec_post(d->loop, refuse, d);
	else if (d->members_only && !d->gate)
		exec_post(d->loop, refuse_unknown, d);
	else if (d->gate && d->in_memory)
		mail_gate_check(d->gate, strbuf_slice(&d->bytes), NULL, 0, on_checked, d);
	else if (d->writer)
		blob_finish(&d->writer, on_blob, d);
	else if (job_run(d->m->io, store_small, NULL, d) < 0)
		exec_post(d->loop, refuse_busy, d);
}
