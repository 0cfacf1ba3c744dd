/*
 * attempt.c: one connection to a destination: address after address until one answers, then mail after
 * mail until there is none left.
 *
 *   DIALLING ──no──▶ the next address … ──none left──▶ destination_failed
 *      └─▶ CONNECTED ─▶ a batch is taken ─▶ its mail read ─▶ sent ─▶ outcome_write ─┐
 *                          ▲──────────────────────────────────────────────────────────┘
 *                          └──no batch──▶ QUIT
 *
 * TLS is used where it is offered (RFC 7435); where its handshake fails, the same address is tried once
 * more without. On the loop; bodies are read by the pool "io", PIECE bytes at a time, and the next piece
 * only when the connection has taken the last.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/internal.h"

#define PIECE      ((size_t)65536)
#define CONNECT_MS INT64_C(30000)

/* Small before anything is known of the peer; output as much as two pieces. */
static const struct conn_listener limits = { .input_max = (size_t)4 * SMTP_RESPONSE_LINE_MAX,
	.output_high = 2 * PIECE,
	.timeout_ms = 300000 };

struct attempt {
	struct list_node node;
	struct destination *d;
	size_t host, address;         /* in d->route */
	bool without_tls, plain_next; /* this connection; the same address once more */
	bool worked;                  /* an address answered, and was fit for mail */
	bool hungry;                  /* it has had no batch yet */
	bool taken;                   /* one mail, at least */
	bool ours;                    /* it ends for a reason of our own */
	struct route_host at;         /* the host of the present connection */
	struct dial dial;
	struct smtp_client_options options;
	struct smtp_client *client; /* NULL: not connected (any more) */
	char why[512];              /* of the last address that did not do */
	struct timer later;         /* connects, or ends, in a later turn */

	struct mail_batch *batch; /* in hand; NULL: none */
	struct smtp_recipient *recipients;
	struct smtp_envelope_out envelope;
	bool job; /* the batch's mail, or a piece of it, is being read */
	struct mail_reader reader;
	uint64_t offset, size; /* of the body */
	struct strbuf piece;
	int status;
};

static void connect_next(struct attempt *t);
static void take_batch(struct attempt *t);

static void attempt_free(struct attempt *t)
{
	INVARIANT(!t->job && !t->batch);
	dial_drop(&t->dial);
	timer_stop(&t->later);
	strbuf_free(&t->piece);
	list_remove(&t->node);
	t->d->hungry -= t->hungry;
	t->d->attempt_count--;
	t->d->q->connections--;
	free(t);
}

/* It ends, and nobody is to blame. */
static void end(struct attempt *t)
{
	struct destination *d = t->d;

	attempt_free(t);
	destination_pump(d);
}

/* ---- a batch ends ---- */

static void finish_batch(struct attempt *t)
{
	struct mail_batch *b = t->batch;

	t->batch = NULL;
	mail_reader_clear(&t->reader);
	snprintf(b->host, sizeof(b->host), "%s", t->at.name[0] ? t->at.name : t->at.addresses[0]);
	outcome_write(b);
}

static enum outcome outcome_of(int code)
{
	return code / 100 == 2 ? OUTCOME_SENT : code / 100 == 5 ? OUTCOME_FAILED : OUTCOME_DEFERRED;
}

/* Everybody of whom nothing final is known. */
static void settle_open(struct mail_batch *b, enum outcome outcome, const struct smtp_response *r)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->recipients[i].outcome == OUTCOME_OPEN)
			mail_batch_set(&b->recipients[i], b->a, outcome, r->code, r->enhanced,
				strbuf_slice(&r->text));
}

static void fail_batch(
	struct attempt *t, enum outcome outcome, const char *enhanced, const char *why)
{
	for (size_t i = 0; i < t->batch->count; i++)
		mail_batch_set(&t->batch->recipients[i], t->batch->a, outcome, 0, enhanced,
			slice_str(why));
	finish_batch(t);
}

/* ---- its body ---- */

static void read_piece(void *arg)
{
	struct attempt *t = arg;
	uint64_t left = t->size - t->offset;
	size_t n = left < PIECE ? (size_t)left : PIECE;

	strbuf_reset(&t->piece);
	t->status = mail_reader_add(&t->reader, t->offset, n, &t->piece);
}

static void ask_piece(struct attempt *t);

