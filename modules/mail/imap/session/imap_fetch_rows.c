/*
 * imap_fetch_rows.c: the rows of a FETCH, some hundred at a time. A run of messages in the view is
 * a range of UIDs in the store.
 */
#include "imap/session/imap_fetch_job.h"

#define ROWS_MAX      500          /* messages loaded at once */
#define ROWS_TEXT_MAX (256u << 10) /* and bytes of what was parsed of them */

static void keep_text(struct imap_fetch_job *f, struct slice *text)
{
	if (text->n)
		*text = arena_slice(f->a, *text);
	f->text_size += text->n;
}

/* Whether its bytes are read, and not only what was made ready. */
static bool reads_message(const struct imap_fetch_job *f, const struct mail_content *c)
{
	return (f->want & (MAIL_WANT_STRUCTURE | MAIL_WANT_MESSAGE | MAIL_WANT_HEADER)) ||
	       ((f->want & MAIL_WANT_FIELDS) && !c->has_fields);
}

static int keep_row(void *arg, const struct mail_message *m)
{
	struct imap_fetch_job *f = arg;
	const struct imap_view *v = f->s->view;
	struct imap_fetch_row *row;

	while (f->next_at < v->n && v->uids[f->next_at] < m->uid) {
		f->next_at++;
		f->missing = true;
	}
	if (f->next_at == v->n || v->uids[f->next_at] != m->uid)
		return 0;
	row = &f->rows[f->n++];
	*row = (struct imap_fetch_row){ .index = f->next_at++, .m = *m };
	keep_text(f, &row->m.keywords);
	if (reads_message(f, &row->m.content)) {
		keep_text(f, &row->m.content.blob_key);
		keep_text(f, &row->m.content.trace);
		f->octets += row->m.size;
		f->has_blobs |= row->m.content.message.n == 0;
	}
	keep_text(f, &row->m.content.envelope);
	keep_text(f, &row->m.content.body);
	keep_text(f, &row->m.content.bodystructure);
	keep_text(f, &row->m.content.structure);
	keep_text(f, &row->m.content.header);
	keep_text(f, &row->m.content.fields);
	keep_text(f, &row->m.content.message);
	return f->n == ROWS_MAX || f->text_size >= ROWS_TEXT_MAX;
}

/* The rows of one span from next_at on. 1: there is no room for more. */
static int load_span(struct db_tx *tx, struct imap_fetch_job *f)
{
	const struct imap_span *span = &f->spans.v[f->next_span];
	const struct imap_view *v = f->s->view;
	uint32_t first = v->uids[f->next_at], last = v->uids[span->last];
	int rc;

	if (f->needs_content)
		rc = mail_store_messages(tx, v->mailbox, first, last, f->want, keep_row, f);
	else
		rc = mail_store_scan(tx, v->mailbox, first, last, false, keep_row, f);
	if (rc == 0 && f->next_at <= span->last)
		f->missing = true;
	return rc;
}

int imap_fetch_load(struct db_tx *tx, void *arg)
{
	const struct imap_session *s = arg;
	struct imap_fetch_job *f = s->job;
	int rc = 0;

	arena_reset(f->a);
	f->rows = arena_alloc(f->a, ROWS_MAX * sizeof(*f->rows));
	f->n = f->row = f->text_size = 0;
	f->octets = 0;
	f->has_blobs = false;
	f->next_span = f->span;
	f->next_at = f->at;
	while (rc == 0 && f->next_span < f->spans.n) {
		if (f->next_at < f->spans.v[f->next_span].first)
			f->next_at = f->spans.v[f->next_span].first;
		if (f->next_at <= f->spans.v[f->next_span].last)
			rc = load_span(tx, f);
		if (rc == 0)
			f->next_span++;
	}
	return rc < 0 ? rc : 0;
}

int imap_fetch_set_seen(struct db_tx *tx, void *arg)
{
	const struct mail_flag_change change = { .set = MAIL_SEEN };
	const struct imap_session *s = arg;
	struct imap_fetch_job *f = s->job;
	int64_t mailbox = f->s->view->mailbox, modseq = 0;
	int rc = mail_store_modseq(tx, mailbox, &f->modseq_before);

	for (size_t i = 0; i < f->n && rc == 0; i++) {
		struct imap_fetch_row *row = &f->rows[i];
		struct mail_flags after;

		if (row->m.flags & MAIL_SEEN)
			continue;
		rc = mail_store_flag(tx, mailbox, row->m.uid, &change, &modseq, f->a, &after);
		row->seen_now = rc == 0;
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	f->modseq_after = modseq ? modseq : f->modseq_before;
	return rc;
}

bool imap_fetch_sets_seen(const struct imap_fetch_job *f)
{
	if (!f->sets_seen)
		return false;
	for (size_t i = 0; i < f->n; i++)
		if (!(f->rows[i].m.flags & MAIL_SEEN))
			return true;
	return false;
}
