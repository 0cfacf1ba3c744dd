/*
 * text.c: see text.h. Pure, on workers; no text is longer than the bounds there.
 */
#include "search/text.h"

#include "hearth/text.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/structure.h"
#include "mime/text_extract.h"

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
	const struct mime_part *root = mime_structure_parse(a, message, NULL);
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

void mail_trace_text(struct slice trace, struct strbuf *head)
{
	struct strbuf raw = { 0 };

	header_text(trace, &raw);
	text_fold(head, slice_head(strbuf_slice(&raw), MAIL_TEXT_MAX));
	strbuf_free(&raw);
}