static void on_piece(void *arg, int status)
{
	struct attempt *t = arg;
	struct slice piece = strbuf_slice(&t->piece);

	t->job = false;
	if (!t->client) { /* it closed meanwhile */
		finish_batch(t);
		connect_next(t);
		return;
	}
	if (status == 0)
		status = t->status;
	if (status < 0) {
		log_error("queue", "a mail cannot be read", "outgoing", "%lld",
			(long long)t->batch->outgoing.id, "why", "%s", error_name(status), NULL);
		t->ours = true;
		smtp_client_abort(t->client);
		return;
	}
	if (t->offset < BATCH_HEADER_MAX)
		strbuf_add(
			&t->batch->header, slice_head(piece, BATCH_HEADER_MAX - (size_t)t->offset));
	t->offset += piece.n;
	if (t->offset == t->size) {
		smtp_client_write(t->client, piece);
		smtp_client_end(t->client);
	} else if (smtp_client_write(t->client, piece)) {
		ask_piece(t);
	}
}

static void ask_piece(struct attempt *t)
{
	t->job = true;
	if (job_run(t->d->q->m->io, read_piece, on_piece, t) < 0)
		on_piece(t, HEARTH_EBUSY);
}

static void on_body(void *ctx)
{
	struct attempt *t = ctx;

	if (!t->job)
		ask_piece(t);
}

/* ---- a batch begins ---- */

static int read_outgoing(struct db_tx *tx, void *arg)
{
	struct attempt *t = arg;

	return mail_store_outgoing(
		tx, t->batch->recipients->row.outgoing, t->batch->a, &t->batch->outgoing);
}

static void fill_envelope(struct attempt *t)
{
	static const char *const rets[] = { NULL, "FULL", "HDRS" };
	struct mail_batch *b = t->batch;

	t->recipients = arena_zalloc(b->a, b->count * sizeof(*t->recipients));
	for (size_t i = 0; i < b->count; i++)
		t->recipients[i] =
			(struct smtp_recipient){ .address = b->recipients[i].row.recipient,
				.orcpt = b->recipients[i].row.orcpt,
				.notify = mail_notify_words(b->a, b->recipients[i].row.notify) };
	t->envelope = (struct smtp_envelope_out){ .sender = b->outgoing.mail_from,
		.recipients = t->recipients,
		.count = b->count,
		.size = t->size,
		.eightbit = true,
		.smtputf8 = b->outgoing.utf8,
		.ret = rets[b->outgoing.ret],
		.envid = b->outgoing.envid };
}

static void send_batch(struct attempt *t)
{
	int rc;

	t->reader = (struct mail_reader){ .m = t->d->q->m, .content = &t->batch->outgoing.content };
	t->offset = 0;
	t->size = t->batch->outgoing.content.blob_size + t->batch->outgoing.content.trace.n;
	fill_envelope(t);
	rc = smtp_client_send(t->client, &t->envelope);
	if (rc == 0)
		return;
	if (rc == HEARTH_ETOOBIG)
		fail_batch(t, OUTCOME_FAILED, "5.3.4", "the server takes no message that large");
	else
		fail_batch(t, OUTCOME_FAILED, "5.6.7", "the server takes no address beyond ASCII");
	take_batch(t);
}

static void on_outgoing(void *arg, int status)
{
	struct attempt *t = arg;

	t->job = false;
	if (status == HEARTH_ENOTFOUND) { /* taken out of the queue by hand */
		fail_batch(t, OUTCOME_DEFERRED, "4.3.0", "it is gone");
		if (t->client)
			take_batch(t);
		else
			connect_next(t);
	} else if (status < 0 || !t->client) {
		fail_batch(t, OUTCOME_DEFERRED, "4.3.0", "the server could not read it");
		if (t->client)
			smtp_client_quit(t->client);
		else
			connect_next(t);
	} else {
		send_batch(t);
	}
}

static void take_batch(struct attempt *t)
{
	const struct smtp_extensions *x = smtp_client_extensions(t->client);

	t->batch =
		destination_take(t->d, x->recipients_max ? (size_t)x->recipients_max : BATCH_MAX);
	t->d->hungry -= t->hungry;
	t->hungry = false;
	if (!t->batch) {
		smtp_client_quit(t->client);
		return;
	}
	t->job = true;
	if (db_read(t->d->q->m->db, read_outgoing, on_outgoing, t) < 0)
		on_outgoing(t, HEARTH_EBUSY);
}

/* ---- what the client tells ---- */

static void say_why(struct attempt *t, struct slice why)
{
	const char *who = t->at.name[0] ? t->at.name : t->at.addresses[0];

	snprintf(t->why, sizeof(t->why), "%.255s: %.*s", who, SLICE_ARG(slice_head(why, 250)));
}

static void on_ready(void *ctx)
{
	struct attempt *t = ctx;

	t->worked = true;
	take_batch(t);
}

static void on_recipient(void *ctx, size_t i, const struct smtp_response *r)
{
	struct attempt *t = ctx;
	struct mail_batch_recipient *recipient = &t->batch->recipients[i];

	if (r->code / 100 != 2)
		mail_batch_set(recipient, t->batch->a, outcome_of(r->code), r->code, r->enhanced,
			strbuf_slice(&r->text));
}

