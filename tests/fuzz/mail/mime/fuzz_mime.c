/*
 * fuzz_mime.c: any bytes as a message: the tree keeps its promises (unpacking checks them), every
 * section of every part is there, and all text that comes out is UTF-8 within its limit.
 */
#include <stdlib.h>

#include "hearth/text.h"
#include "imap/grammar/imap_body.h"
#include "imap/grammar/imap_string.h"
#include "mime/section.h"
#include "mime/structure_pack.h"
#include "mime/summary.h"
#include "mime/text_extract.h"
#include "mime/transfer.h"

#define TEXT_MAX 4096

static void need(int truth)
{
	if (!truth)
		abort();
}

static void try_pack(struct arena *a, const struct mime_part *root)
{
	struct strbuf packed = { 0 }, again = { 0 };
	struct mime_part *back;

	mime_structure_pack(&packed, root);
	need(mime_structure_unpack(a, strbuf_slice(&packed), &back) == 0);
	mime_structure_pack(&again, back);
	need(slice_eq(strbuf_slice(&packed), strbuf_slice(&again)));
	imap_write_body(&again, back, false);
	imap_write_body(&again, back, true);
	strbuf_free(&packed);
	strbuf_free(&again);
}

/* The sections of the part whose number is section->path, which is at most a few levels deep. */
static void try_sections(
	struct arena *a, struct slice m, const struct mime_part *root, struct mime_section *section)
{
	struct slice fields[] = { { "subject", 7 }, { "X", 1 } }, out;
	size_t offset, size;

	section->fields = (struct mime_strings){ fields, 2 };
	for (int kind = MIME_SECTION_ALL; kind <= MIME_SECTION_MIME; kind++) {
		section->kind = (enum mime_section_kind)kind;
		if (mime_section_range(root, section, &offset, &size))
			continue;
		need(offset <= m.n && size <= m.n - offset);
		out = mime_section_filter(a, section, slice_of(m.p + offset, size));
		need(out.n <= size);
	}
	if (section->path_n == 4)
		return;
	section->path_n++;
	for (uint32_t number = 1; number <= 4; number++) {
		section->path[section->path_n - 1] = number;
		section->kind = MIME_SECTION_MIME;
		if (!mime_section_range(root, section, &offset, &size))
			try_sections(a, m, root, section);
	}
	section->path_n--;
}

static void try_text(struct arena *a, struct slice m, const struct mime_part *root)
{
	struct mime_summary s;
	struct strbuf out = { 0 };

	mime_text_body(&out, m, root, TEXT_MAX);
	need(out.n <= TEXT_MAX && utf8_valid(strbuf_slice(&out)));
	mime_summary_of(a, m, root, &s);
	need(utf8_valid(s.subject) && utf8_valid(s.preview) && utf8_valid(s.msgid));
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p)) {
		struct mime_decoder d;

		strbuf_reset(&out);
		mime_decoder_init(&d, p->encoding);
		mime_decoder_add(&d, &out, mime_part_body(m, p));
		mime_decoder_end(&d, &out);
		need(p->kind != MIME_LEAF || out.n == p->decoded_size);
		need(out.n <= p->body_size);
		need(utf8_valid(mime_part_filename(a, p)));
	}
	strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice m = slice_of(data, size);
	struct mime_section section = { .path_n = 0 };
	struct arena *a = arena_new();
	struct mime_part *root = mime_structure_parse(a, m, imap_write_envelope);

	try_pack(a, root);
	try_sections(a, m, root, &section);
	try_text(a, m, root);
	arena_free(&a);
	return 0;
}
