/*
 * api/message.c: one message over HTTP: its texts as JSON, its source and its attachments as
 * streams.
 *
 * Of the blob only the ranges that are needed are read. An attachment is decoded while it is sent,
 * piece by piece, by whoever of the io workers is free: what a download holds in memory does not
 * grow with it, and a range begins with what must be passed over, a piece at a time.
 *
 * Handlers on the loop, the rest on io workers. Bounds: TEXT_MAX bytes of each text, of
 * ENCODED_MAX that are looked into, PICTURES_MAX pictures, a PIECE of a download.
 */
#include <stdlib.h>

#include "api/api.h"
#include "hearth/error.h"
#include "hearth/text.h"
#include "mime/content.h"
#include "packing.h"

#define PICTURES_MAX 100        /* that are named */
#define TEXT_MAX     (1u << 20) /* bytes of a message's text that are shown */
#define ENCODED_MAX  (4u << 20) /* and of its body that are looked into for them */
#define PIECE        (192u << 10)
#define PIECES       8 /* that are passed over in one turn of a worker */

_Static_assert(PIECE <= HTTP_MADE_MAX, "a piece never decodes to more than it is");

static int load_own(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;

	return mail_store_message(tx, c->account, c->id, MAIL_CALL_WANT, c->a, &c->message);
}

static int load_message(struct mail_call *c)
{
	return db_read_wait(c->m->db, c->load ? c->load : load_own, c);
}

/* The message's row and tree. */
static int open_message(struct mail_call *c, struct mime_part **root)
{
	int rc = load_message(c);

	return rc == 0 ? mail_content_structure(c->a, &c->message.content, root) : rc;
}

/* Bytes of a stranger under our own name: never run, never guessed at. */
static void reply_pieces(struct mail_call *c, const char *etag, const struct http_piece *pieces,
	size_t n, const char *type)
{
	http_set_header(c->rq, "Content-Security-Policy", "sandbox; default-src 'none'");
	http_set_header(c->rq, "ETag", etag);
	http_reply_pieces(c->rq, c->m->blob, pieces, n, type);
}

/* ---- the message ---- */

/* The first part of that text type which is shown rather than attached. */
static const struct mime_part *find_text(const struct mime_part *root, struct slice subtype)
{
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p))
		if (p->kind == MIME_LEAF && mime_part_is(p, SLICE("text"), subtype) &&
			!mime_part_is_attachment(p))
			return p;
	return NULL;
}

static int put_text(struct mail_call *c, struct mail_reader *reader, const char *name,
	const struct mime_part *part)
{
	struct strbuf body = { 0 }, text = { 0 };
	int rc;

	if (!part) {
		json_put_str(&c->w, name, NULL);
		return 0;
	}
	rc = mail_reader_add(reader, part->offset + part->header_size,
		part->body_size < ENCODED_MAX ? part->body_size : ENCODED_MAX, &body);
	if (rc == 0) {
		mime_content_text(&text, part, strbuf_slice(&body), TEXT_MAX);
		json_put_text(&c->w, name, strbuf_slice(&text));
	}
	strbuf_free(&body);
	strbuf_free(&text);
	return rc;
}

/* Octets of an attachment without its transfer encoding. */
static size_t attachment_size(const struct mime_part *p)
{
	if (p->kind == MIME_LEAF)
		return p->decoded_size;
	/* A message; where it is encoded, which it must not be, its text is its child's body. */
	return mime_encoding_is_identity(p->encoding) ? p->body_size : p->child->decoded_size;
}

/* Attachments by their number in the order of the message: the number is their address. */
static void put_attachments(struct mail_call *c, const struct mime_part *root)
{
	int64_t number = 0;

	json_name(&c->w, "attachments");
	json_open_array(&c->w);
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p), number++) {
		if (!mime_part_is_attachment(p))
			continue;
		json_open_object(&c->w);
		json_put_i64(&c->w, "part", number);
		json_put_text(&c->w, "name", mime_part_filename(c->a, p));
		json_put_str(&c->w, "type",
			arena_printf(c->a, "%.*s/%.*s", SLICE_ARG(p->type), SLICE_ARG(p->subtype)));
		json_put_i64(&c->w, "size", (int64_t)attachment_size(p));
		json_close_object(&c->w);
	}
	json_close_array(&c->w);
}

