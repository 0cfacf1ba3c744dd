/*
 * deliver.c: see deliver.h.
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
 * A recipient's filters (filter.h), as they are when the rows are written, say where a mail that
 * arrived goes. They are a wish: what cannot be done leaves the mail in INBOX.
 *
 * On the loop, but for what says otherwise.
 */
#include "delivery/deliver.h"

#include <stdlib.h>

#include "delivery/filter.h"
#include "delivery/parse.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "message.h"
#include "notify.h"
#include "packing.h"
#include "personal/preferences.h"
#include "store/blob_gc.h"
#include "store/store.h"

#define IN_MEMORY_MAX (256u << 10)

struct target {
	struct mail_recipient r;
	struct mail_content content;       /* as this recipient gets it */
	struct mail_filter_outcome filter; /* of this try to write the rows */
	int64_t mailbox_id;
};

struct mail_delivery {
	struct mail *m;
	struct arena *a;            /* recipients, trace, what was parsed */
	struct blob_writer *writer; /* of one that is larger than MAIL_ROW_MAX; else NULL */
	struct strbuf bytes;        /* the message, up to IN_MEMORY_MAX */
	bool in_memory;
	bool has_nul; /* it is refused: nothing more of it is kept */
	struct target *targets;
	size_t n, cap;
	struct map *accounts; /* of the targets, by number: a group may be named a hundred times */
	struct slice mail_from, received;
	struct slice source;
	struct mail_turn turn; /* of a large one */
	int64_t date;
	char key[BLOB_KEY_MAX + 1]; /* of its bytes; "" until it is known */
	uint64_t size;
	bool has_blob; /* one was put under it */
	struct mail_filter_facts facts;
	bool has_facts;
	struct exec *loop; /* where it is answered */
	int status;
	mail_delivered_fn *done;
	void *arg;
};

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
	free(d->targets);
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

void mail_delivery_add(struct mail_delivery *d, const struct mail_recipient *r)
{
	struct target *t;

	INVARIANT(r->account > 0 && !d->done);
	if (d->n == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 4;
		d->targets = mem_realloc(d->targets, d->cap * sizeof(*d->targets));
	}
	map_set_u64(d->accounts, (uint64_t)r->account, d);
	t = &d->targets[d->n++];
	*t = (struct target){ .r = *r };
	t->r.address = arena_slice(d->a, r->address);
	t->r.mailbox = arena_slice(d->a, r->mailbox);
	t->r.keywords = arena_slice(d->a, r->keywords);
}

size_t mail_delivery_count(const struct mail_delivery *d)
{
	return d->n;
}

bool mail_delivery_has(const struct mail_delivery *d, int64_t account)
{
	return map_get_u64(d->accounts, (uint64_t)account) != NULL;
}

void mail_delivery_set_trace(struct mail_delivery *d, struct slice mail_from, struct slice received)
{
	d->mail_from = arena_slice(d->a, mail_from);
	d->received = arena_slice(d->a, received);
}

void mail_delivery_set_source(struct mail_delivery *d, struct slice source)
{
	d->source = arena_slice(d->a, source);
}

void mail_delivery_set_date(struct mail_delivery *d, int64_t internal_date)
{
	d->date = internal_date;
}

