/*
 * list/rewrite.c: the header of a group's mail, changed (rewrite.h). Pure; every field but Subject, From and those of other
 * lists is copied as it stands.
 */
#include "list/rewrite.h"

#include "mime/address.h"
#include "mime/encode.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

#define NAME_MAX_BYTES 128 /* of an author's name */
#define LINE_MAX       78

bool list_rewrite_lacks(struct slice message, struct slice prefix)
{
	struct arena *a = arena_new();
	struct mime_field field;
	bool lacks = prefix.n > 0;

	if (lacks && mime_field_find(message, SLICE("Subject"), &field))
		lacks = slice_find(mime_words_text(a, mime_unfold(a, field.value)), prefix) < 0;
	arena_free(&a);
	return lacks;
}

static bool is_of_list(struct slice name)
{
	return slice_istarts(name, SLICE("List-")) && !slice_ieq(name, SLICE("List-Id"));
}

bool list_rewrite_has_others(struct slice message)
{
	struct mime_fields it = mime_fields_of(message);
	struct mime_field field;

	while (mime_fields_next(&it, &field))
		if (is_of_list(field.name))
			return true;
	return false;
}

/* A value that stood behind another name, or nothing, is folded where its first line gets too long. */
static void write_field(struct strbuf *out, const char *head, struct slice value)
{
	struct slice text = slice_trim(value);
	bool fits = strlen(head) + mime_line(text) < LINE_MAX;

	if (text.n > 0)
		strbuf_printf(out, "%s%s%.*s\r\n", head, fits ? " " : "\r\n ", SLICE_ARG(text));
}

static void write_subject(struct strbuf *out, struct slice prefix, struct slice value)
{
	struct strbuf head = { 0 };

	strbuf_printf(&head, "Subject: %.*s", SLICE_ARG(prefix));
	if (slice_trim(value).n > 0)
		write_field(out, head.p, value);
	else
		strbuf_printf(out, "%s\r\n", head.p);
	strbuf_free(&head);
}

/* Never amid a character. */
static struct slice cut(struct slice text)
{
	size_t n = text.n < NAME_MAX_BYTES ? text.n : NAME_MAX_BYTES;

	while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return slice_head(text, n);
}

/* Whether somebody could take it for an address, in whichever of the characters that stand for "@". */
static bool has_address(struct slice name)
{
	return slice_chr(name, '@') >= 0 || slice_find(name, SLICE("\xef\xbc\xa0")) >= 0 ||
	       slice_find(name, SLICE("\xef\xb9\xab")) >= 0;
}

/*
 * The name of the first author. Without one, or with one that looks like an address, their local part: what goes
 * out is signed by us, and would vouch for it.
 */
static struct slice author_name(struct arena *a, struct slice value)
{
	struct mime_addresses list = mime_addresses_parse(a, value);

	for (size_t i = 0; i < list.n; i++) {
		const struct mime_address *it = &list.v[i];
		struct slice name = slice_trim(mime_words_text(a, it->name));

		if (it->kind != MIME_ADDRESS_MAILBOX)
			continue;
		if (name.n == 0 || has_address(name))
			name = mime_raw_text(a, it->mailbox);
		return cut(has_address(name) ? SLICE("") : name);
	}
	return SLICE("");
}

static void write_from(struct strbuf *out, const struct list_rewrite *r, struct slice value,
	bool replies_elsewhere)
{
	struct arena *a = arena_new();
	struct slice was = mime_unfold(a, value);
	struct slice name = author_name(a, was);
	struct strbuf text = { 0 };

	strbuf_printf(&text, "%.*s%svia %.*s", SLICE_ARG(name), name.n > 0 ? " " : "",
		SLICE_ARG(r->title));
	strbuf_adds(out, "From: ");
	mime_encode_phrase(out, strbuf_slice(&text), sizeof("From: ") - 1);
	strbuf_printf(out, "\r\n <%.*s>\r\n", SLICE_ARG(r->address));
	if (!replies_elsewhere)
		write_field(out, "Reply-To:", value);
	write_field(out, "X-Original-From:", value);
	strbuf_free(&text);
	arena_free(&a);
}

void list_rewrite(struct strbuf *out, struct slice message, const struct list_rewrite *r)
{
	struct mime_fields it = mime_fields_of(message);
	struct mime_field field, reply;
	bool replies = mime_field_find(message, SLICE("Reply-To"), &reply);
	bool subject = false, from = false;
	size_t at = 0;

	while (mime_fields_next(&it, &field)) {
		at = (size_t)(field.raw.p - message.p) + field.raw.n;
		if (r->prefix.n > 0 && !subject && slice_ieq(field.name, SLICE("Subject"))) {
			subject = true;
			write_subject(out, r->prefix, field.value);
		} else if (r->from && slice_ieq(field.name, SLICE("From"))) {
			if (!from)
				write_from(out, r, field.value, replies);
			from = true;
		} else if (!r->alone || !is_of_list(field.name)) {
			strbuf_add(out, field.raw);
		}
	}
	if (out->n > 0 && out->p[out->n - 1] != '\n')
		strbuf_adds(out, "\r\n");
	if (r->prefix.n > 0 && !subject)
		write_subject(out, r->prefix, SLICE(""));
	if (r->from && !from)
		write_from(out, r, SLICE(""), true);
	if (at == message.n)
		strbuf_adds(out, "\r\n");
	strbuf_add(out, slice_skip(message, at));
}
