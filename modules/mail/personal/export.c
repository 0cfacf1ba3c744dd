/*
 * export.c: the mail module's part of an export; see personal.h. Two passes over each mailbox: its
 * messages, then what index.json says of them; both in small reads, so that mail goes on meanwhile.
 *
 * On a queue's worker; BATCH messages or BATCH_BYTES of them are held, and one message whole.
 */
#include "hearth/export.h"

#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "message.h"
#include "personal/mbox.h"
#include "personal/personal.h"
#include "store/forward.h"
#include "store/store.h"

#define BATCH       200        /* messages looked up in one read */
#define BATCH_BYTES (1u << 20) /* and what small ones of them may hold */

int mail_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)prepared;
	return export_push(tx, ev, MAIL_QUEUE_EXPORT);
}

/* A mailbox, and up to which of its messages the file goes. */
struct box {
	struct box *next;
	int64_t id;
	struct slice name, path;
	uint32_t uidvalidity, last_uid;
	unsigned use;
	bool subscribed;
};

struct handing_out {
	struct mail *m;
	struct export_part *part;
	struct arena *arena; /* of the mailboxes */
	struct box *boxes, **last;
	/* the batch at hand */
	struct arena *batch;
	const struct box *box;
	uint32_t after;
	struct mail_message messages[BATCH];
	int n;
};

/* ---- the mailboxes ---- */

static struct slice path_of(struct arena *a, const struct mailbox *box)
{
	struct strbuf path = { 0 };
	struct slice kept;
	bool changed;

	mbox_path(&path, slice_str(box->name), &changed);
	if (changed)
		strbuf_printf(&path, "-%lld", (long long)box->id);
	strbuf_adds(&path, ".mbox");
	kept = arena_slice(a, strbuf_slice(&path));
	strbuf_free(&path);
	return kept;
}

static int collect_box(void *arg, const struct mailbox *box)
{
	struct handing_out *h = arg;
	struct box *b = ARENA_NEW(h->arena, struct box);

	*b = (struct box){ .id = box->id,
		.name = arena_slice(h->arena, slice_str(box->name)),
		.path = path_of(h->arena, box),
		.uidvalidity = box->uidvalidity,
		.use = box->use,
		.subscribed = box->subscribed };
	*h->last = b;
	h->last = &b->next;
	return 0;
}

static int read_boxes(struct db_tx *tx, void *arg)
{
	struct handing_out *h = arg;

	h->boxes = NULL;
	h->last = &h->boxes;
	return mail_store_mailboxes(tx, export_part_account(h->part), collect_box, h);
}

/* ---- the messages ---- */

static int collect_message(void *arg, const struct mail_message *message)
{
	struct handing_out *h = arg;
	struct mail_message *m = &h->messages[h->n++];

	INVARIANT(h->n <= BATCH);
	*m = *message;
	m->keywords = arena_slice(h->batch, message->keywords);
	m->content =
		(struct mail_content){ .blob_key = arena_slice(h->batch, message->content.blob_key),
			.blob_size = message->content.blob_size,
			.trace = arena_slice(h->batch, message->content.trace),
			.mail_from = arena_slice(h->batch, mail_content_sender(&message->content)),
			.message = arena_slice(h->batch, message->content.message),
			.fields = arena_slice(h->batch, message->content.fields) };
	return h->n == BATCH || arena_size(h->batch) >= BATCH_BYTES;
}

static int read_messages(struct db_tx *tx, void *arg)
{
	struct handing_out *h = arg;
	int rc;

	h->n = 0;
	rc = mail_store_messages(
		tx, h->box->id, h->after + 1, UINT32_MAX, MAIL_WANT_MESSAGE, collect_message, h);
	return rc < 0 ? rc : 0;
}

/* A message that went meanwhile is left out. */
static void add_message(struct handing_out *h, const struct mail_message *m)
{
	struct strbuf text = { 0 };
	struct buf *bytes = NULL;
	int rc = mail_message_bytes(h->m, &m->content, &bytes);

	if (rc == 0) {
		mbox_add_head(&text, mail_content_sender(&m->content), m->internal_date, m->flags,
			m->keywords);
		mbox_add_message(&text, buf_slice(bytes));
		export_file_add(h->part, strbuf_slice(&text));
	} else if (rc != HEARTH_ENOTFOUND) {
		export_part_fail(h->part, rc);
	}
	buf_unref(&bytes);
	strbuf_free(&text);
}

/* Goes through a mailbox batch by batch; `each` gets every message up to `last`. */
static void each_message(struct handing_out *h, const struct box *box, uint32_t last,
	void (*each)(struct handing_out *h, const struct mail_message *m, void *arg), void *arg)
{
	h->box = box;
	h->after = 0;
	do {
		int rc = h->after < last ? db_read_wait(h->m->db, read_messages, h) : 0;

		if (h->after >= last)
			h->n = 0;
		if (rc < 0)
			export_part_fail(h->part, rc);
		for (int i = 0; i < h->n && export_part_status(h->part) == 0; i++) {
			h->after = h->messages[i].uid;
			if (h->after <= last)
				each(h, &h->messages[i], arg);
		}
		arena_reset(h->batch);
	} while (h->n > 0 && export_part_status(h->part) == 0);
}

