/*
 * imap_fetch_rows.c: the rows of a FETCH, some hundred at a time. A run of messages in the view is
 * a range of UIDs in the store. While a worker writes some, a reader loads the next.
 *
 * On readers, but for what says otherwise.
 *
 * Bounds: ROWS_MAX rows at a time, or ROWS_TEXT_MAX bytes and one row more.
 */
#include "imap/session/imap_fetch_job.h"

#include "hearth/log.h"

#define ROWS_MAX      500          /* messages loaded at once */
#define ROWS_TEXT_MAX (256u << 10) /* and bytes of what was parsed of them */

void imap_fetch_rows_init(struct imap_fetch_job *f)
{
	for (int i = 0; i < 2; i++)
		f->both[i] = (struct imap_fetch_rows){ .job = f, .a = arena_new() };
	f->rows = &f->both[0];
	f->ahead = &f->both[1];
}

void imap_fetch_rows_clear(struct imap_fetch_job *f)
{
	for (int i = 0; i < 2; i++)
		arena_free(&f->both[i].a);
}

/* ---- loading ---- */

static void keep_text(struct imap_fetch_rows *r, struct slice *text)
{
	if (text->n)
		*text = arena_slice(r->a, *text);
	r->text_size += text->n;
}

/* Whether its bytes are read, and not only what was made ready. */
static bool reads_message(const struct imap_fetch_job *f, const struct mail_content *c)
{
	return (f->want & (MAIL_WANT_STRUCTURE | MAIL_WANT_MESSAGE | MAIL_WANT_HEADER)) ||
	       ((f->want & MAIL_WANT_FIELDS) && !c->has_fields);
}

static int keep_row(void *arg, const struct mail_message *m)
{
	struct imap_fetch_rows *r = arg;
	const struct imap_view *v = r->job->s->view;
	struct imap_fetch_row *row;

	while (r->next_at < v->n && v->uids[r->next_at] < m->uid) {
		r->next_at++;
		r->missing = true;
	}
	if (r->next_at == v->n || v->uids[r->next_at] != m->uid)
		return 0;
	INVARIANT(r->n < ROWS_MAX);
	row = &r->v[r->n++];
	*row = (struct imap_fetch_row){ .index = r->next_at++, .m = *m };
	keep_text(r, &row->m.keywords);
	if (reads_message(r->job, &row->m.content)) {
		keep_text(r, &row->m.content.blob_key);
		keep_text(r, &row->m.content.trace);
		r->octets += row->m.size;
		r->has_blobs |= row->m.content.message.n == 0;
	}
	keep_text(r, &row->m.content.envelope);
	keep_text(r, &row->m.content.body);
	keep_text(r, &row->m.content.bodystructure);
	keep_text(r, &row->m.content.structure);
	keep_text(r, &row->m.content.header);
	keep_text(r, &row->m.content.fields);
	keep_text(r, &row->m.content.message);
	return r->n == ROWS_MAX || r->text_size >= ROWS_TEXT_MAX;
}

/* The rows of one span from next_at on. 1: there is no room for more. */
static int load_span(struct db_tx *tx, struct imap_fetch_rows *r)
{
	const struct imap_fetch_job *f = r->job;
	const struct imap_span *span = &f->spans.v[r->next_span];
	const struct imap_view *v = f->s->view;
	uint32_t first = v->uids[r->next_at], last = v->uids[span->last];
	int rc;

	INVARIANT(r->next_at <= span->last && span->last < v->n);
	if (f->needs_content)
		rc = mail_store_messages(tx, v->mailbox, first, last, f->want, keep_row, r);
	else
		rc = mail_store_scan(tx, v->mailbox, first, last, false, keep_row, r);
	if (rc == 0 && r->next_at <= span->last)
		r->missing = true;
	return rc;
}

/* May be run again. */
static int load(struct db_tx *tx, struct imap_fetch_rows *r)
{
	const struct imap_spans *spans = &r->job->spans;
	int rc = 0;

	arena_reset(r->a);
	r->v = arena_alloc(r->a, ROWS_MAX * sizeof(*r->v));
	r->n = r->text_size = 0;
	r->octets = 0;
	r->has_blobs = r->missing = false;
	r->next_span = r->span;
	r->next_at = r->at;
	while (rc == 0 && r->next_span < spans->n) {
		if (r->next_at < spans->v[r->next_span].first)
			r->next_at = spans->v[r->next_span].first;
		if (r->next_at <= spans->v[r->next_span].last)
			rc = load_span(tx, r);
		if (rc == 0)
			r->next_span++;
	}
	return rc < 0 ? rc : 0;
}

int imap_fetch_load(struct db_tx *tx, void *session)
{
	const struct imap_session *s = session;
	const struct imap_fetch_job *f = s->job;

	return load(tx, f->rows);
}

/* ---- loading ahead ---- */

static int load_ahead(struct db_tx *tx, void *rows)
{
	return load(tx, rows);
}

void imap_fetch_load_ahead(struct imap_fetch_job *f)
{
	if (f->has_ahead || f->rows->next_span == f->spans.n)
		return;
	INVARIANT(!f->loading);
	f->ahead->span = f->rows->next_span;
	f->ahead->at = f->rows->next_at;
	db_read_begin(f->s->m->db, load_ahead, f->ahead, &f->loading);
}

void imap_fetch_wait_ahead(struct imap_fetch_job *f)
{
	if (!f->loading)
		return;
	f->ahead->status = db_wait(&f->loading);
	f->has_ahead = true;
}

void imap_fetch_take_ahead(struct imap_fetch_job *f)
{
	struct imap_fetch_rows *written = f->rows;

	INVARIANT(f->has_ahead);
	f->rows = f->ahead;
	f->ahead = written;
	f->has_ahead = false;
}

/* ---- \Seen ---- */

int imap_fetch_set_seen(struct db_tx *tx, void *session)
{
	const struct mail_flag_change change = { .set = MAIL_SEEN };
	const struct imap_session *s = session;
	struct imap_fetch_job *f = s->job;
	int64_t mailbox = s->view->mailbox, modseq = 0;
	int rc = mail_store_modseq(tx, mailbox, &f->modseq_before);

	INVARIANT(db_tx_writes(tx) && f->sets_seen && !s->view->read_only);
	for (size_t i = 0; i < f->rows->n && rc == 0; i++) {
		struct imap_fetch_row *row = &f->rows->v[i];
		struct mail_flags after;

		if (row->m.flags & MAIL_SEEN)
			continue;
		rc = mail_store_flag(tx, mailbox, row->m.uid, &change, &modseq, f->rows->a, &after);
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
	for (size_t i = 0; i < f->rows->n; i++)
		if (!(f->rows->v[i].m.flags & MAIL_SEEN))
			return true;
	return false;
}
