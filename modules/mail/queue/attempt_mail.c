/*
 * attempt_mail.c: the mails of a connection (attempt.h), one after the other: a batch is taken, its mail
 * read, sent, and what became of it written.
 *
 * On the loop; bodies are read by the pool "io", ATTEMPT_PIECE bytes at a time, and the next piece only
 * when the connection has taken the last.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/attempt.h"

#define TURN_MAILS 50 /* then a connection is left to who stands in line for one */

/* ---- a batch ends ---- */

void attempt_finish_batch(struct attempt *t)
{
	struct mail_batch *b = t->batch;

	t->batch = NULL;
	mail_reader_clear(&t->reader);
	snprintf(b->host, sizeof(b->host), "%s", t->at.name[0] ? t->at.name : t->at.addresses[0]);
	memcpy(b->tls, t->tls, sizeof(b->tls));
	outcome_write(b);
}

enum outcome attempt_outcome_of(int code)
{
	return code / 100 == 2 ? OUTCOME_SENT : code / 100 == 5 ? OUTCOME_FAILED : OUTCOME_DEFERRED;
}

/* Everybody of whom nothing final is known. */
void attempt_settle_open(struct mail_batch *b, enum outcome outcome, const struct smtp_response *r)
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
	attempt_finish_batch(t);
}

/* ---- its body ---- */

static void read_piece(void *arg)
{
	struct attempt *t = arg;
	uint64_t left = t->size - t->offset;
	size_t n = left < ATTEMPT_PIECE ? (size_t)left : ATTEMPT_PIECE;

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
		attempt_finish_batch(t);
		attempt_connect_next(t);
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

void attempt_on_body(void *ctx)
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

/* RFC 8689 section 4.2.1: NULL, or what the server lacks. */
static const char *lacks_for_requiretls(const struct attempt *t)
{
	const struct route *r = &t->d->route;

	if (!smtp_client_conn(t->client)->proven)
		return "its sender requires TLS, and the server has not proven who it is";
	if (!r->proven && !(r->sts && sts_policy_matches(r->sts, t->at.name)))
		return "its sender requires TLS, and nothing proves that this is the server";
	if (!smtp_client_extensions(t->client)->requiretls)
		return "its sender requires TLS on all of the way, and the server does not offer "
		       "REQUIRETLS";
	return NULL;
}

/*
 * Another host may have what this one lacks. It is the answer for good when it is that of all: one that does
 * not answer now may have it.
 */
static void refuse_requiretls(struct attempt *t, const char *why)
{
	bool all = ++t->lacking == t->host + 1;

	t->lacks = why;
	if (t->host + 1 < t->d->route.count) {
		t->carried = t->batch;
		t->batch = NULL;
		t->aside = true;
		t->host++;
		t->address = 0;
		smtp_client_quit(t->client);
		return;
	}
	fail_batch(t, all ? OUTCOME_FAILED : OUTCOME_DEFERRED, all ? "5.7.30" : "4.7.30", why);
	attempt_take_batch(t);
}

void attempt_put_off_carried(struct attempt *t)
{
	if (!t->carried)
		return;
	t->batch = t->carried;
	t->carried = NULL;
	fail_batch(t, OUTCOME_DEFERRED, "4.7.30", t->lacks);
}

static void send_batch(struct attempt *t)
{
	const char *lacks =
		t->batch->outgoing.tls == MAIL_TLS_REQUIRED ? lacks_for_requiretls(t) : NULL;
	int rc;

	if (lacks) {
		refuse_requiretls(t, lacks);
		return;
	}

	t->reader = (struct mail_reader){ .m = t->d->q->m, .content = &t->batch->outgoing.content };
	t->offset = 0;
	t->size = t->batch->outgoing.content.blob_size + t->batch->outgoing.content.trace.n;
	if (attempt_fill_envelope(t) == 0) {
		attempt_finish_batch(t);
		attempt_take_batch(t);
		return;
	}
	rc = smtp_client_send(t->client, &t->envelope);
	if (rc == 0) {
		t->mails++;
		t->batch->passed_on = smtp_client_extensions(t->client)->dsn;
		return;
	}
	INVARIANT(rc == HEARTH_ETOOBIG);
	fail_batch(t, OUTCOME_FAILED, "5.3.4", "the server takes no message that large");
	attempt_take_batch(t);
}

void attempt_go_on(struct attempt *t)
{
	if (!t->carried) {
		attempt_take_batch(t);
		return;
	}
	t->batch = t->carried;
	t->carried = NULL;
	send_batch(t);
}

static void on_outgoing(void *arg, int status)
{
	struct attempt *t = arg;

	t->job = false;
	if (status == HEARTH_ENOTFOUND) { /* taken out of the queue by hand */
		fail_batch(t, OUTCOME_DEFERRED, "4.3.0", "it is gone");
		if (t->client)
			attempt_take_batch(t);
		else
			attempt_connect_next(t);
	} else if (status < 0 || !t->client) {
		fail_batch(t, OUTCOME_DEFERRED, "4.3.0", "the server could not read it");
		if (t->client)
			smtp_client_quit(t->client);
		else
			attempt_connect_next(t);
	} else {
		send_batch(t);
	}
}

void attempt_take_batch(struct attempt *t)
{
	const struct smtp_extensions *x = smtp_client_extensions(t->client);
	/* RFC 9422: on one connection. */
	bool enough = t->aside || (x->mails_max && t->mails >= x->mails_max);

	enough |= t->mails >= TURN_MAILS && !list_empty(&t->d->q->in_line);
	if (!enough)
		t->batch = destination_take(t->d,
			x->recipients_max ? (size_t)x->recipients_max : BATCH_MAX,
			t->lax ? MAIL_TLS_WAIVED : MAIL_TLS_AS_IS);
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

void attempt_on_recipient(void *ctx, size_t i, const struct smtp_response *r)
{
	struct attempt *t = ctx;
	struct mail_batch_recipient *recipient = &t->batch->recipients[t->to[i]];

	if (r->code / 100 != 2)
		mail_batch_set(recipient, t->batch->a, attempt_outcome_of(r->code), r->code,
			r->enhanced, strbuf_slice(&r->text));
	recipient->refused = r->code / 100 == 5;
}

void attempt_on_done(void *ctx, const struct smtp_response *r)
{
	struct attempt *t = ctx;

	attempt_settle_open(t->batch, attempt_outcome_of(r->code), r);
	if (r->code / 100 == 2) {
		t->taken = true;
		destination_works(t->d);
	}
	attempt_finish_batch(t);
	attempt_take_batch(t);
}
