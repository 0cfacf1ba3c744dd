/*
 * fuzz_mime_unpack.c: any bytes as a packed structure: refused, or a tree that every reader of
 * trees can walk and that packs to a tree again.
 */
#include <stdlib.h>

#include "imap/grammar/imap_body.h"
#include "mime/section.h"
#include "mime/structure_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice packed = slice_of(data, size);
	struct mime_section section = { .path = { 1, 1 } };
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	struct mime_part *root, *back;
	size_t message_size, offset, n;

	if (mime_structure_unpack(a, packed, &root) == 0) {
		message_size = root->header_size + root->body_size;
		imap_write_body(&out, root, true);
		for (section.path_n = 0; section.path_n <= 2; section.path_n++)
			if (!mime_section_range(root, &section, &offset, &n) &&
				(offset > message_size || n > message_size - offset))
				abort();
		for (struct mime_part *p = root; p; p = mime_part_after(root, p))
			mime_part_filename(a, p);
		strbuf_reset(&out);
		mime_structure_pack(&out, root);
		if (mime_structure_unpack(a, strbuf_slice(&out), &back))
			abort();
	}
	strbuf_free(&out);
	arena_free(&a);
	return 0;
}