/*
 * A picture that the HTML text shows by its Content-ID ("cid:", RFC 2392): of a kind that is nothing
 * but a picture, and no address.
 */
static bool is_picture(const struct mime_part *p)
{
	static const char *const subtypes[] = { "png", "jpeg", "jpg", "gif", "webp", "avif",
		"bmp" };

	if (p->kind != MIME_LEAF || p->id.n == 0 || !slice_ieq(p->type, SLICE("image")))
		return false;
	for (size_t i = 0; i < sizeof(subtypes) / sizeof(subtypes[0]); i++)
		if (slice_ieq(p->subtype, slice_str(subtypes[i])))
			return true;
	return false;
}

static struct slice without_brackets(struct slice id)
{
	id = slice_trim(id);
	if (id.n >= 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
		id = slice_of(id.p + 1, id.n - 2);
	return id;
}

static void put_pictures(struct mail_call *c, const struct mime_part *root)
{
	int64_t number = 0, n = 0;

	json_name(&c->w, "pictures");
	json_open_array(&c->w);
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p), number++) {
		if (!is_picture(p) || !utf8_valid(p->id) || n++ >= PICTURES_MAX)
			continue;
		json_open_object(&c->w);
		json_put_i64(&c->w, "part", number);
		json_put_text(&c->w, "content_id", without_brackets(p->id));
		json_put_i64(&c->w, "size", (int64_t)attachment_size(p));
		json_close_object(&c->w);
	}
	json_close_array(&c->w);
}

static void work_message(struct mail_call *c)
{
	struct mail_reader reader = { .m = c->m, .content = &c->message.content };
	struct mime_part *root;

	c->status = open_message(c, &root);
	if (c->status != 0)
		return;
	json_open_object(&c->w);
	mail_call_summary(&c->w, &c->message);
	c->status = mail_call_people(c, &reader, root);
	if (c->status == 0)
		c->status = put_text(c, &reader, "text", find_text(root, SLICE("plain")));
	if (c->status == 0)
		c->status = put_text(c, &reader, "html", find_text(root, SLICE("html")));
	put_attachments(c, root);
	put_pictures(c, root);
	json_close_object(&c->w);
	mail_reader_clear(&reader);
}

struct mail_call *mail_call_message(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_message);

	c->id = http_param_int(rq, "id");
	return c;
}

void mail_get_message(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_message(module, rq));
}

/* ---- its source ---- */

static void work_source(struct mail_call *c)
{
	struct mail_content *content = &c->message.content;
	char *bytes;

	c->status = load_message(c);
	if (c->status < 0 || content->message.n == 0)
		return;
	bytes = arena_alloc(c->a, content->blob_size);
	c->status = mail_unpack(content->message, content->fields, bytes, content->blob_size);
	content->message = slice_of(bytes, content->blob_size);
}

static void reply_source(struct mail_call *c)
{
	const struct mail_content *content = &c->message.content;
	struct arena *a = http_arena(c->rq);
	struct http_piece *pieces = arena_zalloc(a, 2 * sizeof(*pieces));

	pieces[0].bytes = arena_slice(a, content->trace);
	if (content->message.n) {
		pieces[1].bytes = arena_slice(a, content->message);
	} else {
		pieces[1].blob = arena_strdup(a, content->blob_key);
		pieces[1].size = content->blob_size;
	}
	reply_pieces(c, arena_printf(a, "\"m%lld\"", (long long)c->message.content_id), pieces, 2,
		"text/plain; charset=utf-8");
}

struct mail_call *mail_call_source(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_source);

	c->reply = reply_source;
	c->id = http_param_int(rq, "id");
	return c;
}

void mail_get_source(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_source(module, rq));
}

/* ---- attachments ---- */

/* One that is being sent: in the request's arena, while it is made a worker's. */
struct attachment {
	struct mail *m;
	struct mail_content content; /* where its blob and its trace are */
	uint64_t at, end;            /* of its body in the message: what is still to be read */
	uint64_t made;               /* octets decoded so far */
	bool ended;
	struct mime_decoder decoder;
};