static void each_to_file(struct handing_out *h, const struct mail_message *m, void *arg)
{
	struct box *box = arg;

	add_message(h, m);
	box->last_uid = m->uid;
}

static void add_box(struct handing_out *h, struct box *box)
{
	export_file_open(h->part, box->path, clock_wall_s());
	each_message(h, box, UINT32_MAX, each_to_file, box);
	export_file_close(h->part);
}

/* ---- index.json ---- */

static const struct {
	unsigned bit;
	const char *name;
} flag_names[] = {
	{ MAIL_SEEN, "\\Seen" },
	{ MAIL_ANSWERED, "\\Answered" },
	{ MAIL_FLAGGED, "\\Flagged" },
	{ MAIL_DELETED, "\\Deleted" },
	{ MAIL_DRAFT, "\\Draft" },
}, use_names[] = {
	{ MAIL_USE_ARCHIVE, "\\Archive" },
	{ MAIL_USE_DRAFTS, "\\Drafts" },
	{ MAIL_USE_JUNK, "\\Junk" },
	{ MAIL_USE_SENT, "\\Sent" },
	{ MAIL_USE_TRASH, "\\Trash" },
};

/* The text of the index goes out as it grows; the writer goes on behind it. */
struct index {
	struct strbuf text;
	struct json_writer w;
};

static void flush(struct handing_out *h, struct index *x)
{
	export_file_add(h->part, strbuf_slice(&x->text));
	strbuf_reset(&x->text);
}

static void each_to_index(struct handing_out *h, const struct mail_message *m, void *arg)
{
	struct index *x = arg;
	struct slice keywords = m->keywords;

	json_open_object(&x->w);
	json_put_i64(&x->w, "uid", m->uid);
	json_put_i64(&x->w, "date", m->internal_date);
	json_put_i64(&x->w, "size", (int64_t)m->size);
	json_name(&x->w, "flags");
	json_open_array(&x->w);
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		if (m->flags & flag_names[i].bit)
			json_text(&x->w, slice_str(flag_names[i].name));
	while (keywords.n)
		json_text(&x->w, slice_split(&keywords, ' '));
	json_close_array(&x->w);
	json_close_object(&x->w);
	flush(h, x);
}

static void index_box(struct handing_out *h, struct index *x, const struct box *box)
{
	json_open_object(&x->w);
	json_put_text(&x->w, "name", box->name);
	json_put_text(&x->w, "file", box->path);
	json_put_i64(&x->w, "uidvalidity", box->uidvalidity);
	json_put_bool(&x->w, "subscribed", box->subscribed);
	json_name(&x->w, "use");
	json_open_array(&x->w);
	for (size_t i = 0; i < sizeof(use_names) / sizeof(use_names[0]); i++)
		if (box->use & use_names[i].bit)
			json_text(&x->w, slice_str(use_names[i].name));
	json_close_array(&x->w);
	json_name(&x->w, "messages");
	json_open_array(&x->w);
	each_message(h, box, box->last_uid, each_to_index, x);
	json_close_array(&x->w);
	json_close_object(&x->w);
	flush(h, x);
}

struct forwarding {
	int64_t account;
	struct mail_forward f;
};

static int read_forward(struct db_tx *tx, void *arg)
{
	struct forwarding *f = arg;
	int rc = mail_store_forward(tx, f->account, &f->f);

	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* Where the mail is sent on to. */
static void index_forward(struct handing_out *h, struct index *x)
{
	struct forwarding f = { .account = export_part_account(h->part) };
	int rc = db_read_wait(h->m->db, read_forward, &f);

	if (rc < 0)
		export_part_fail(h->part, rc);
	json_name(&x->w, "forward");
	if (!f.f.address[0]) {
		json_null(&x->w);
		return;
	}
	json_open_object(&x->w);
	json_put_str(&x->w, "address", f.f.address);
	json_put_bool(&x->w, "keep", f.f.keep);
	json_put_bool(&x->w, "confirmed", f.f.confirmed);
	json_close_object(&x->w);
}

static void add_index(struct handing_out *h)
{
	struct index x = { 0 };

	json_writer_init(&x.w, &x.text);
	export_file_open(h->part, SLICE("index.json"), clock_wall_s());
	json_open_object(&x.w);
	json_name(&x.w, "mailboxes");
	json_open_array(&x.w);
	for (const struct box *box = h->boxes; box; box = box->next)
		index_box(h, &x, box);
	json_close_array(&x.w);
	index_forward(h, &x);
	json_close_object(&x.w);
	flush(h, &x);
	export_file_close(h->part);
	strbuf_free(&x.text);
}

int mail_export(void *module, const struct queue_task *task, struct arena *a)
{
	struct handing_out *h = ARENA_NEW(a, struct handing_out);
	int rc;

	h->m = module;
	h->arena = a;
	rc = export_part_open(h->m->h, "mail", h->m->db, task, &h->part);
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	h->batch = arena_new();
	rc = db_read_wait(h->m->db, read_boxes, h);
	if (rc < 0)
		export_part_fail(h->part, rc);
	for (struct box *box = h->boxes; box && export_part_status(h->part) == 0; box = box->next)
		add_box(h, box);
	add_index(h);
	arena_free(&h->batch);
	return export_part_finish(&h->part);
}
