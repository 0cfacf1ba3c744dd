/*
 * imap_fetch_rows.c: the rows of a FETCH, some hundred at a time. A run of messages in the view is
 * a range of UIDs in the store.
 */
#include "imap/session/imap_fetch_job.h"

#define ROWS_MAX      500          /* messages loaded at once */
#define ROWS_TEXT_MAX (256u << 10) /* and bytes of what was parsed of them */

static void keep_text(struct imap_fetch_job *f, struct slice *text)
{
	*text = arena_slice(f->a, *text);
	f->text_size += text->n;
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
	keep_text(f, &row->m.content.blob_key);
	keep_text(f, &row->m.content.trace);
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

static int load_rows(struct db_tx *tx, void *arg)
{
	struct imap_fetch_job *f = arg;
	int rc = 0;

	arena_reset(f->a);
	f->rows = arena_alloc(f->a, ROWS_MAX * sizeof(*f->rows));
	f->n = f->row = f->text_size = 0;
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

static int set_seen(struct db_tx *tx, void *arg)
{
	const struct mail_flag_change change = { .set = MAIL_SEEN };
	struct imap_fetch_job *f = arg;
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

static bool has_unseen(const struct imap_fetch_job *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!(f->rows[i].m.flags & MAIL_SEEN))
			return true;
	return false;
}

void imap_fetch_load(struct imap_fetch_job *f)
{
	int rc = db_read_wait(f->s->m->db, load_rows, f);

	if (rc == 0) {
		f->span = f->next_span;
		f->at = f->next_at;
		f->over = f->n == 0;
		if (f->sets_seen && has_unseen(f))
			rc = db_write_wait(f->s->m->db, set_seen, f);
	}
	if (rc < 0) {
		f->error = rc;
		f->over = true;
	}
	for (size_t i = 0; i < f->n; i++)
		if (f->rows[i].seen_now)
			f->rows[i].m.flags |= MAIL_SEEN;
}