/* Decodes the next piece of the body; HEARTH_ECORRUPT behind the last. */
static int decode_piece(struct attachment *at, struct mail_reader *reader, struct strbuf *out)
{
	size_t n = at->end - at->at < PIECE ? (size_t)(at->end - at->at) : PIECE;
	struct strbuf encoded = { 0 };
	int rc = at->ended ? HEARTH_ECORRUPT : 0;

	if (rc == 0 && n > 0)
		rc = mail_reader_add(reader, at->at, n, &encoded);
	if (rc == 0 && n > 0)
		mime_decoder_add(&at->decoder, out, strbuf_slice(&encoded));
	else if (rc == 0)
		mime_decoder_end(&at->decoder, out);
	at->ended = n == 0;
	at->at += n;
	at->made += out->n;
	strbuf_free(&encoded);
	return rc;
}

static int make_attachment(void *arg, uint64_t from, struct buf **out)
{
	struct attachment *at = arg;
	struct mail_reader reader = { .m = at->m, .content = &at->content };
	struct strbuf bytes = { 0 };
	int rc = 0;

	for (int i = 0; i < PIECES && rc == 0 && bytes.n == 0; i++) {
		rc = decode_piece(at, &reader, &bytes);
		if (at->made <= from)
			strbuf_reset(&bytes);
		else if (at->made - bytes.n < from)
			strbuf_consume(&bytes, (size_t)(from - (at->made - bytes.n)));
	}
	mail_reader_clear(&reader);
	if (rc == 0)
		*out = buf_from_strbuf(&bytes);
	strbuf_free(&bytes);
	return rc;
}

/* attachment; filename*=UTF-8''… (RFC 6266): whatever the name, the header stays one. */
static const char *disposition_of(struct arena *a, struct slice name)
{
	struct strbuf out = { 0 };
	const char *text;

	strbuf_adds(&out, "attachment");
	if (name.n)
		strbuf_adds(&out, "; filename*=UTF-8''");
	for (size_t i = 0; i < name.n && i < 400; i++) {
		unsigned char ch = (unsigned char)name.p[i];
		bool plain = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
			     (ch >= 'A' && ch <= 'Z') || ch == '.' || ch == '-' || ch == '_';

		if (plain)
			strbuf_addc(&out, (char)ch);
		else
			strbuf_printf(&out, "%%%02X", ch);
	}
	text = arena_strdup(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static void work_part(struct mail_call *c)
{
	const struct mime_part *part;
	struct mime_part *root;
	int64_t number = 0;

	c->status = open_message(c, &root);
	if (c->status != 0)
		return;
	for (part = root; part && number < c->part; number++)
		part = mime_part_after(root, part);
	if (part && (mime_part_is_attachment(part) || is_picture(part)))
		c->attachment = part;
	else
		c->status = HEARTH_ENOTFOUND;
}

static void reply_part(struct mail_call *c)
{
	const struct mime_part *part = c->attachment;
	struct arena *a = http_arena(c->rq);
	struct attachment *at = ARENA_NEW(a, struct attachment);
	struct http_piece *piece = ARENA_NEW(a, struct http_piece);

	at->m = c->m;
	at->content.blob_key = arena_slice(a, c->message.content.blob_key);
	at->content.blob_size = c->message.content.blob_size;
	at->content.trace = arena_slice(a, c->message.content.trace);
	if (c->message.content.message.n) {
		at->content.message = arena_slice(a, c->message.content.message);
		at->content.fields = arena_slice(a, c->message.content.fields);
	}
	at->at = part->offset + part->header_size;
	at->end = at->at + part->body_size;
	mime_decoder_init(&at->decoder, part->encoding);
	*piece = (struct http_piece){
		.size = attachment_size(part), .make = make_attachment, .arg = at
	};
	http_set_header(
		c->rq, "Content-Disposition", disposition_of(a, mime_part_filename(c->a, part)));
	reply_pieces(c,
		arena_printf(
			a, "\"m%lld-%lld\"", (long long)c->message.content_id, (long long)c->part),
		piece, 1, "application/octet-stream");
}

struct mail_call *mail_call_part(void *module, struct http_request *rq)
{
	struct mail_call *c = mail_call_new(module, rq, work_part);

	c->reply = reply_part;
	c->id = http_param_int(rq, "id");
	c->part = http_param_int(rq, "part");
	return c;
}

void mail_get_part(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_part(module, rq));
}
