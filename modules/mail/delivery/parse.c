/*
 * parse.c: see parse.h. Pure, on workers; linear in the size of the message, and what comes of it is
 * bounded (mime/structure.h, and what is defined here).
 */
#include "delivery/parse.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "hearth/log.h"
#include "hearth/text.h"
#include "imap/grammar/imap_body.h"
#include "imap/grammar/imap_string.h"
#include "mime/header.h"
#include "mime/structure_pack.h"
#include "mime/summary.h"

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

	imap_write_body(&out, root, extended);
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
	struct mime_part *root = mime_structure_parse(a, blob, imap_write_envelope);
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
