/*
 * queue/here.c: recipients who are here, of a mail that has waited (store/held.h): its time has come, and it
 * is filed for them as it would have been at once. The rows are marked in the transaction that files it, and go
 * in the one that tells what became of it: after a kill in between it is told, and not filed again. Those of members
 * elsewhere are batches of their own: what a group may send within the hour keeps nobody here waiting.
 *
 *   batch ─▶ read (rows) ─▶ their groups as they are now (worker) ─▶ piece by piece: worker ─▶ delivery ─▶ on
 *   disk, rows marked ─▶ outcome, without rows
 *
 * Who has left the group since it came gets nothing; where the group itself is gone, its sender is told.
 *
 * On the loop; a destination has one such batch at a time, with one piece of the message. A batch that
 * cannot be filed is tried again, then recipient by recipient, so that one of them holds up no other.
 */
#include <stdlib.h>

#include "delivery/deliver.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "mime/header.h"
#include "queue/internal.h"
#include "store/archive.h"

#define PIECE   (256u << 10)
#define HOUR_MS INT64_C(3600000)

/* A group that some of them get it through, and, where they are elsewhere, where. */
struct through {
	struct mail_list list;
	bool gone;           /* there is no such group any more */
	bool left;           /* they are no member any more */
	const char *address; /* of one elsewhere */
};

struct filing {
	struct mail_batch *batch;
	struct through *through; /* of each recipient */
	struct mail *m;
	struct mail_delivery *delivery;
	struct mail_reader reader;
	struct strbuf piece;
	uint64_t offset, size; /* of trace and message, as stored */
	struct lease lease;
	int status;
};

void here_filed(struct mail_batch *b, size_t i)
{
	mail_batch_set(&b->recipients[i], b->a, OUTCOME_SENT, 250, "2.0.0", SLICE("filed here"));
}

/* One that it is through with: who has left is as good as one who has it, since who is in is the group's business. */
static void set_done(struct filing *f, size_t i)
{
	struct mail_batch *b = f->batch;

	if (b->recipients[i].row.filed || !f->through[i].left)
		here_filed(b, i);
	else if (f->through[i].gone)
		mail_batch_set(&b->recipients[i], b->a, OUTCOME_FAILED, 550, "5.1.1",
			SLICE("there is no such group any more"));
	else
		mail_batch_set(&b->recipients[i], b->a, OUTCOME_SENT, 250, "2.0.0",
			SLICE("is no member any more"));
}

/* When its group may send again, within some minutes; else 0. Those of one batch stay together. */
static int64_t due_after(int status)
{
	int64_t now = clock_wall_ms();

	if (status != HEARTH_EDENIED)
		return 0;
	return now - now % HOUR_MS + HOUR_MS + (int64_t)(rand_u64() % (HOUR_MS / 12));
}

/* What became of all of them. */
static void end(struct filing *f, int status)
{
	struct mail_batch *b = f->batch;
	bool gone = status == HEARTH_ENOTFOUND && b->count == 1;
	const char *why = status == HEARTH_ETOOBIG ? "the mailbox is full"
			  : status == HEARTH_EDENIED
				  ? "its group has sent as many mails within the hour as it may"
				  : "it cannot be filed now";
	const char *enhanced = status == HEARTH_ETOOBIG   ? "4.2.2"
			       : status == HEARTH_EDENIED ? "4.7.1"
							  : "4.3.0";
	int64_t due = due_after(status);

	for (size_t i = 0; i < b->count; i++) {
		if (status == 0 || b->recipients[i].row.filed)
			set_done(f, i);
		else if (gone)
			mail_batch_set(&b->recipients[i], b->a, OUTCOME_FAILED, 550, "5.1.1",
				SLICE("there is no such mailbox any more"));
		else
			mail_batch_set(&b->recipients[i], b->a, OUTCOME_DEFERRED, 451, enhanced,
				slice_str(why));
		b->recipients[i].due_ms = due;
	}
	mail_delivery_abort(&f->delivery);
	mail_reader_clear(&f->reader);
	strbuf_free(&f->piece);
	outcome_write(b);
	hearth_release(f->m->h);
	free(f);
}

/* A group's archive has it now, though all of these may have left; it is counted for those it is made for. */
static int mark_list(
	struct db_tx *tx, const struct mail_queued *row, const struct through *t, int64_t last[2])
{
	int rc = 0;

