/*
 * imap_fetch_cmd.c: FETCH (RFC 3501 section 6.4.5).
 *
 *   batch (io worker): load rows ─▶ set \Seen ─▶ write messages, up to OUTPUT_MAX bytes
 *     └──────────────────── next, when the client has room ◀────────────────────┘
 *
 * A batch may end anywhere, also within a literal: what is under way stays in struct fetch.
 * ENVELOPE and BODYSTRUCTURE are stored ready to send; of a section only its range of the blob is
 * read.
 */
#include "hearth/log.h"
#include "imap/imap_internal.h"
#include "message.h"
#include "mime/structure_pack.h"

#define OUTPUT_MAX    (256u << 10) /* bytes of a batch */
#define ROWS_MAX      500          /* messages loaded at once */
#define ROWS_TEXT_MAX (256u << 10) /* and bytes of what was parsed of them */

struct row {
	size_t index;  /* in the view */
	bool seen_now; /* we have just set \Seen */
	struct mail_message m;
};

struct fetch {
	struct imap_session *s;
	bool uid, sets_seen;
	unsigned want; /* enum mail_want */
	bool needs_content;
	bool has_uid, has_flags;
	struct imap_spans spans;
	size_t span, at; /* what to load next: a span, and an index within it */

	/* rows loaded, and the one that is being written */
	struct arena *a; /* reset with each load */
	struct row *rows;
	size_t n, row;
	size_t text_size;
	size_t next_span, next_at;

	/* the message under way */
	bool begun;
	struct arena *one; /* reset with each message */
	const struct imap_fetch_item *item;
	struct mail_reader reader;
	struct mime_part *root;
	uint64_t literal_at, literal_left; /* of a section that is being written */
	const char *space;

	/* outcome */
	int64_t modseq_before, modseq_after; /* of setting \Seen in this batch */
	bool missing;                        /* a message was expunged by another session */
	int error;                           /* something could not be read */
	bool over, broken;
};

/* ---- loading ---- */

static void keep_text(struct fetch *f, struct slice *text)
{
	*text = arena_slice(f->a, *text);
	f->text_size += text->n;
}

static int keep_row(void *arg, const struct mail_message *m)
{
	struct fetch *f = arg;
	const struct imap_view *v = f->s->view;
	struct row *row;

	while (f->next_at < v->n && v->uids[f->next_at] < m->uid) {
		f->next_at++;
		f->missing = true;
	}
	if (f->next_at == v->n || v->uids[f->next_at] != m->uid)
		return 0;
	row = &f->rows[f->n++];
	*row = (struct row){ .index = f->next_at++, .m = *m };
	keep_text(f, &row->m.keywords);
	keep_text(f, &row->m.content.blob_key);
	keep_text(f, &row->m.content.trace);
	keep_text(f, &row->m.content.envelope);
	keep_text(f, &row->m.content.body);
	keep_text(f, &row->m.content.bodystructure);
	keep_text(f, &row->m.content.structure);
	return f->n == ROWS_MAX || f->text_size >= ROWS_TEXT_MAX;
}

/* The rows of one span from next_at on. 1: there is no room for more. */
static int load_span(struct db_tx *tx, struct fetch *f)
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
	struct fetch *f = arg;
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
	struct fetch *f = arg;
	int64_t mailbox = f->s->view->mailbox, modseq = 0;
	int rc = mail_store_modseq(tx, mailbox, &f->modseq_before);

	for (size_t i = 0; i < f->n && rc == 0; i++) {
		struct row *row = &f->rows[i];
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

static bool has_unseen(const struct fetch *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!(f->rows[i].m.flags & MAIL_SEEN))
			return true;
	return false;
}

/* The next rows, if any are left. */
static void load(struct fetch *f)
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

/* ---- sections ---- */

static int open_structure(struct fetch *f, const struct row *row)
{
	return f->root ? 0 : mime_structure_unpack(f->one, row->m.content.structure, &f->root);
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

/* HEADER.FIELDS: the fields that were asked for, or not, of a header that is read whole. */
static int write_fields(
	struct fetch *f, const struct imap_fetch_item *item, size_t offset, size_t size)
{
	struct strbuf header = { 0 };
	size_t from = 0, n;
	int rc = mail_reader_add(&f->reader, offset, size, &header);

	if (rc == 0) {
		struct slice fields =
			mime_section_filter(f->one, &item->section, strbuf_slice(&header));

		n = fields.n;
		clip(item, &from, &n);
		imap_write_literal(&f->s->out, n);
		strbuf_add(&f->s->out, slice_head(slice_skip(fields, from), n));
	}
	strbuf_free(&header);
	return rc;
}

/* Writes of the literal under way what this batch has room for; at least something. */
static int write_literal(struct fetch *f)
{
	size_t room = f->s->out.n < OUTPUT_MAX ? OUTPUT_MAX - f->s->out.n : 1;
	size_t n = f->literal_left < room ? (size_t)f->literal_left : room;
	int rc = mail_reader_add(&f->reader, f->literal_at, n, &f->s->out);

	f->literal_at += n;
	f->literal_left -= n;
	return rc;
}

/* The value of a section: a literal, of which the rest may come later, or NIL. */
static int write_section(struct fetch *f, const struct row *row, const struct imap_fetch_item *item)
{
	size_t offset, size, before = f->s->out.n;
	int rc = open_structure(f, row);

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

static void write_flags(struct fetch *f, const struct row *row)
{
	const struct mail_message *m = &row->m;

	strbuf_adds(&f->s->out, "FLAGS ");
	imap_write_flag_list(
		&f->s->out, f->s->view, m->uid, &(struct mail_flags){ m->flags, m->keywords });
}

static void write_item(struct fetch *f, const struct row *row, const struct imap_fetch_item *item)
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
		f->error = rc;
		log_error("imap", "a message cannot be read", "content", "%lld",
			(long long)m->content_id, "why", "%s", error_name(rc), NULL);
	}
}

