/*
 * imap_fetch_write.c: a FETCH's responses, written from its rows: a message at a time, an item at a
 * time (imap_fetch_job.h).
 *
 * ENVELOPE and BODYSTRUCTURE are stored ready to send; of a section only its range of the message is
 * read. A batch may end anywhere, also within a literal: what is under way stays in the job.
 *
 * On the worker, or the loop, that has the job. A batch is IMAP_FETCH_OUTPUT_MAX bytes, and what one
 * item that is no literal has beyond that.
 */
#include "imap/session/imap_fetch_job.h"

#include "delivery/parse.h"
#include "hearth/log.h"

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
bool imap_fetch_wants_listed(const struct imap_fetch_item *item)
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
	size_t room = f->s->out.n < IMAP_FETCH_OUTPUT_MAX ? IMAP_FETCH_OUTPUT_MAX - f->s->out.n : 1;
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

	if (row->m.content.has_fields && imap_fetch_wants_listed(item)) {
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
	INVARIANT(!f->begun && f->literal_left == 0 && row->index < f->s->view->n);
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

	INVARIANT(f->row < f->rows->n);
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

void imap_fetch_write(struct imap_fetch_job *f)
{
	while (f->row < f->rows->n && !f->broken && f->s->out.n < IMAP_FETCH_OUTPUT_MAX)
		step(f);
}