	if (row->archive != MAIL_NOT_ARCHIVED && row->archive != MAIL_ARCHIVED && !t->gone &&
		last[0] != row->list) {
		last[0] = row->list;
		rc = mail_store_queue_archived(tx, row->outgoing, row->list);
	}
	if (rc == 0 && row->here < 0 && !row->counted && !t->left && last[1] != row->list) {
		last[1] = row->list;
		rc = mail_store_queue_counted(tx, row->outgoing, row->list);
	}
	return rc;
}

/* In the transaction that files it. */
static int mark_rows(struct db_tx *tx, void *arg)
{
	const struct filing *f = arg;
	int64_t last[2] = { 0 }; /* that were marked: a group's rows come side by side */
	int rc = lease_check(tx, &f->lease);

	for (size_t i = 0; i < f->batch->count && rc == 0; i++) {
		const struct mail_queued *row = &f->batch->recipients[i].row;

		rc = mail_store_queue_filed(tx, row->id);
		if (rc == 0 && row->list)
			rc = mark_list(tx, row, &f->through[i], last);
	}
	return rc < 0 ? rc : mail_store_outgoing_reached(tx, f->batch->outgoing.id);
}

static void on_delivered(void *arg, int status, const struct mail_recipient *to, size_t n)
{
	(void)to;
	(void)n;
	end(arg, status);
}

static void ask_piece(void *arg);

/* On a worker. */
static void read_piece(void *arg)
{
	struct filing *f = arg;
	uint64_t left = f->size - f->offset;

	strbuf_reset(&f->piece);
	f->status = mail_reader_add(
		&f->reader, f->offset, left < PIECE ? (size_t)left : PIECE, &f->piece);
}

static void on_piece(void *arg, int status)
{
	struct filing *f = arg;

	if (status == 0)
		status = f->status;
	if (status < 0) {
		end(f, status == HEARTH_ENOTFOUND ? HEARTH_EIO : status);
		return;
	}
	f->offset += f->piece.n;
	if (f->piece.n > 0 &&
		mail_delivery_write(f->delivery, strbuf_slice(&f->piece)) > blob_writer_high())
		mail_delivery_on_drained(f->delivery, ask_piece, f);
	else
		ask_piece(f);
}

static void ask_piece(void *arg)
{
	struct filing *f = arg;

	if (f->offset == f->size)
		mail_delivery_finish(&f->delivery, on_delivered, f);
	else if (job_run(f->m->io, read_piece, on_piece, f) < 0)
		on_piece(f, HEARTH_EBUSY);
}

static int read_outgoing(struct db_tx *tx, void *arg)
{
	struct filing *f = arg;
	struct mail_batch *b = f->batch;

	return mail_store_outgoing(tx, b->recipients->row.outgoing, b->a, &b->outgoing);
}

/* ---- whom it is for, as they are now ---- */

/* One that is gone is called as it was. */
static int find_list(struct filing *f, const struct mail_queued *row, struct through *out)
{
	const struct accounts *accounts = f->m->accounts;
	struct accounts_group_named group;
	int rc = accounts->group_by_id_wait(accounts->self, row->list, &group);

	out->gone = rc == HEARTH_ENOTFOUND;
	out->list = (struct mail_list){ .id = row->list,
		.name = row->list_name,
		.title = SLICE(""),
		.open = true,
		.archived = row->archive != MAIL_NOT_ARCHIVED,
		.kept = row->archive == MAIL_ARCHIVED,
		.vouched = row->archive != MAIL_TO_ARCHIVE_WITH_ROOM,
		.counted = row->counted };
	if (rc < 0)
		return out->gone ? 0 : rc;
	out->list.title = arena_slice(f->batch->a, slice_str(group.title));
	out->list.prefix = arena_slice(f->batch->a, slice_str(group.prefix));
	out->list.open = group.open;
	return 0;
}

/* Whether they are in it still. */
static int find_member(struct filing *f, const struct mail_queued *row, struct through *out)
{
	const struct accounts *accounts = f->m->accounts;
	char address[256];
	int rc;

	if (row->here >= MAIL_ARCHIVES) {
		out->left = out->gone;
		return 0;
	}
	if (row->here > 0) {
		rc = accounts->is_member_wait(accounts->self, row->list, row->here);
	} else {
		rc = accounts->subscriber_wait(accounts->self, row->list, -row->here, address);
		if (rc == 0)
			out->address = arena_strdup(f->batch->a, slice_str(address));
	}
	out->left = rc == HEARTH_ENOTFOUND;
	return out->left ? 0 : rc;
}

/* Whether they may be sent it within this hour, those elsewhere, who are of one list. */
static int ask_bound(struct db_tx *tx, void *arg)
{
	const struct filing *f = arg;

	return mail_delivery_list_may(tx, f->m, &f->through->list);
}