static void begin_message(struct fetch *f, const struct row *row)
{
	f->begun = true;
	f->item = f->s->command->fetch.items;
	f->root = NULL;
	arena_reset(f->one);
	f->reader = (struct mail_reader){ .m = f->s->m, .content = &row->m.content };
	strbuf_printf(&f->s->out, "* %zu FETCH (", row->index + 1);
	f->space = "";
	if (f->uid && !f->has_uid) {
		strbuf_printf(&f->s->out, "UID %u", row->m.uid);
		f->space = " ";
	}
}

static void end_message(struct fetch *f, const struct row *row)
{
	if (row->seen_now && !f->has_flags) {
		strbuf_adds(&f->s->out, f->space);
		write_flags(f, row);
	}
	strbuf_adds(&f->s->out, ")\r\n");
	mail_reader_clear(&f->reader);
	f->begun = false;
	f->row++;
}

static void step(struct fetch *f)
{
	struct row *row;

	if (f->row == f->n) {
		load(f);
		return;
	}
	row = &f->rows[f->row];
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

/* One batch. On a worker. */
static void work(void *arg)
{
	struct imap_session *s = arg;
	struct fetch *f = s->job;

	f->modseq_before = f->modseq_after = 0;
	/* Once \Seen was set the loop must hear of it: the batch ends. */
	while (!f->over && !f->broken && s->out.n < OUTPUT_MAX &&
		f->modseq_before == f->modseq_after)
		step(f);
}

/* ---- the command ---- */

static void next_batch(struct imap_session *s);

static void drop(struct imap_session *s)
{
	struct fetch *f = s->job;

	mail_reader_clear(&f->reader);
	arena_free(&f->one);
	arena_free(&f->a);
}

static void end(struct imap_session *s, const struct fetch *f)
{
	if (f->error)
		imap_reply_error(s, f->error);
	else if (f->missing)
		imap_reply(s, "OK", "EXPUNGEISSUED", "Some of the messages are there no more");
	else
		imap_ok(s, "FETCH done");
}

static void on_batch(struct imap_session *s, int status)
{
	struct fetch *f = s->job;

	imap_changed_by_us(s, f->modseq_before, f->modseq_after);
	if (f->broken) {
		/* A literal that was announced cannot be ended otherwise. */
		conn_abort(s->conn, HEARTH_EIO);
		return;
	}
	if (status < 0)
		f->error = status;
	if (f->over || status < 0)
		end(s, f);
	else
		imap_flush_then(s, next_batch);
}

static void next_batch(struct imap_session *s)
{
	imap_run_work(s, work, on_batch);
}

/* What the items need of the store. */
static void look_at_items(struct fetch *f, const struct imap_fetch_item *items)
{
	static const unsigned wants[] = {
		[IMAP_FETCH_ENVELOPE] = MAIL_WANT_ENVELOPE,
		[IMAP_FETCH_BODY] = MAIL_WANT_BODY,
		[IMAP_FETCH_BODYSTRUCTURE] = MAIL_WANT_BODYSTRUCTURE,
		[IMAP_FETCH_SECTION] = MAIL_WANT_STRUCTURE,
		[IMAP_FETCH_RFC822] = MAIL_WANT_STRUCTURE,
		[IMAP_FETCH_RFC822_HEADER] = MAIL_WANT_STRUCTURE,
		[IMAP_FETCH_RFC822_TEXT] = MAIL_WANT_STRUCTURE,
	};

	for (const struct imap_fetch_item *item = items; item; item = item->next) {
		f->want |= wants[item->kind];
		f->has_uid |= item->kind == IMAP_FETCH_UID;
		f->has_flags |= item->kind == IMAP_FETCH_FLAGS;
	}
	f->needs_content = f->want != 0;
}

void imap_do_fetch(struct imap_session *s)
{
	const struct imap_command *c = s->command;
	struct fetch *f = ARENA_NEW(s->arena, struct fetch);

	if (imap_view_resolve(s->view, s->arena, &c->fetch.set, c->uid, &f->spans) < 0) {
		imap_bad(s, "There are fewer messages than that");
		return;
	}
	f->s = s;
	f->uid = c->uid;
	f->sets_seen = c->fetch.sets_seen && !s->view->read_only;
	f->a = arena_new();
	f->one = arena_new();
	look_at_items(f, c->fetch.items);
	s->job = f;
	s->drop = drop;
	next_batch(s);
}
