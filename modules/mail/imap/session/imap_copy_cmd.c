/*
 * imap_copy_cmd.c: COPY (RFC 3501 section 6.4.7), MOVE (RFC 6851), EXPUNGE, UID EXPUNGE (RFC 4315)
 * and CLOSE.
 *
 * All of them go in transactions of MAIL_BULK_MAX messages, so that others write in between. COPY
 * is all or nothing none the less: one that does not end is taken back
 * (imap/session/imap_copy_undo.h). It asks first what may be kept for the account now, and is
 * refused while the disk is full. MOVE moves each message or does not (RFC 6851 section 3.3), and
 * tells at its end which.
 *
 * On the loop, chunks on the writer; twelve bytes a message of the set, in the command's arena.
 */
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/room.h"
#include "imap/session/imap_copy_undo.h"
#include "imap/session/imap_internal.h"

/* ---- COPY, MOVE ---- */

struct copy {
	struct mailbox to;
	uint32_t *uids; /* asked for */
	uint32_t *from, *new_uids;
	size_t n, copied;
	size_t at, chunk_copied;     /* where the chunk under way began: in uids, in new_uids */
	int64_t modseq;              /* that the chunk took here */
	struct mail_copying copying; /* of a COPY in several chunks */
	int64_t quota;               /* COPY: bytes that may be kept; 0: no bound */
	int64_t elsewhere;           /* of these, what other modules keep */
	int asked;                   /* how asking for it ended */
	int failed;                  /* with what it is taken back */
};

