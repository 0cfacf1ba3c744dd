/*
 * header_hash.c: canonical header fields, and which of them are signed (header_hash.h).
 *
 * Pure. Each field is written at most once for a signature; choosing them costs names times fields,
 * of which SIGNATURE_NAMES_MAX and MIME_FIELDS_MAX are the bounds.
 */
#include "verify/header_hash.h"

#include <openssl/sha.h>
#include <stdlib.h>

/* FNV-1a over the letters in lower case. */
static uint32_t hash_of(struct slice name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
	}
	return h;
}

struct header_fields header_fields_read(struct arena *a, struct slice header)
{
	struct mime_fields it = mime_fields_of(header);
	struct header_fields out = { .count = 0 };
	struct mime_field field;

	while (mime_fields_next(&it, &field))
		out.count++;
	out.fields = arena_alloc(a, out.count * sizeof(*out.fields));
	out.hashes = arena_alloc(a, out.count * sizeof(*out.hashes));
	it = mime_fields_of(header);
	for (size_t i = 0; i < out.count; i++) {
		mime_fields_next(&it, &out.fields[i]);
		out.hashes[i] = hash_of(out.fields[i].name);
	}
	return out;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* In one line, each run of white space one space, none around it. */
static void add_relaxed(struct strbuf *out, struct slice value)
{
	struct slice s = slice_trim(value);
	char *to = strbuf_reserve(out, s.n);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (!is_space(s.p[i]))
			to[n++] = s.p[i];
		else if (!is_space(s.p[i - 1]))
			to[n++] = ' ';
	strbuf_commit(out, n);
}

static void add_lower(struct strbuf *out, struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		strbuf_addc(out, c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c);
	}
}

void header_canonical(struct strbuf *out, const struct mime_field *field, bool relaxed)
{
	if (relaxed) {
		add_lower(out, field->name);
		strbuf_addc(out, ':');
		add_relaxed(out, field->value);
		strbuf_adds(out, "\r\n");
		return;
	}
	strbuf_add(out, field->raw);
	if (field->raw.n && field->raw.p[field->raw.n - 1] != '\n')
		strbuf_adds(out, "\r\n"); /* the last of a message that is only a header */
}

void header_select(struct strbuf *out, const struct header_fields *header,
	const struct slice *names, size_t count, bool relaxed, const struct mime_field *own)
{
	bool *used = mem_zalloc(header->count + 1);

	for (size_t n = 0; n < count; n++) {
		uint32_t hash = hash_of(names[n]);
		size_t i = header->count;

		while (i > 0 && (header->hashes[i - 1] != hash || used[i - 1] ||
					&header->fields[i - 1] == own ||
					!slice_ieq(header->fields[i - 1].name, names[n])))
			i--;
		if (i == 0)
			continue;
		used[i - 1] = true;
		header_canonical(out, &header->fields[i - 1], relaxed);
	}
	free(used);
}

void header_own(
	struct strbuf *out, const struct mime_field *field, struct slice without, bool relaxed)
{
	size_t before = (size_t)(without.p - field->value.p);
	struct strbuf value = { 0 };

	strbuf_add(&value, slice_head(field->value, before));
	strbuf_add(&value, slice_skip(field->value, before + without.n));
	if (relaxed) {
		add_lower(out, field->name);
		strbuf_addc(out, ':');
		add_relaxed(out, strbuf_slice(&value));
	} else {
		strbuf_add(out, slice_head(field->raw, (size_t)(field->value.p - field->raw.p)));
		strbuf_add(out, strbuf_slice(&value));
	}
	strbuf_free(&value);
}

void header_digest(struct slice text, unsigned char out[HEADER_HASH_SIZE])
{
	SHA256((const unsigned char *)text.p, text.n, out);
}
