/*
 * imap_fetch_cmd.c: FETCH (RFC 3501 section 6.4.5).
 *
 *   rows (reader) ─▶ set \Seen (writer) ─▶ write messages, up to IMAP_FETCH_OUTPUT_MAX bytes (io worker,
 *     ▲                                       while a reader loads the next rows; what is small, at once)
 *     └──── next, when the client has room ◀──────────┘
 *
 * On the loop, but for what says otherwise. What it holds: two lots of rows (imap_fetch_rows.c), and
 * a batch of answers, of which the next is made when the client has taken this one.
 */
#include "imap/session/imap_fetch_job.h"

#include "hearth/log.h"

#define OCTETS_AT_ONCE (32u << 10) /* bytes that are read and written on the loop */
#define ROWS_AT_ONCE   100

/* On a worker: the next rows are loaded meanwhile. */
static void work(void *arg)
{
	struct imap_session *s = arg;
	struct imap_fetch_job *f = s->job;

	imap_fetch_load_ahead(f);
	imap_fetch_write(f);
	imap_fetch_wait_ahead(f);
}

/* ---- the command ---- */

static void load_rows(struct imap_session *s);
static void write_rows(struct imap_session *s);

void imap_drop_fetch(struct imap_session *s)
{
	struct imap_fetch_job *f = s->job;

	mail_reader_clear(&f->reader);
	arena_free(&f->one);
	imap_fetch_rows_clear(f);
}

static void end(struct imap_session *s, const struct imap_fetch_job *f)
{
	if (f->error)
		imap_reply_error(s, f->error);
	else if (f->missing)
		imap_reply(s, "OK", "EXPUNGEISSUED", "Some of the messages are there no more");
	else
		imap_ok(s, "FETCH done");
}

/* The rows of f->rows are there, or not. */
static void on_loaded(struct imap_session *s, int status);

static void next_rows(struct imap_session *s)
{
	struct imap_fetch_job *f = s->job;

	if (f->has_ahead) {
		imap_fetch_take_ahead(f);
		on_loaded(s, f->rows->status);
		return;
	}
	f->rows->span = f->rows->next_span;
	f->rows->at = f->rows->next_at;
	load_rows(s);
}

static void on_batch(struct imap_session *s, int status)
{
	struct imap_fetch_job *f = s->job;
	bool written = f->row == f->rows->n;

	INVARIANT(f->row <= f->rows->n && !f->loading);
	if (f->broken) {
		/* A literal that was announced cannot be ended otherwise. */
		conn_abort(s->conn, HEARTH_EIO);
		return;
	}
	if (status < 0)
		f->error = status;
	if (status < 0 || (written && f->rows->next_span == f->spans.n))
		end(s, f);
	else
		imap_flush_then(s, written ? next_rows : write_rows);
}

/* A worker is worth its hop for what is large, or a blob. */
static void write_rows(struct imap_session *s)
{
	struct imap_fetch_job *f = s->job;
	const struct imap_fetch_rows *r = f->rows;

	if (r->has_blobs || r->n > ROWS_AT_ONCE || r->octets + r->text_size > OCTETS_AT_ONCE) {
		imap_run_work(s, work, on_batch);
		return;
	}
	imap_fetch_write(f);
	on_batch(s, 0);
}

static void on_seen(struct imap_session *s, int status)
{
	struct imap_fetch_job *f = s->job;

	if (status < 0) {
		f->error = status;
		end(s, f);
		return;
	}
	for (size_t i = 0; i < f->rows->n; i++)
		if (f->rows->v[i].seen_now)
			f->rows->v[i].m.flags |= MAIL_SEEN;
	imap_changed_by_us(s, f->modseq_before, f->modseq_after);
	write_rows(s);
}

static void on_loaded(struct imap_session *s, int status)
{
	struct imap_fetch_job *f = s->job;

	if (status < 0)
		f->error = status;
	INVARIANT(!f->begun && !f->has_ahead);
	f->row = 0;
	f->missing |= f->rows->missing;
	if (status < 0 || f->rows->n == 0)
		end(s, f);
	else if (imap_fetch_sets_seen(f))
		imap_run_write(s, imap_fetch_set_seen, on_seen);
	else
		write_rows(s);
}

static void load_rows(struct imap_session *s)
{
	imap_run_read(s, imap_fetch_load, on_loaded);
}

/* Whether what is asked for lies in the message's own header. */
static bool wants_header(const struct imap_fetch_item *item)
{
	switch (item->section.kind) {
	case MIME_SECTION_HEADER:
	case MIME_SECTION_FIELDS:
	case MIME_SECTION_FIELDS_NOT: return item->section.path_n == 0;
	default: return false;
	}
}

/* What a section needs of the store. */
static unsigned wants_of_section(const struct imap_fetch_item *item)
{
	if (imap_fetch_wants_listed(item))
		return MAIL_WANT_FIELDS;
	return MAIL_WANT_STRUCTURE | MAIL_WANT_MESSAGE |
	       (wants_header(item) ? MAIL_WANT_HEADER : 0);
}

/* What the items need of the store. */
static void look_at_items(struct imap_fetch_job *f, const struct imap_fetch_item *items)
{
	for (const struct imap_fetch_item *item = items; item; item = item->next) {
		switch (item->kind) {
		case IMAP_FETCH_ENVELOPE: f->want |= MAIL_WANT_ENVELOPE; break;
		case IMAP_FETCH_BODY: f->want |= MAIL_WANT_BODY; break;
		case IMAP_FETCH_BODYSTRUCTURE: f->want |= MAIL_WANT_BODYSTRUCTURE; break;
		case IMAP_FETCH_SECTION:
		case IMAP_FETCH_RFC822:
		case IMAP_FETCH_RFC822_HEADER:
		case IMAP_FETCH_RFC822_TEXT: f->want |= wants_of_section(item); break;
		case IMAP_FETCH_UID: f->has_uid = true; break;
		case IMAP_FETCH_FLAGS: f->has_flags = true; break;
		case IMAP_FETCH_INTERNALDATE:
		case IMAP_FETCH_RFC822_SIZE: break;
		}
	}
	f->needs_content = f->want != 0;
}

void imap_do_fetch(struct imap_session *s)
{
	const struct imap_command *c = s->command;
	struct imap_fetch_job *f = ARENA_NEW(s->arena, struct imap_fetch_job);

	if (imap_view_resolve(s->view, s->arena, &c->fetch.set, c->uid, &f->spans) < 0) {
		imap_bad(s, "There are fewer messages than that");
		return;
	}
	f->s = s;
	f->uid = c->uid;
	f->sets_seen = c->fetch.sets_seen && !s->view->read_only;
	imap_fetch_rows_init(f);
	f->one = arena_new();
	look_at_items(f, c->fetch.items);
	s->job = f;
	load_rows(s);
}
