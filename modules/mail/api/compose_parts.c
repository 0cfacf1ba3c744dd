/*
 * api/compose_parts.c: what a new message takes of those that are kept: the ids an answer names, and
 * attachments (compose.h). On a worker; a part that is taken is in memory, and bounded by message_max.
 */
#include "api/compose.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "message.h"
#include "mime/build.h"
#include "mime/encode.h"
#include "mime/header.h"

#define HEADER_BYTES   (64u << 10) /* of what is answered that are looked at */
#define ID_MAX         250         /* bytes of an id that is repeated */
#define REFERENCES_MAX 50

struct wanted {
	struct compose *c;
	int64_t id;
	struct mail_message *message;
};

static int load(struct db_tx *tx, void *arg)
{
	const struct wanted *w = arg;

	return mail_store_message(tx, w->c->sender.id, w->id,
		MAIL_WANT_STRUCTURE | MAIL_WANT_SUMMARY | MAIL_WANT_MESSAGE, w->c->a, w->message);
}

static int load_message(struct compose *c, int64_t id, const char *field, struct mail_message *out)
{
	struct wanted w = { c, id, out };
	int rc = db_read_wait(c->m->db, load, &w);

	return rc == HEARTH_ENOTFOUND ? compose_problem(c, 404, field, "there is no such message")
				      : rc;
}

/* ---- answers ---- */

/* The next "<id>" of a field, with its brackets, that can be repeated as it is. */
static bool next_id(struct slice *rest, struct slice *id)
{
	ptrdiff_t at, end;

	while ((at = slice_chr(*rest, '<')) >= 0) {
		bool good = true;

		*rest = slice_skip(*rest, (size_t)at);
		end = slice_chr(*rest, '>');
		if (end < 0)
			return false;
		*id = slice_head(*rest, (size_t)end + 1);
		*rest = slice_skip(*rest, (size_t)end + 1);
		for (size_t i = 0; i < id->n; i++)
			good = good && id->p[i] > ' ' && id->p[i] < 0x7f;
		if (good && id->n > 2 && id->n <= ID_MAX)
			return true;
	}
	return false;
}

/* The thread's first id, and the latest ones, with that of the message itself behind. */
static struct slice write_references(struct compose *c, struct slice before, struct slice own)
{
	struct strbuf out = { 0 };
	struct slice id, rest = before;
	size_t n = 0, i = 0;

	while (next_id(&rest, &id))
		n++;
	for (rest = before; next_id(&rest, &id); i++)
		if (i == 0 || i + REFERENCES_MAX > n)
			strbuf_printf(&out, "%.*s ", SLICE_ARG(id));
	strbuf_add(&out, own);
	id = arena_slice(c->a, strbuf_slice(&out));
	strbuf_free(&out);
	return id;
}

int compose_answer(struct compose *c, int64_t id, struct mime_build *b)
{
	struct mail_message message;
	struct mail_reader reader = { .m = c->m, .content = &message.content };
	struct strbuf header = { 0 };
	struct mime_field field;
	struct slice own, rest, before = SLICE("");
	int rc = load_message(c, id, "in_reply_to", &message);

	if (rc < 0)
		return rc;
	c->answers = id;
	rc = mail_reader_add(&reader, 0,
		message.size < HEADER_BYTES ? (size_t)message.size : HEADER_BYTES, &header);
	mail_reader_clear(&reader);
	if (rc == 0 && mime_field_find(strbuf_slice(&header), SLICE("References"), &field))
		before = mime_unfold(c->a, field.value);
	else if (rc == 0 && mime_field_find(strbuf_slice(&header), SLICE("In-Reply-To"), &field))
		before = mime_unfold(c->a, field.value);
	if (rc == 0 && mime_field_find(strbuf_slice(&header), SLICE("Message-ID"), &field)) {
		rest = mime_unfold(c->a, field.value);
		if (next_id(&rest, &own)) {
			own = arena_slice(c->a, own);
			b->in_reply_to = slice_of(own.p + 1, own.n - 2);
			b->references = write_references(c, before, own);
		}
	}
	strbuf_free(&header);
	return rc;
}

/* ---- attachments ---- */

static int too_large(struct compose *c)
{
	return compose_problem(c, 413, "attachments",
		arena_printf(c->a, "a message may have %llu bytes",
			(unsigned long long)c->m->message_max));
}

/* The bytes of a part, decoded, or of the whole message. */
static int read_bytes(struct compose *c, const struct mail_message *message,
	const struct mime_part *part, struct slice *out)
{
	struct mail_reader reader = { .m = c->m, .content = &message->content };
	struct strbuf raw = { 0 }, bytes = { 0 };
	struct mime_decoder decoder;
	uint64_t at = part ? part->offset + part->header_size : 0;
	uint64_t size = part ? part->body_size : message->size;
	int rc = size > c->m->message_max ? too_large(c) : 0;

	if (rc == 0)
		rc = mail_reader_add(&reader, at, (size_t)size, &raw);
	mail_reader_clear(&reader);
	mime_decoder_init(&decoder, part ? part->encoding : MIME_BINARY);
	if (rc == 0) {
		mime_decoder_add(&decoder, &bytes, strbuf_slice(&raw));
		mime_decoder_end(&decoder, &bytes);
		*out = arena_slice(c->a, strbuf_slice(&bytes));
	}
	strbuf_free(&raw);
	strbuf_free(&bytes);
	return rc;
}

static struct slice name_of(struct compose *c, struct slice subject)
{
	return slice_str(arena_printf(c->a, "%.*s.eml",
		SLICE_ARG(subject.n > 0 ? slice_head(subject, 200) : SLICE("message"))));
}

int compose_kept(struct compose *c, const struct json *which, struct mime_build_attachment *out)
{
	struct mail_message message;
	struct mime_part *root, *part;
	int64_t id, number = -1;
	int rc = 0;

	if (json_get_i64(which, "message", 1, INT64_MAX, &id) < 0 ||
		json_get_i64(which, "part", 0, MIME_PARTS_MAX, &number) == HEARTH_EINVAL)
		return compose_problem(c, 400, "attachments",
			"expected the number of a message, and maybe of its part");
	rc = load_message(c, id, "attachments", &message);
	if (rc < 0)
		return rc;
	if (number < 0) {
		*out = (struct mime_build_attachment){ .type = SLICE("message/rfc822"),
			.name = name_of(c, message.content.subject) };
		return read_bytes(c, &message, NULL, &out->bytes);
	}
	rc = mail_content_structure(c->a, &message.content, &root);
	for (part = root; rc == 0 && part && number > 0; number--)
		part = mime_part_after(root, part);
	if (rc == 0 && (!part || part->kind == MIME_MULTIPART))
		return compose_problem(c, 404, "attachments", "the message has no such part");
	if (rc < 0)
		return rc;
	*out = (struct mime_build_attachment){ .name = mime_part_filename(c->a, part),
		.type = slice_str(arena_printf(
			c->a, "%.*s/%.*s", SLICE_ARG(part->type), SLICE_ARG(part->subtype))) };
	return read_bytes(c, &message, part, &out->bytes);
}