static int copy_one(struct db_tx *tx, const struct imap_session *s, struct copy *job, uint32_t uid)
{
	uint32_t *new_uid = &job->new_uids[job->copied];
	int rc;

	INVARIANT(job->copied < job->n);
	if (s->command->verb == IMAP_MOVE)
		rc = mail_store_move(tx, s->view->mailbox, uid, &job->to, &job->modseq, new_uid);
	else
		rc = mail_store_copy(tx, s->view->mailbox, uid, &job->to, new_uid);
	if (rc == 0)
		job->from[job->copied++] = uid;
	/* Expunged by another session: there is nothing to copy. */
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* With what was just added; that goes again when it does not. */
static int fits(struct db_tx *tx, int64_t account, const struct copy *job)
{
	int64_t used;
	int rc = mail_store_used(tx, account, &used);

	return rc == 0 && used + job->elsewhere > job->quota ? HEARTH_ETOOBIG : rc;
}

static size_t chunk_end(const struct copy *job)
{
	return job->n - job->at < MAIL_BULK_MAX ? job->n : job->at + MAIL_BULK_MAX;
}

/* What the chunk has made, or that the whole has ended. */
static int note(struct db_tx *tx, const struct mail *m, struct copy *job)
{
	int rc;

	if (job->copying.op == 0)
		return 0;
	rc = mail_copying_own(m, tx, &job->copying);
	if (rc == 0 && chunk_end(job) == job->n)
		return mail_copying_end(tx, &job->copying);
	if (rc == 0 && job->copied > job->chunk_copied)
		rc = mail_store_copying_note(tx, job->copying.op, job->to.id,
			job->new_uids[job->chunk_copied], job->new_uids[job->copied - 1]);
	return rc;
}

/* While the disk is full; but a copy in the trash is how many clients delete. */
static bool must_wait(const struct imap_session *s, const struct mailbox *to)
{
	return s->command->verb == IMAP_COPY && !room_left() && !(to->use & MAIL_USE_TRASH);
}

static int copy_chunk(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct copy *job = s->job;
	int rc = mail_store_mailbox(tx, s->account.id, s->command->copy.mailbox, &job->to);

	INVARIANT(db_tx_writes(tx) && job->chunk_copied <= job->at && job->at <= job->n);
	if (rc == 0 && must_wait(s, &job->to))
		rc = HEARTH_EBUSY;
	job->copied = job->chunk_copied;
	job->modseq = 0;
	for (size_t i = job->at; i < chunk_end(job) && rc == 0; i++)
		rc = copy_one(tx, s, job, job->uids[i]);
	if (rc == 0 && job->quota > 0 && job->copied > 0)
		rc = fits(tx, s->account.id, job);
	return rc == 0 ? note(tx, s->m, job) : rc;
}

/* "COPYUID validity from to" (RFC 4315 section 3). */
static const char *copyuid(struct imap_session *s, const struct copy *job)
{
	struct strbuf code = { 0 };
	const char *text;

	INVARIANT(job->copied > 0);
	strbuf_printf(&code, "COPYUID %u ", job->to.uidvalidity);
	imap_write_numbers(&code, job->from, job->copied);
	strbuf_addc(&code, ' ');
	imap_write_numbers(&code, job->new_uids, job->copied);
	text = arena_strdup(s->arena, strbuf_slice(&code));
	strbuf_free(&code);
	return text;
}

static void refuse_copy(struct imap_session *s, int status)
{
	if (status == HEARTH_ENOTFOUND)
		imap_reply(s, "NO", "TRYCREATE", "There is no such mailbox");
	else if (status == HEARTH_ETOOBIG)
		imap_reply(s, "NO", "OVERQUOTA", "There is no room for these messages");
	else if (!room_left())
		imap_reply(s, "NO", "UNAVAILABLE", "The server's disk is full; delete something");
	else
		imap_reply_error(s, status);
}

static void on_taken_back(void *arg, int status)
{
	struct imap_session *s = arg;
	const struct copy *job = s->job;

	(void)status;
	if (!imap_back(s))
		return;
	refuse_copy(s, job->failed);
	imap_turn_end(s);
}

/* The untagged OK comes before the EXPUNGEs (RFC 6851 section 4.3). */
static void tell_moved(struct imap_session *s, const struct copy *job)
{
	if (job->copied == 0)
		return;
	imap_write_status(&s->out, (struct slice){ 0 }, "OK", copyuid(s, job), "Moved");
	imap_mailbox_changed(s, s->view->mailbox);
}

static void on_failed(struct imap_session *s, int status)
{
	struct copy *job = s->job;
	struct mail_copying copying = job->copying;

	job->copying.op = 0;
	job->copied = job->chunk_copied;
	if (s->command->verb == IMAP_MOVE)
		tell_moved(s, job);
	if (copying.op == 0 || job->at == 0) {
		refuse_copy(s, status);
		return;
	}
	job->failed = status;
	imap_busy(s);
	mail_copying_undo(s->m, &copying, on_taken_back, s);
}

static void end_copy(struct imap_session *s)
{
	struct copy *job = s->job;

	INVARIANT(job->at == job->n && job->copied <= job->n);
	job->copying.op = 0;
	if (s->command->verb == IMAP_MOVE) {
		tell_moved(s, job);
		imap_ok(s, job->copied ? "MOVE done" : "There was nothing to move");
	} else if (job->copied) {
		imap_reply(s, "OK", copyuid(s, job), "COPY done");
	} else {
		imap_ok(s, "There was nothing to copy");
	}
}

static void on_chunk_copied(struct imap_session *s, int status)
{
	struct copy *job = s->job;

	if (status < 0) {
		on_failed(s, status);
		return;
	}
	INVARIANT(job->copied >= job->chunk_copied && job->copied <= chunk_end(job));
	job->copying.owned = job->copying.op != 0;
	if (job->copied > job->chunk_copied)
		imap_mailbox_changed(s, job->to.id);
	job->at = chunk_end(job);
	job->chunk_copied = job->copied;
	if (job->at < job->n)
		imap_run_write(s, copy_chunk, on_chunk_copied);
	else
		end_copy(s);
}

/* The client has gone before the end. */
void imap_drop_copy(struct imap_session *s)
{
	const struct copy *job = s->job;

	if (job->copying.op)
		mail_copying_undo(s->m, &job->copying, NULL, NULL);
}

static void ask_quota(void *arg)
{
	const struct imap_session *s = arg;
	const struct accounts *accounts = s->m->accounts;
	struct copy *job = s->job;
	struct account account;

	job->asked = accounts->by_id_wait(accounts->self, s->account.id, &account);
	if (job->asked == 0)
		job->asked = accounts->elsewhere_wait(accounts->self, "mail", &account, 1);
	if (job->asked == 0) {
		job->quota = account.quota;
		job->elsewhere = account.elsewhere;
	}
}

static void on_asked(struct imap_session *s, int status)
{
	const struct copy *job = s->job;

	if (status == 0)
		status = job->asked;
	if (status == 0)
		imap_run_write(s, copy_chunk, on_chunk_copied);
	else
		imap_reply_error(s, HEARTH_EIO);
}

void imap_do_copy(struct imap_session *s)
{
	const struct imap_command *c = s->command;
	struct copy *job = ARENA_NEW(s->arena, struct copy);
	struct imap_spans spans;

	if (c->verb == IMAP_MOVE && s->view->read_only) {
		imap_reply(s, "NO", "READ-ONLY", "The mailbox is selected read-only");
		return;
	}
	if (imap_view_resolve(s->view, s->arena, &c->copy.set, c->uid, &spans) < 0) {
		imap_bad(s, "There are fewer messages than that");
		return;
	}
	job->uids = imap_spans_uids(s->view, s->arena, &spans, &job->n);
	job->from = arena_alloc(s->arena, job->n * sizeof(*job->from));
	job->new_uids = arena_alloc(s->arena, job->n * sizeof(*job->new_uids));
	s->job = job;
	if (c->verb == IMAP_COPY && job->n > MAIL_BULK_MAX)
		job->copying.op = (int64_t)(rand_u64() >> 1) | 1;
	if (c->verb == IMAP_MOVE)
		imap_run_write(s, copy_chunk, on_chunk_copied);
	else
		imap_run_work(s, ask_quota, on_asked);
}

/* ---- EXPUNGE, CLOSE ---- */

struct expunge {
	bool only;              /* UID EXPUNGE: those of `set` only */
	struct imap_seqset set; /* resolved */
	uint32_t above;         /* what is not above this UID has been dealt with */
	uint32_t last;          /* of the chunk under way; 0: there are no more */
	size_t count;           /* expunged in it */
	imap_fn *then;
};

static int expunge_chunk(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct expunge *job = s->job;
	int64_t mailbox = s->view->mailbox, modseq = 0;
	struct arena *a = arena_new();
	uint32_t *uids;
	size_t n = 0;
	int rc = mail_store_deleted(tx, mailbox, job->above, MAIL_BULK_MAX, a, &uids, &n);

	INVARIANT(db_tx_writes(tx) && !s->view->read_only);
	job->last = n ? uids[n - 1] : 0;
	job->count = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (job->only && !imap_seqset_has(&job->set, uids[i]))
			continue;
		rc = mail_store_expunge(tx, mailbox, uids[i], &modseq);
		job->count++;
	}
	arena_free(&a);
	return rc;
}

