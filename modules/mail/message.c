/*
 * message.c: see message.h.
 */
#include "message.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "imap/grammar/imap_body.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/structure_pack.h"
#include "mime/summary.h"
#include "mime/text_extract.h"
#include "packing.h"

#define HASH_BYTES 32

static EVP_MD *sha256;

static void fetch_sha256(void)
{
	/* Looking it up by name costs as much as hashing a small message. */
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	INVARIANT(sha256);
}

void mail_message_key(struct slice message, char key[BLOB_KEY_MAX + 1])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned char hash[HASH_BYTES];

	pthread_once(&once, fetch_sha256);
	INVARIANT(EVP_Digest(message.p, message.n, hash, NULL, sha256, NULL) == 1);
	hex_encode(hash, sizeof(hash), key);
}

#define LIST_TEXT_MAX 500  /* bytes of subject, sender and recipients kept for lists */
#define ANSWERS_MAX   2000 /* and of the ids of what it answers, for threads */

/* Up to a NUL, which text in SQL cannot have on every engine. */
static struct slice plain_text(struct slice s)
{
	ptrdiff_t nul = slice_chr(s, '\0');

	return nul < 0 ? s : slice_head(s, (size_t)nul);
}

/* Cut at a character. */
static struct slice short_text(struct slice s)
{
	s = slice_head(plain_text(s), LIST_TEXT_MAX);
	while (s.n > 0 && !utf8_valid(s))
		s.n--;
	return s;
}

/* "Name <local@host>, …" for lists. */
static struct slice addresses_text(struct arena *a, const struct mime_addresses *list)
{
	struct strbuf out = { 0 };
	struct slice text;

	for (size_t i = 0; i < list->n && out.n < LIST_TEXT_MAX; i++) {
		const struct mime_address *one = &list->v[i];

		if (one->kind != MIME_ADDRESS_MAILBOX)
			continue;
		if (out.n)
			strbuf_adds(&out, ", ");
		if (one->name.n)
			strbuf_printf(&out, "%.*s <", SLICE_ARG(one->name));
		strbuf_add(&out, one->mailbox);
		if (one->host.n)
			strbuf_printf(&out, "@%.*s", SLICE_ARG(one->host));
		if (one->name.n)
			strbuf_addc(&out, '>');
	}
	text = arena_slice(a, short_text(strbuf_slice(&out)));
	strbuf_free(&out);
	return text;
}

static size_t ids_size(const struct mime_strings *ids, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < ids->n; i++)
		n += ids->v[i].n + 1;
	return n;
}

static bool has_id(const struct mime_strings *ids, struct slice id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (slice_eq(ids->v[i], id))
			return true;
	return false;
}

static void add_ids(struct strbuf *out, const struct mime_strings *ids, size_t from)
{
	for (size_t i = from; i < ids->n; i++)
		strbuf_printf(out, "%s%.*s", out->n ? " " : "", SLICE_ARG(ids->v[i]));
}

/*
 * What the message answers: References, the thread's first message first, and what In-Reply-To has
 * beyond it. Of more than ANSWERS_MAX bytes the oldest go but for that first one.
 */
static struct slice answers_text(struct arena *a, const struct mime_summary *summary)
{
	const struct mime_strings *all = &summary->references;
	struct mime_strings more = { 0 }, first = { .v = all->v, .n = all->n ? 1 : 0 };
	struct strbuf out = { 0 };
	struct slice text;
	size_t from = first.n, more_from = 0, room;

