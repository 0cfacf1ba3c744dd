/*
 * imap_fetch_cmd.c: FETCH (RFC 3501 section 6.4.5).
 *
 *   rows (reader) ─▶ set \Seen (writer) ─▶ write messages, up to OUTPUT_MAX bytes (io worker, while
 *     ▲                                       a reader loads the next rows; what is small, at once)
 *     └──── next, when the client has room ◀──────────┘
 *
 * A batch may end anywhere, also within a literal: what is under way stays in the job.
 * ENVELOPE and BODYSTRUCTURE are stored ready to send; of a section only its range of the blob is
 * read.
 */
#include "imap/session/imap_fetch_job.h"

#include "delivery/parse.h"

#include "hearth/log.h"

/* Bytes of a batch: fewer than the connection queues, so that the next is made while this one goes. */
#define OUTPUT_MAX     (240u << 10)
#define OCTETS_AT_ONCE (32u << 10) /* bytes that are read and written on the loop */
#define ROWS_AT_ONCE   100

/* ---- sections ---- */

static int open_structure(struct imap_fetch_job *f, const struct imap_fetch_row *row)
{
	return f->root ? 0 : mail_content_structure(f->one, &row->m.content, &f->root);
}

/* The part of [*offset, *offset + *size) that <first.count> asks for. */
static void clip(const struct imap_fetch_item *item, size_t *offset, size_t *size)
{
	size_t skip;

	if (!item->partial)
		return;
	skip = item->offset < *size ? item->offset : *size;
	*offset += skip;
	*size -= skip;
	if (*size > item->length)
		*size = item->length;
}

/* Whether all that is asked for are fields that rows keep for themselves. */
static bool wants_listed(const struct imap_fetch_item *item)
{
	const struct mime_section *section = &item->section;

	if (section->kind != MIME_SECTION_FIELDS || section->path_n > 0)
		return false;
	for (size_t i = 0; i < section->fields.n; i++)
		if (!mail_field_is_listed(section->fields.v[i]))
			return false;
	return true;
}

static void write_filtered(
	struct imap_fetch_job *f, const struct imap_fetch_item *item, struct slice header)
{
	struct slice fields = mime_section_filter(f->one, &item->section, header);
	size_t from = 0, n = fields.n;

	clip(item, &from, &n);
	imap_write_literal(&f->s->out, n);
	strbuf_add(&f->s->out, slice_head(slice_skip(fields, from), n));
}

/* HEADER.FIELDS: the fields that were asked for, or not, of a header that is read whole. */
static int write_fields(
	struct imap_fetch_job *f, const struct imap_fetch_item *item, size_t offset, size_t size)
{
	struct strbuf header = { 0 };
	int rc = mail_reader_add(&f->reader, offset, size, &header);

	if (rc == 0)
		write_filtered(f, item, strbuf_slice(&header));
	strbuf_free(&header);
	return rc;
}

/* Writes of the literal under way what this batch has room for; at least something. */
static int write_literal(struct imap_fetch_job *f)
{
	size_t room = f->s->out.n < OUTPUT_MAX ? OUTPUT_MAX - f->s->out.n : 1;
	size_t n = f->literal_left < room ? (size_t)f->literal_left : room;
	int rc = mail_reader_add(&f->reader, f->literal_at, n, &f->s->out);

	f->literal_at += n;
	f->literal_left -= n;
	return rc;
}

/* The value of a section: a literal, of which the rest may come later, or NIL. */
static int write_section(struct imap_fetch_job *f, const struct imap_fetch_row *row,
	const struct imap_fetch_item *item)
{
	size_t offset, size, before = f->s->out.n;
	int rc;

	if (row->m.content.has_fields && wants_listed(item)) {
		write_filtered(f, item, row->m.content.fields);
		return 0;
	}
	rc = open_structure(f, row);
	if (rc == 0 && mime_section_range(f->root, &item->section, &offset, &size) < 0) {
		strbuf_adds(&f->s->out, "NIL");
		return 0;
	}
	if (rc == 0 && (item->section.kind == MIME_SECTION_FIELDS ||
			       item->section.kind == MIME_SECTION_FIELDS_NOT)) {
		rc = write_fields(f, item, offset, size);
	} else if (rc == 0) {
		clip(item, &offset, &size);
		imap_write_literal(&f->s->out, size);
		f->literal_at = offset;
		f->literal_left = size;
		rc = size ? write_literal(f) : 0;
	}
	if (rc == 0)
		return 0;
	/* Nothing of the literal was sent yet: take it back. */
	f->s->out.n = before;
	f->literal_left = 0;
	strbuf_adds(&f->s->out, "NIL");
	return rc;
}