size_t mail_delivery_write(struct mail_delivery *d, struct slice bytes)
{
	INVARIANT(!d->done);
	d->has_nul = d->has_nul || slice_chr(bytes, '\0') >= 0;
	if (d->has_nul)
		return 0;
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

void mail_delivery_on_drained(struct mail_delivery *d, exec_fn *drained, void *arg)
{
	INVARIANT(d->writer);
	blob_on_drained(d->writer, drained, arg);
}

/* ---- finishing ---- */

static void finish(struct mail_delivery *d, int status)
{
	struct mail_recipient *all = arena_zalloc(d->a, d->n * sizeof(*all));

	for (size_t i = 0; i < d->n; i++) {
		all[i] = d->targets[i].r;
		if (status == 0)
			mail_changed(hearth_bus(d->m->h), d->targets[i].r.account,
				d->targets[i].mailbox_id);
	}
	if (status < 0 && d->has_blob)
		mail_blob_gc_one(d->m, d->key);
	d->done(d->arg, status, all, d->n);
	hearth_release(d->m->h);
	delivery_free(d);
}

/* Return-Path and Delivered-To stand above Received (RFC 5321 section 4.4, RFC 9228). */
static struct slice trace_for(struct mail_delivery *d, const struct mail_recipient *r)
{
	struct strbuf out = { 0 };
	struct slice trace;

	if (r->address.n) {
		strbuf_printf(&out, "Return-Path: <%.*s>\r\n", SLICE_ARG(d->mail_from));
		strbuf_printf(&out, "Delivered-To: %.*s\r\n", SLICE_ARG(r->address));
	}
	strbuf_add(&out, d->received);
	trace = arena_slice(d->a, strbuf_slice(&out));
	strbuf_free(&out);
	return trace;
}

static void keep(struct arena *a, struct mail_content *c)
{
	struct slice *all[] = { &c->envelope, &c->body, &c->bodystructure, &c->structure,
		&c->header, &c->fields, &c->subject, &c->from, &c->to, &c->msgid, &c->answers,
		&c->preview };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*all[i] = arena_slice(a, *all[i]);
}

/* ---- filters ---- */

/* A mail that arrives, not one that a client puts where it wants it. */
static bool arrives(const struct target *t)
{
	return t->r.address.n > 0 && t->r.mailbox.n == 0;
}

/* The facts are there when the message is not in memory any more. */
static void apply_rules(struct mail_delivery *d, struct target *t, const struct json *rules)
{
	if (!d->has_facts)
		mail_filter_read(d->a, strbuf_slice(&d->bytes), &d->facts);
	d->has_facts = true;
	d->facts.has_attachment = t->content.has_attachment;
	d->facts.size = t->content.blob_size + t->content.trace.n;
	mail_filter_apply(d->a, rules, &d->facts, t->r.address, &t->filter);
}

/* On the writer. Filters that cannot be read do not hold the mail up. */
static void filter(struct db_tx *tx, struct mail_delivery *d, struct target *t)
{
	struct mail_preferences preferences;
	struct json *rules;
	int rc;

	t->filter = (struct mail_filter_outcome){ .flags = 0 };
	if (!arrives(t))
		return;
	rc = mail_store_preferences(tx, t->r.account, d->a, &preferences);
	if (rc < 0)
		log_warn("mail", "delivered without filters", "why", "%s", error_name(rc), NULL);
	else if (preferences.filters.n > 2 &&
		 json_read(d->a, preferences.filters, &rules, NULL) == 0 && rules->count > 0)
		apply_rules(d, t, rules);
}

/* ---- on a worker ---- */

/*
 * The message is parsed once, however many get it: each address has a trace of its own, in front of
 * what was parsed. The members of a group share its address.
 */
static void parse_once(struct mail_delivery *d, struct slice blob)
{
	struct arena *scratch = arena_new();
	struct mail_content content;

	mail_message_parse(scratch, blob, &content);
	keep(d->a, &content);
	content.blob_key = slice_str(d->key);
	if (!d->has_blob)
		content.message = mail_pack(d->a, blob);
	arena_free(&scratch);
	for (size_t i = 0; i < d->n; i++) {
		struct target *t = &d->targets[i];

		t->content = content;
		if (i > 0 && slice_eq(t->r.address, d->targets[i - 1].r.address))
			t->content.trace = d->targets[i - 1].content.trace;
		else
			t->content.trace = trace_for(d, &t->r);
		if (t->r.address.n)
			t->content.mail_from = d->mail_from;
	}
}

/* The quota as it is now: a session may be older. */
static int ask_quota(struct mail_delivery *d, struct target *t)
{
	const struct accounts *accounts = d->m->accounts;
	struct account account;
	int rc = accounts->by_id_wait(accounts->self, t->r.account, &account);

	t->r.quota = rc == 0 ? account.quota : 0;
	return rc;
}

static int read_blob(struct mail_delivery *d, struct buf **stored)
{
	return d->in_memory ? 0 : blob_get_wait(d->m->blob, d->key, 0, d->size, stored);
}

/* One that is too large to be kept in memory is read back. */
static void parse(void *arg)
{
	struct mail_delivery *d = arg;
	struct buf *stored = NULL;
	struct slice blob;

	d->status = read_blob(d, &stored);
	if (d->status < 0)
		return;
	blob = stored ? buf_slice(stored) : strbuf_slice(&d->bytes);
	parse_once(d, blob);
	if (stored)
		mail_filter_read(d->a, blob, &d->facts);
	d->has_facts = stored != NULL;
	buf_unref(&stored);
	if (d->n == 1 && d->targets->r.ask_quota)
		d->status = ask_quota(d, d->targets);
}

/* ---- in the transaction ---- */

/* Where a filter wants it, made when it is not there; INBOX when that cannot be. */
static int open_filtered(struct db_tx *tx, struct target *t, struct mailbox *box)
{
	struct slice name = t->filter.mailbox;
	int rc = HEARTH_ENOTFOUND;

	if (t->filter.trash) {
		name = SLICE("Trash");
		rc = mail_store_mailbox_by_use(tx, t->r.account, MAIL_USE_TRASH, box);
	}
	if (rc == HEARTH_ENOTFOUND)
		rc = mail_store_mailbox(tx, t->r.account, name, box);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_create(tx, t->r.account, name, 0);
	if (rc == 0)
		rc = mail_store_subscribe(tx, t->r.account, name, true);
	if (rc == HEARTH_EIO)
		return rc;
	rc = mail_store_mailbox(tx, t->r.account, name, box);
	return rc == HEARTH_ENOTFOUND ? mail_store_mailbox(tx, t->r.account, SLICE("INBOX"), box)
				      : rc;
}

static int open_mailbox(struct db_tx *tx, struct target *t, struct mailbox *box)
{
	if (t->filter.mailbox.n > 0 || t->filter.trash)
		return open_filtered(tx, t, box);
	return mail_store_mailbox(
		tx, t->r.account, t->r.mailbox.n ? t->r.mailbox : SLICE("INBOX"), box);
}

/* An account's usual mailboxes are made when one is missed, or a filter makes others. */
static int find_mailbox(struct db_tx *tx, struct target *t, struct mailbox *box)
{
	bool filtered = t->filter.mailbox.n > 0 || t->filter.trash;
	int rc = filtered ? HEARTH_ENOTFOUND : open_mailbox(tx, t, box);

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_ensure(tx, t->r.account);
	return rc < 0 ? rc : open_mailbox(tx, t, box);
}

static int store_one(struct db_tx *tx, struct mail_delivery *d, struct target *t)
{
	struct mailbox box;
	int rc = 0;

	if (d->n == 1)
		rc = mail_store_fits_quota(tx, t->r.account, t->r.quota,
			(int64_t)(t->content.blob_size + t->content.trace.n +
				  mail_content_extra(&t->content)));
	filter(tx, d, t);
	if (rc == 0)
		rc = find_mailbox(tx, t, &box);
	if (rc == 0)
		rc = mail_store_add(tx, &box, &t->content, t->r.flags | t->filter.flags,
			arrives(t) ? t->filter.keywords : t->r.keywords, d->date, &t->r.uid,
			&t->r.message);
	if (rc == 0) {
		t->r.uidvalidity = box.uidvalidity;
		t->mailbox_id = box.id;
	}
	return rc;
}

static int store(struct db_tx *tx, void *arg)
{
	struct mail_delivery *d = arg;
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++)
		rc = store_one(tx, d, &d->targets[i]);
	return rc;
}