	more.v = arena_alloc(a, (summary->in_reply_to.n + 1) * sizeof(*more.v));
	for (size_t i = 0; i < summary->in_reply_to.n; i++)
		if (!has_id(all, summary->in_reply_to.v[i]))
			more.v[more.n++] = summary->in_reply_to.v[i];
	if (ids_size(&first, 0) > ANSWERS_MAX)
		first.n = 0;
	room = ANSWERS_MAX - ids_size(&first, 0);
	while (more_from < more.n && ids_size(&more, more_from) > room)
		more_from++;
	room -= ids_size(&more, more_from);
	while (from < all->n && ids_size(all, from) > room)
		from++;
	add_ids(&out, &first, 0);
	add_ids(&out, all, from);
	add_ids(&out, &more, more_from);
	text = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static struct slice body_text(struct arena *a, const struct mime_part *root, bool extended)
{
	struct strbuf out = { 0 };
	struct slice text;

	mime_imap_body(&out, root, extended);
	text = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static struct slice packed_structure(struct arena *a, const struct mime_part *root)
{
	struct strbuf out = { 0 };
	struct slice packed;

	mime_structure_pack(&out, root);
	packed = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return packed;
}

#define HEADER_MAX 16384 /* bytes; a longer one is read from the message each time */

bool mail_field_is_listed(struct slice name)
{
	/* What Thunderbird, Apple Mail, mutt, K-9, Delta Chat and web mailers ask for. */
	static const char *const names[] = { "From", "To", "Cc", "Bcc", "Subject", "Date",
		"Message-ID", "In-Reply-To", "References", "Reply-To", "Sender", "Content-Type",
		"Content-Description", "Priority", "X-Priority", "Importance", "Newsgroups",
		"Lines", "List-Id", "List-Post", "List-Subscribe", "List-Unsubscribe", "X-Label",
		"X-Original-To", "X-K9mail-Identity", "Chat-Version", "X-Uniform-Type-Identifier",
		"X-Universally-Unique-Identifier" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_ieq(name, slice_str(names[i])))
			return true;
	return false;
}

/* The listed fields as they are written, and the empty line behind the header. */
static bool listed_fields(struct arena *a, struct slice header, struct slice *out)
{
	struct mime_fields it = mime_fields_of(header);
	struct strbuf fields = { 0 };
	struct mime_field field;

	it.left = SIZE_MAX;
	while (fields.n <= HEADER_MAX && mime_fields_next(&it, &field))
		if (mail_field_is_listed(field.name))
			strbuf_add(&fields, field.raw);
	if (fields.n <= HEADER_MAX && mime_line_empty(it.rest))
		strbuf_add(&fields, it.rest);
	*out = fields.n <= HEADER_MAX ? arena_slice(a, strbuf_slice(&fields)) : (struct slice){ 0 };
	strbuf_free(&fields);
	return out->p != NULL;
}

void mail_message_parse(struct arena *a, struct slice blob, struct mail_content *out)
{
	struct mime_part *root = mime_structure_parse(a, blob);
	struct mime_summary summary;
	struct slice fields;
	bool has_fields = listed_fields(a, slice_head(blob, root->header_size), &fields);

	mime_summary_of(a, blob, root, &summary);
	*out = (struct mail_content){ .blob_size = blob.n,
		.envelope = root->envelope,
		.body = body_text(a, root, false),
		.bodystructure = body_text(a, root, true),
		.structure = packed_structure(a, root),
		.header = slice_head(blob, root->header_size <= HEADER_MAX ? root->header_size : 0),
		.fields = fields,
		.has_fields = has_fields,
		.subject = short_text(summary.subject),
		.from = addresses_text(a, &summary.from),
		.to = addresses_text(a, &summary.to),
		.msgid = short_text(summary.msgid),
		.answers = answers_text(a, &summary),
		.preview = plain_text(summary.preview),
		.date = summary.has_date ? summary.date.unix_s : 0,
		.date_zone = summary.has_date ? summary.date.zone_minutes : 0,
		.has_attachment = summary.attachments > 0 };
}

int mail_content_structure(
	struct arena *a, const struct mail_content *content, struct mime_part **root)
{
	size_t trace = content->trace.n;
	int rc = mime_structure_unpack(a, content->structure, root);

	if (rc < 0)
		return rc;
	/* What was stored before recipients shared it has the trace in it already. */
	if ((*root)->header_size + (*root)->body_size != content->blob_size)
		return 0;
	(*root)->header_size += trace;
	for (struct mime_part *p = *root; (p = mime_part_after(*root, p));)
		p->offset += trace;
	return 0;
}

struct slice mail_content_sender(const struct mail_content *c)
{
	struct slice trace = c->trace;
	ptrdiff_t end;

	if (c->mail_from.p)
		return c->mail_from;
	if (!slice_istarts(trace, SLICE("Return-Path: <")))
		return (struct slice){ 0 };
	trace = slice_skip(trace, 14);
	end = slice_chr(trace, '>');
	return end < 0 ? (struct slice){ 0 } : slice_head(trace, (size_t)end);
}

/* All that was sent: out of the row, or the blob. */
static int get_bytes(struct mail *m, const struct mail_content *content, struct buf **out)
{
	char key[BLOB_KEY_MAX + 1];

	*out = NULL;
	if (content->blob_size > BLOB_GET_MAX)
		return HEARTH_ETOOBIG;
	if (content->message.n)
		return mail_unpack_buf(content->message, content->blob_size, out);
	snprintf(key, sizeof(key), "%.*s", SLICE_ARG(content->blob_key));
	return blob_get_wait(m->blob, key, 0, content->blob_size, out);
}

int mail_message_bytes(struct mail *m, const struct mail_content *content, struct buf **out)
{
	struct buf *blob, *whole;
	int rc = get_bytes(m, content, &blob);

	if (rc < 0)
		return rc;
	if (content->trace.n == 0) {
		*out = blob;
		return 0;
	}
	whole = buf_alloc(content->trace.n + blob->n);
	memcpy(buf_data(whole), content->trace.p, content->trace.n);
	memcpy(buf_data(whole) + content->trace.n, blob->p, blob->n);
	buf_unref(&blob);
	*out = whole;
	return 0;
}

/* ---- parts of a message ---- */

#define SMALL_MAX (128u << 10) /* bytes of a blob that is kept */

static int add_from_blob(struct mail_reader *r, uint64_t offset, size_t n, struct strbuf *out)
{
	const struct mail_content *c = r->content;
	bool small = c->message.n || c->blob_size <= SMALL_MAX;
	struct buf *part = NULL;
	char key[BLOB_KEY_MAX + 1];
	struct slice bytes;
	int rc = 0;

	if (offset > c->blob_size || n > c->blob_size - offset)
		return HEARTH_ECORRUPT;
	snprintf(key, sizeof(key), "%.*s", SLICE_ARG(c->blob_key));
	if (small && !r->blob)
		rc = get_bytes(r->m, c, &r->blob);
	else if (!small)
		rc = blob_get_wait(r->m->blob, key, offset, n, &part);
	if (rc < 0)
		return rc;
	bytes = small ? slice_head(slice_skip(buf_slice(r->blob), offset), n) : buf_slice(part);
	if (bytes.n != n)
		rc = HEARTH_ECORRUPT;
	else
		strbuf_add(out, bytes);
	buf_unref(&part);
	return rc;
}

int mail_reader_add(struct mail_reader *r, uint64_t offset, size_t n, struct strbuf *out)
{
	struct slice trace = r->content->trace, header = r->content->header;

	if (offset < trace.n) {
		struct slice part = slice_head(slice_skip(trace, offset), n);

		strbuf_add(out, part);
		offset += part.n;
		n -= part.n;
	}
	offset -= trace.n;
	/* The header of a large message lies beside its row. */
	if (n && offset <= header.n && n <= header.n - offset) {
		strbuf_add(out, slice_head(slice_skip(header, offset), n));
		n = 0;
	}
	return n ? add_from_blob(r, offset, n, out) : 0;
}

void mail_reader_clear(struct mail_reader *r)
{
	buf_unref(&r->blob);
}

/* ---- what search finds ---- */

/* The marks, which no text needs, cannot be forged. */
static void remove_marks(struct strbuf *out, size_t from)
{
	for (size_t i = from; i < out->n; i++)
		if (out->p[i] == MAIL_FIELD_MARK || out->p[i] == MAIL_ENVELOPE_MARK)
			out->p[i] = ' ';
}

static void header_text(struct slice header, struct strbuf *out)
{
	struct mime_fields it = mime_fields_of(header);
	struct arena *a = arena_new();
	struct mime_field field;

	while (out->n < MAIL_TEXT_MAX && mime_fields_next(&it, &field)) {
		size_t from = out->n + 1;

		strbuf_addc(out, MAIL_FIELD_MARK);
		strbuf_add(out, field.name);
		strbuf_adds(out, ": ");
		mime_words_decode(out, mime_unfold(a, field.value));
		remove_marks(out, from);
		arena_reset(a);
	}
	arena_free(&a);
}

static void address_text(struct arena *a, const struct mime_address *address, struct strbuf *out)
{
	if (address->kind == MIME_ADDRESS_GROUP_END) {
		strbuf_addc(out, ';');
		return;
	}
	mime_words_decode(out, address->name);
	if (address->name.n)
		strbuf_adds(out, " <");
	if (address->kind == MIME_ADDRESS_GROUP)
		mime_words_decode(out, address->mailbox);
	else
		strbuf_add(out, mime_raw_text(a, address->mailbox));
	if (address->host.n) {
		strbuf_addc(out, '@');
		strbuf_add(out, mime_raw_text(a, address->host));
	}
	strbuf_adds(out, address->kind == MIME_ADDRESS_GROUP ? ": "
			 : address->name.n                   ? ">, "
							     : ", ");
}

static void envelope_text(struct slice header, struct strbuf *out)
{
	static const char *const lists[] = { "From", "To", "Cc", "Bcc" };
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct slice value = mime_field_join(a, header, slice_str(lists[i]));
		struct mime_addresses list = mime_addresses_parse(a, value);
		size_t from = out->n + 1;

		if (!value.p)
			continue;
		strbuf_printf(out, "%c%s: ", MAIL_ENVELOPE_MARK, lists[i]);
		for (size_t k = 0; k < list.n && out->n < MAIL_ENVELOPE_MAX; k++)
			address_text(a, &list.v[k], out);
		remove_marks(out, from);
		arena_reset(a);
	}
	arena_free(&a);
}

void mail_message_text(struct slice message, struct strbuf *head, struct strbuf *body)
{
	struct arena *a = arena_new();
	const struct mime_part *root = mime_structure_parse(a, message);
	struct strbuf raw = { 0 };

	header_text(mime_part_header(message, root), &raw);
	text_fold(head, slice_head(strbuf_slice(&raw), MAIL_TEXT_MAX));
	strbuf_reset(&raw);
	envelope_text(mime_part_header(message, root), &raw);
	text_fold(head, slice_head(strbuf_slice(&raw), MAIL_ENVELOPE_MAX));
	strbuf_reset(&raw);
	mime_text_body(&raw, message, root, MAIL_TEXT_MAX);
	text_fold(body, strbuf_slice(&raw));
	strbuf_free(&raw);
	arena_free(&a);
}