/* ---- messages ---- */

static void write_flags(struct imap_fetch_job *f, const struct imap_fetch_row *row)
{
	const struct mail_message *m = &row->m;

	strbuf_adds(&f->s->out, "FLAGS ");
	imap_write_flag_list(
		&f->s->out, f->s->view, m->uid, &(struct mail_flags){ m->flags, m->keywords });
}

static void write_item(struct imap_fetch_job *f, const struct imap_fetch_row *row,
	const struct imap_fetch_item *item)
{
	struct strbuf *out = &f->s->out;
	const struct mail_message *m = &row->m;
	int rc = 0;

	strbuf_adds(out, f->space);
	f->space = " ";
	if (item->kind == IMAP_FETCH_FLAGS) {
		write_flags(f, row);
		return;
	}
	imap_write_fetch_name(out, item);
	strbuf_addc(out, ' ');
	switch (item->kind) {
	case IMAP_FETCH_UID: strbuf_printf(out, "%u", m->uid); break;
	case IMAP_FETCH_FLAGS: break;
	case IMAP_FETCH_INTERNALDATE:
		imap_write_datetime(out, (struct imap_datetime){ m->internal_date, 0 });
		break;
	case IMAP_FETCH_RFC822_SIZE: strbuf_printf(out, "%llu", (unsigned long long)m->size); break;
	case IMAP_FETCH_ENVELOPE: strbuf_add(out, m->content.envelope); break;
	case IMAP_FETCH_BODY: strbuf_add(out, m->content.body); break;
	case IMAP_FETCH_BODYSTRUCTURE: strbuf_add(out, m->content.bodystructure); break;
	case IMAP_FETCH_SECTION:
	case IMAP_FETCH_RFC822:
	case IMAP_FETCH_RFC822_HEADER:
	case IMAP_FETCH_RFC822_TEXT: rc = write_section(f, row, item); break;
	}
	if (rc < 0) {
		f->error = rc == HEARTH_ENOTFOUND ? HEARTH_ECORRUPT : rc;
		log_error("imap", "a message cannot be read", "content", "%lld",
			(long long)m->content_id, "why", "%s", error_name(rc), NULL);
	}
}

static void begin_message(struct imap_fetch_job *f, const struct imap_fetch_row *row)
{
	f->begun = true;
	f->item = f->s->command->fetch.items;
	f->root = NULL;
	arena_reset(f->one);
	f->reader = (struct mail_reader){ .m = f->s->m, .content = &row->m.content };
	if (f->has_flags || row->seen_now)
		imap_view_learn(f->s->view, row->m.keywords, &f->s->out);
	strbuf_printf(&f->s->out, "* %zu FETCH (", row->index + 1);
	f->space = "";
	if (f->uid && !f->has_uid) {
		strbuf_printf(&f->s->out, "UID %u", row->m.uid);
		f->space = " ";
	}
}

static void end_message(struct imap_fetch_job *f, const struct imap_fetch_row *row)
{
	INVARIANT(f->literal_left == 0);
	if (row->seen_now && !f->has_flags) {
		strbuf_adds(&f->s->out, f->space);
		write_flags(f, row);
	}
	strbuf_adds(&f->s->out, ")\r\n");
	mail_reader_clear(&f->reader);
	f->begun = false;
	f->row++;
}

static void step(struct imap_fetch_job *f)
{
	struct imap_fetch_row *row = &f->rows->v[f->row];

	if (f->literal_left) {
		f->broken = write_literal(f) < 0;
	} else if (!f->begun) {
		begin_message(f, row);
	} else if (f->item) {
		write_item(f, row, f->item);
		f->item = f->item->next;
	} else {
		end_message(f, row);
	}
}

/* What there is room for of the rows loaded. On a worker; what is small, on the loop. */
static void write_batch(struct imap_fetch_job *f)
{
	while (f->row < f->rows->n && !f->broken && f->s->out.n < OUTPUT_MAX)
		step(f);
}

/* On a worker: the next rows are loaded meanwhile. */
static void work(void *arg)
{
	struct imap_session *s = arg;
	struct imap_fetch_job *f = s->job;

	imap_fetch_load_ahead(f);
	write_batch(f);
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
	write_batch(f);
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
	if (wants_listed(item))
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