static void on_stored(void *arg, int status)
{
	finish(arg, status);
}

static void on_parsed(void *arg, int status)
{
	struct mail_delivery *d = arg;

	if (status == 0)
		status = d->status;
	if (status == 0)
		status = db_write(d->m->db, store, on_stored, d);
	if (status < 0)
		finish(d, status);
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
	if (!d->in_memory) {
		d->turn = (struct mail_turn){ .source = d->source,
			.size = info->size,
			.work = parse,
			.done = on_parsed,
			.arg = d };
		mail_turn_take(&d->m->turns, &d->turn);
	} else if (job_run(d->m->io, parse, on_parsed, d) < 0) {
		finish(d, HEARTH_EBUSY);
	}
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
	parse(d);
	rc = d->status;
	if (rc == 0)
		rc = db_write_to(d->m->db, d->loop, store, on_stored, d);
	if (rc == 0)
		return; /* it is the writer's now, and maybe gone already */
	d->status = rc;
	exec_post(d->loop, on_failed, d);
}

static void refuse(void *arg)
{
	finish(arg, HEARTH_EINVAL);
}

static void refuse_busy(void *arg)
{
	finish(arg, HEARTH_EBUSY);
}

void mail_delivery_finish(struct mail_delivery **dp, mail_delivered_fn *done, void *arg)
{
	struct mail_delivery *d = *dp;

	INVARIANT(d && d->n > 0 && done);
	d->done = done;
	d->arg = arg;
	hearth_hold(d->m->h);
	*dp = NULL;
	d->loop = exec_current();
	if (d->has_nul)
		exec_post(d->loop, refuse, d);
	else if (d->writer)
		blob_finish(&d->writer, on_blob, d);
	else if (job_run(d->m->io, store_small, NULL, d) < 0)
		exec_post(d->loop, refuse_busy, d);
}
