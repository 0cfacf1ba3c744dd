/*
 * mime/summary.c: see summary.h. The preview is taken from the first part that has readable text,
 * plain text before HTML, without quoted lines and the signature where that leaves anything.
 *
 * Pure; a preview of MIME_PREVIEW_MAX characters out of PREVIEW_TEXT_MAX bytes,
 * MIME_REFERENCES_MAX ids.
 */
#include "mime/summary.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "mime/content.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

#define PREVIEW_TEXT_MAX 16384 /* bytes of a text that are read for its preview */

static struct slice field_value(struct arena *a, struct slice header, struct slice name)
{
	struct mime_field field;

	if (!mime_field_find(header, name, &field))
		return (struct slice){ NULL, 0 };
	return mime_unfold(a, field.value);
}

static struct mime_addresses addresses(struct arena *a, struct slice header, struct slice name)
{
	struct mime_addresses list = mime_addresses_parse(a, mime_field_join(a, header, name));

	for (size_t i = 0; i < list.n; i++) {
		struct mime_address *address = &list.v[i];
		bool group = address->kind == MIME_ADDRESS_GROUP;

		address->name = mime_words_text(a, address->name);
		address->adl = mime_raw_text(a, address->adl);
		address->mailbox = (group ? mime_words_text : mime_raw_text)(a, address->mailbox);
		address->host = mime_raw_text(a, address->host);
	}
	return list;
}

/* Adds an id; of too many the second goes, so that the first and the last stay. */
static void add_id(struct mime_strings *ids, struct slice id)
{
	if (ids->n == MIME_REFERENCES_MAX) {
		ids->n--;
		memmove(ids->v + 1, ids->v + 2, (ids->n - 1) * sizeof(*ids->v));
	}
	INVARIANT(ids->n < MIME_REFERENCES_MAX);
	ids->v[ids->n++] = id;
}

struct mime_strings mime_message_ids(struct arena *a, struct slice value)
{
	struct mime_strings ids = { NULL, 0 };
	size_t max = 0;

	for (size_t i = 0; i < value.n && max < MIME_REFERENCES_MAX; i++)
		max += value.p[i] == '<';
	ids.v = arena_alloc(a, max * sizeof(*ids.v));
	for (size_t i = 0, start = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		struct slice id = slice_of(value.p + start, i - start);

		if (c == '>' && start && id.n && utf8_valid(id))
			add_id(&ids, id);
		if (c == '<')
			start = i + 1;
		else if (c == '>' || c <= ' ' || c == 0x7F)
			start = 0;
	}
	return ids;
}

/* Message-ID, also when it lacks its angle brackets. */
static struct slice msgid(struct arena *a, struct slice value)
{
	struct mime_strings ids = mime_message_ids(a, value);

	if (ids.n)
		return ids.v[0];
	return value.n ? mime_raw_text(a, value) : (struct slice){ NULL, 0 };
}

static bool is_space(uint32_t c)
{
	return c <= ' ' || c == 0x7F || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
	       c == 0x2029 || c == 0x3000;
}

/* Soft hyphens, joiners, marks of byte order: text within a word, and filler behind white space. */
static bool is_invisible(uint32_t c)
{
	return c == 0xAD || c == 0x34F || (c >= 0x200B && c <= 0x200F) || c == 0xFEFF;
}

/* Appends the words of `line` while fewer than MIME_PREVIEW_MAX characters are there. */
static void add_words(struct strbuf *out, size_t *characters, struct slice line)
{
	bool gap = true;

	while (line.n && *characters < MIME_PREVIEW_MAX) {
		uint32_t c = 0xFFFD;
		size_t n = utf8_decode(line, &c);

		line = slice_skip(line, n ? n : 1);
		if (is_space(c) || (gap && is_invisible(c))) {
			gap = true;
			continue;
		}
		if (gap && out->n) {
			if (*characters + 2 > MIME_PREVIEW_MAX)
				return;
			strbuf_addc(out, ' ');
			++*characters;
		}
		gap = false;
		utf8_append(out, c);
		++*characters;
	}
}

static void make_preview(struct strbuf *out, struct slice text, bool quotes)
{
	size_t characters = 0;

	strbuf_reset(out);
	while (text.p && characters < MIME_PREVIEW_MAX) {
		struct slice line = slice_split(&text, '\n');

		if (!quotes && (slice_eq(line, SLICE("-- ")) || slice_eq(line, SLICE("-- \r"))))
			return;
		if (quotes || !slice_starts(line, SLICE(">")))
			add_words(out, &characters, line);
	}
}

/* Makes the preview of the first part of that type that has one; false when none has. */
static bool preview_from(struct strbuf *out, struct slice message, const struct mime_part *root,
	struct slice subtype)
{
	struct strbuf text = { 0 };

	strbuf_reset(out);
	for (const struct mime_part *part = root; part && out->n == 0;
		part = mime_part_after(root, part)) {
		if (part->kind != MIME_LEAF || !mime_part_is(part, SLICE("text"), subtype) ||
			mime_part_is_attachment(part))
			continue;
		strbuf_reset(&text);
		mime_content_plain(&text, part, mime_part_body(message, part), PREVIEW_TEXT_MAX);
		make_preview(out, strbuf_slice(&text), false);
		if (out->n == 0)
			make_preview(out, strbuf_slice(&text), true);
	}
	strbuf_free(&text);
	return out->n > 0;
}

void mime_summary_of(struct arena *a, struct slice message, const struct mime_part *root,
	struct mime_summary *out)
{
	struct slice header = mime_part_header(message, root);
	struct slice subject = field_value(a, header, SLICE("Subject"));
	struct strbuf preview = { 0 };

	*out = (struct mime_summary){ .subject = subject };
	if (subject.p)
		out->subject = mime_words_text(a, subject);
	out->from = addresses(a, header, SLICE("From"));
	out->to = addresses(a, header, SLICE("To"));
	out->cc = addresses(a, header, SLICE("Cc"));
	out->has_date = !mime_date_parse(field_value(a, header, SLICE("Date")), &out->date);
	out->msgid = msgid(a, field_value(a, header, SLICE("Message-ID")));
	out->in_reply_to = mime_message_ids(a, field_value(a, header, SLICE("In-Reply-To")));
	out->references = mime_message_ids(a, mime_field_join(a, header, SLICE("References")));
	for (const struct mime_part *part = root; part; part = mime_part_after(root, part))
		out->attachments += mime_part_is_attachment(part);
	if (!preview_from(&preview, message, root, SLICE("plain")) &&
		!preview_from(&preview, message, root, SLICE("html")))
		preview_from(&preview, message, root, SLICE(""));
	out->preview = arena_slice(a, strbuf_slice(&preview));
	strbuf_free(&preview);
}