static void on_chunk(struct imap_session *s, int status)
{
	struct expunge *job = s->job;

	if (status < 0) {
		imap_reply_error(s, status == HEARTH_ENOTFOUND ? HEARTH_EIO : status);
		return;
	}
	INVARIANT(job->last == 0 || job->last > job->above); /* so it ends */
	if (job->count)
		imap_mailbox_changed(s, s->view->mailbox);
	job->above = job->last;
	if (job->last)
		imap_run_write(s, expunge_chunk, on_chunk);
	else
		job->then(s);
}

static void start_expunge(struct imap_session *s, imap_fn *then)
{
	struct expunge *job = ARENA_NEW(s->arena, struct expunge);
	const struct imap_view *v = s->view;

	job->only = s->command->verb == IMAP_EXPUNGE && s->command->uid;
	if (job->only)
		job->set = imap_seqset_resolve(
			s->arena, &s->command->expunge, v->n ? v->uids[v->n - 1] : 0);
	job->then = then;
	s->job = job;
	imap_run_write(s, expunge_chunk, on_chunk);
}

/* The view, which is looked at before the reply, tells what is gone. */
static void expunged(struct imap_session *s)
{
	imap_ok(s, "EXPUNGE done");
}

void imap_do_expunge(struct imap_session *s)
{
	if (s->view->read_only)
		imap_reply(s, "NO", "READ-ONLY", "The mailbox is selected read-only");
	else
		start_expunge(s, expunged);
}

static void closed(struct imap_session *s)
{
	imap_leave(s);
	imap_ok(s, "CLOSE done");
}

void imap_do_close(struct imap_session *s)
{
	if (s->view->read_only)
		closed(s);
	else
		start_expunge(s, closed);
}