static void on_done(void *ctx, const struct smtp_response *r)
{
	struct attempt *t = ctx;

	settle_open(t->batch, outcome_of(r->code), r);
	if (r->code / 100 == 2) {
		t->taken = true;
		destination_works(t->d);
	}
	finish_batch(t);
	take_batch(t);
}

static void on_closed(void *ctx, enum smtp_client_stage stage, const struct smtp_response *why)
{
	struct attempt *t = ctx;

	t->client = NULL;
	say_why(t, strbuf_slice(&why->text));
	/* Who hangs up on every mail is as good as who does not answer. */
	if (stage >= SMTP_STAGE_ENVELOPE)
		t->worked = t->taken || t->ours || stage == SMTP_STAGE_REFUSED;
	if (stage == SMTP_STAGE_TLS && !t->without_tls && t->options.tls == SMTP_TLS_MAY) {
		log_info("queue", "TLS failed, once more without", "host", "%s", t->at.name, "why",
			"%s", t->why, NULL);
		t->plain_next = true;
		t->address--;
	}
	if (t->batch)
		settle_open(t->batch,
			stage == SMTP_STAGE_REFUSED ? outcome_of(why->code) : OUTCOME_DEFERRED,
			why);
	if (t->batch && !t->job) {
		finish_batch(t);
	} else if (t->batch) {
		return; /* goes on when the job is back */
	}
	connect_next(t);
}

static const struct smtp_client_events events = { .ready = on_ready,
	.recipient = on_recipient,
	.body = on_body,
	.done = on_done,
	.closed = on_closed };

/* ---- connecting ---- */

static void on_dialled(void *arg, struct conn *c, const char *why)
{
	struct attempt *t = arg;
	const struct mail_queue_limits *l = mail_queue_limits(t->d->q->m);

	if (!c) {
		say_why(t, slice_str(why));
		connect_next(t);
		return;
	}
	t->options = (struct smtp_client_options){ .helo = hearth_hostname(t->d->q->m->h),
		.patience_ms = l->patience_ms,
		.tls = t->without_tls ? SMTP_TLS_NEVER : SMTP_TLS_MAY,
		.how = { .server_name = t->at.name, .must_prove = l->relay_user != NULL },
		.user = l->relay_user,
		.password = l->relay_password };
	if (l->relay_user && !conn_info(c)->loopback)
		t->options.tls = SMTP_TLS_MUST;
	t->client = smtp_client_new(c, &t->options, &events, t);
}

/* The next address in order; where none is left, the destination has failed, unless one worked. */
static void connect_next(struct attempt *t)
{
	struct destination *d = t->d;
	const struct route *r = &d->route;

	if (!t->worked && !d->q->draining && d->q->lease.epoch) {
		while (t->host < r->count && t->address == r->hosts[t->host].count) {
			t->host++;
			t->address = 0;
		}
		if (t->host < r->count) {
			t->at = r->hosts[t->host];
			t->without_tls = t->plain_next;
			t->plain_next = false;
			dial(&t->dial, t->at.addresses[t->address++],
				mail_queue_limits(d->q->m)->port, NULL, CONNECT_MS, &limits,
				on_dialled, t);
			return;
		}
	}
	if (t->worked || d->q->draining || !d->q->lease.epoch) {
		end(t);
	} else {
		char why[sizeof(t->why)];

		memcpy(why, t->why, sizeof(why));
		attempt_free(t);
		destination_failed(d, OUTCOME_DEFERRED, "4.4.1", why);
	}
}

static void on_later(void *arg)
{
	connect_next(arg);
}

void attempt_begin(struct destination *d)
{
	struct attempt *t = mem_zalloc(sizeof(*t));

	t->d = d;
	list_push(&d->attempts, &t->node);
	t->hungry = true;
	d->hungry++;
	d->attempt_count++;
	d->q->connections++;
	connect_next(t);
}

void attempt_abort_all(struct destination *d)
{
	LIST_FOREACH (&d->attempts, it) {
		struct attempt *t = LIST_ENTRY(it, struct attempt, node);

		if (t->client) {
			smtp_client_abort(t->client);
		} else if (!t->job) {
			dial_drop(&t->dial);
			timer_start(&t->later, 0, 0, on_later, t);
		}
	}
}

void attempt_free_all(struct destination *d)
{
	struct list_node *node;

	while ((node = list_pop(&d->attempts))) {
		struct attempt *t = LIST_ENTRY(node, struct attempt, node);

		t->job = false;
		if (t->batch)
			mail_batch_free(t->batch);
		t->batch = NULL;
		mail_reader_clear(&t->reader);
		attempt_free(t);
	}
}