/*
 * On a worker, before the message is read. f->status is the outcome: what cannot be known now is asked again, and
 * HEARTH_EDENIED that it may not go now.
 */
static void find_groups(void *arg)
{
	struct filing *f = arg;
	struct mail_batch *b = f->batch;

	f->status = 0;
	for (size_t i = 0; i < b->count && f->status == 0; i++) {
		const struct mail_queued *row = &b->recipients[i].row;
		struct through *t = &f->through[i];

		if (!row->list)
			continue;
		if (i > 0 && row->list == b->recipients[i - 1].row.list)
			*t = (struct through){ .list = t[-1].list, .gone = t[-1].gone };
		else
			f->status = find_list(f, row, t);
		if (f->status == 0)
			f->status = find_member(f, row, t);
	}
	if (f->status == 0 && b->recipients->row.here < 0)
		f->status = db_read_wait(f->m->db, ask_bound, f);
}

static void add(struct filing *f, const struct mail_queued *row, const struct through *t)
{
	struct slice domain = slice_str(t->address ? t->address : "");

	if (row->list && !t->gone)
		mail_delivery_through(f->delivery, &t->list, row->recipient);
	if (row->filed || t->left || mail_delivery_has(f->delivery, row->here))
		return;
	if (row->here > 0 && row->here < MAIL_ARCHIVES)
		mail_delivery_add(f->delivery, &(struct mail_recipient){ .account = row->here,
						       .address = row->recipient,
						       .list = row->list ? &t->list : NULL,
						       .ask_quota = f->batch->count == 1 });
	slice_split(&domain, '@');
	if (t->address)
		mail_delivery_send(
			f->delivery, &(struct mail_remote){ .address = slice_str(t->address),
					     .domain = domain,
					     .sent_on = true,
					     .via = row->recipient,
					     .list = &t->list,
					     .member = -row->here });
}

/* With somebody elsewhere among its recipients it was; it may yet be sent on. */
static bool is_signed(struct slice trace)
{
	struct mime_field field;

	return mime_field_find(trace, SLICE("DKIM-Signature"), &field);
}

/* What was asked when it came holds as if it went on now (its trace, which is set apart, among it). */
static void set_asked(struct filing *f)
{
	const struct mail_outgoing *o = &f->batch->outgoing;

	mail_delivery_set_outgoing(f->delivery, NULL, o->utf8, MAIL_RET_NONE, SLICE(""));
	if (o->tls == MAIL_TLS_REQUIRED)
		mail_delivery_require_tls(f->delivery);
	mail_delivery_set_trace(f->delivery, o->mail_from, o->content.trace);
	if (o->account > 0 && !is_signed(o->content.trace))
		mail_delivery_sign(f->delivery);
	if (o->account > 0)
		mail_delivery_has_waited(f->delivery);
	mail_delivery_set_author(f->delivery, o->author);
}

/* Behind its trace. */
static void on_groups(void *arg, int status)
{
	struct filing *f = arg;
	struct mail_batch *b = f->batch;
	const struct mail_content *content = &b->outgoing.content;

	if (status < 0 || f->status < 0) {
		end(f, f->status == HEARTH_EDENIED ? HEARTH_EDENIED : HEARTH_EBUSY);
		return;
	}
	f->reader = (struct mail_reader){ .m = f->m, .content = content };
	f->offset = content->trace.n;
	f->size = content->trace.n + content->blob_size;
	f->delivery = mail_delivery_new(f->m);
	for (size_t i = 0; i < b->count; i++)
		add(f, &b->recipients[i].row, &f->through[i]);
	if (mail_delivery_is_empty(f->delivery)) {
		end(f, 0);
		return;
	}
	set_asked(f);
	mail_delivery_also(f->delivery, mark_rows, f);
	ask_piece(f);
}

static void on_outgoing(void *arg, int status)
{
	struct filing *f = arg;

	if (status < 0)
		end(f, status == HEARTH_ENOTFOUND ? HEARTH_EIO : status);
	else if (job_run(f->m->io, find_groups, on_groups, f) < 0)
		end(f, HEARTH_EBUSY);
}

void here_file(struct mail_batch *b)
{
	struct filing *f = mem_zalloc(sizeof(*f));

	f->batch = b;
	f->m = b->q->m;
	f->through = arena_zalloc(b->a, b->count * sizeof(*f->through));
	f->lease = b->q->lease;
	hearth_hold(f->m->h);
	if (db_read(f->m->db, read_outgoing, on_outgoing, f) < 0)
		on_outgoing(f, HEARTH_EBUSY);
}
