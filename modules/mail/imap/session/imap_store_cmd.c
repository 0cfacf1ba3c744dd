/*
 * imap_store_cmd.c: STORE (RFC 3501 section 6.4.6), in transactions of CHUNK messages, so that one
 * client does not keep the writer for itself.
 *
 * On the loop, chunks on the writer. It holds four bytes a message of the set and the flags of one
 * chunk.
 */
#include "imap/session/imap_internal.h"

#include "hearth/log.h"

#define CHUNK MAIL_BULK_MAX

struct store {
	struct mail_flag_change change;
	uint32_t *uids; /* to change */
	size_t n, at;
	/* of the chunk under way */
	struct mail_flags *after;
	bool *found; /* false: it is not there any more */
	struct arena *a;
	int64_t modseq_before, modseq_after;
	bool missing;
};

void imap_write_flag_list(
	struct strbuf *out, const struct imap_view *view, uint32_t uid, const struct mail_flags *f)
{
	struct slice keywords = f->keywords;
	unsigned recent = imap_view_is_recent(view, uid) ? IMAP_FLAG_RECENT : 0;

	/* The list of keywords is written as it is: as one word with spaces in it. */
	imap_write_flags(
		out, &(struct imap_flags){ f->flags | recent, { &keywords, keywords.n > 0 } });
}

void imap_write_flags_of(
	struct strbuf *out, struct imap_view *view, size_t index, const struct mail_flags *f)
{
	INVARIANT(index < view->n);
	imap_view_learn(view, f->keywords, out);
	strbuf_printf(out, "* %zu FETCH (UID %u FLAGS ", index + 1, view->uids[index]);
	imap_write_flag_list(out, view, view->uids[index], f);
	strbuf_adds(out, ")\r\n");
}

/* ---- the change ---- */

struct slice imap_join_words(struct arena *a, const struct imap_slices *words)
{
	struct strbuf out = { 0 };
	struct slice joined;

	for (size_t i = 0; i < words->n; i++) {
		if (i)
			strbuf_addc(&out, ' ');
		strbuf_add(&out, words->items[i]);
	}
	joined = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return joined;
}

/* \Recent is nobody's to change. */
static struct mail_flag_change change_of(struct arena *a, const struct imap_store *store)
{
	const unsigned all = MAIL_SEEN | MAIL_ANSWERED | MAIL_FLAGGED | MAIL_DELETED | MAIL_DRAFT;
	unsigned flags = store->flags.system & all;
	struct slice keywords = imap_join_words(a, &store->flags.keywords);

	switch (store->op) {
	case IMAP_STORE_ADD:
		return (struct mail_flag_change){ .set = flags, .add_keywords = keywords };
	case IMAP_STORE_REMOVE:
		return (struct mail_flag_change){ .clear = flags, .remove_keywords = keywords };
	case IMAP_STORE_REPLACE: break;
	}
	return (struct mail_flag_change){
		.set = flags, .clear = all, .add_keywords = keywords, .replace_keywords = true
	};
}

static size_t chunk_size(const struct store *job)
{
	return job->n - job->at < CHUNK ? job->n - job->at : CHUNK;
}

static int change_chunk(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct store *job = s->job;
	int64_t mailbox = s->view->mailbox, modseq = 0;
	int rc = mail_store_modseq(tx, mailbox, &job->modseq_before);

	INVARIANT(db_tx_writes(tx) && !s->view->read_only && job->at < job->n);
	arena_reset(job->a);
	for (size_t i = 0; i < chunk_size(job) && rc == 0; i++) {
		rc = mail_store_flag(tx, mailbox, job->uids[job->at + i], &job->change, &modseq,
			job->a, &job->after[i]);
		job->found[i] = rc == 0;
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	job->modseq_after = modseq ? modseq : job->modseq_before;
	return rc;
}

/* ---- the command ---- */

static void next_chunk(struct imap_session *s);

void imap_drop_store(struct imap_session *s)
{
	struct store *job = s->job;

	arena_free(&job->a);
}

static void end(struct imap_session *s, const struct store *job)
{
	if (job->missing)
		imap_reply(s, "OK", "EXPUNGEISSUED", "Some of the messages are there no more");
	else
		imap_ok(s, "STORE done");
}

static void on_changed(struct imap_session *s, int status)
{
	struct store *job = s->job;
	size_t n = chunk_size(job);

	if (status < 0) {
		imap_reply_error(s, status == HEARTH_ENOTFOUND ? HEARTH_EIO : status);
		return;
	}
	imap_changed_by_us(s, job->modseq_before, job->modseq_after);
	for (size_t i = 0; i < n; i++) {
		size_t index = imap_view_at(s->view, job->uids[job->at + i]);

		job->missing |= !job->found[i];
		if (!job->found[i])
			continue;
		/* The view is the one they came from: nothing was told meanwhile. */
		INVARIANT(index < s->view->n && s->view->uids[index] == job->uids[job->at + i]);
		imap_view_learn(s->view, job->after[i].keywords, &s->out);
		if (!s->command->store.silent)
			imap_write_flags_of(&s->out, s->view, index, &job->after[i]);
	}
	job->at += n;
	imap_flush_then(s, next_chunk);
}

static void next_chunk(struct imap_session *s)
{
	struct store *job = s->job;

	if (job->at == job->n)
		end(s, job);
	else
		imap_run_write(s, change_chunk, on_changed);
}

void imap_do_store(struct imap_session *s)
{
	const struct imap_command *c = s->command;
	struct store *job = ARENA_NEW(s->arena, struct store);
	struct imap_spans spans;

	if (s->view->read_only) {
		imap_reply(s, "NO", "READ-ONLY", "The mailbox is selected read-only");
		return;
	}
	if (imap_view_resolve(s->view, s->arena, &c->store.set, c->uid, &spans) < 0) {
		imap_bad(s, "There are fewer messages than that");
		return;
	}
	job->change = change_of(s->arena, &c->store);
	job->uids = imap_spans_uids(s->view, s->arena, &spans, &job->n);
	job->after = arena_alloc(s->arena, chunk_size(job) * sizeof(*job->after));
	job->found = arena_alloc(s->arena, chunk_size(job) * sizeof(*job->found));
	job->a = arena_new();
	s->job = job;
	next_chunk(s);
}
