/*
 * Any bytes as a mail that a group changes: of the fields it writes there is one, the body stays, and other lists
 * say nothing but their List-Id.
 */
#include "hearth/log.h"
#include "list/rewrite.h"
#include "mime/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct list_rewrite r = { .prefix = SLICE("[choir]"),
		.from = true,
		.alone = true,
		.title = SLICE("The choir"),
		.address = SLICE("choir@ours.test") };
	struct slice in = slice_of(data, size), all;
	struct mime_fields it;
	struct mime_field field;
	struct strbuf out = { 0 };
	size_t from = 0;

	list_rewrite_lacks(in, r.prefix);
	list_rewrite(&out, in, &r);
	all = strbuf_slice(&out);
	it = mime_fields_of(all);
	while (mime_fields_next(&it, &field))
		from += slice_ieq(field.name, SLICE("From"));
	/* Beyond so many fields nothing is looked at. */
	INVARIANT(from == 1 || it.left == 0);
	INVARIANT(!list_rewrite_has_others(all) || it.left == 0);
	INVARIANT(all.n >= size - mime_header_size(in));
	strbuf_free(&out);
	return 0;
}
