/*
 * section_text.h: a section as a client writes it, read by what reads FETCH, and answered from a
 * message that is at hand.
 */
#ifndef HEARTH_TESTS_SECTION_TEXT_H
#define HEARTH_TESTS_SECTION_TEXT_H

#include "hearth/error.h"
#include "imap/grammar/imap_args.h"
#include "mime/section.h"

/* What stands in BODY[…]: 0, or HEARTH_EINVAL when it is no section. */
static inline int section_of(struct arena *a, const char *text, struct mime_section *out)
{
	struct imap_refusal why;
	const struct imap_command *c = imap_command_parse(
		a, slice_str(arena_printf(a, "a FETCH 1 BODY.PEEK[%s]", text)), &why);

	if (!c)
		return HEARTH_EINVAL;
	*out = c->fetch.items->section;
	return 0;
}

/* The answer from the bytes of the whole message: 0, or HEARTH_ENOTFOUND. */
static inline int section_get(struct arena *a, struct slice message, const struct mime_part *root,
	const struct mime_section *section, struct slice *out)
{
	size_t offset, size;
	int rc = mime_section_range(root, section, &offset, &size);

	if (rc == 0)
		*out = mime_section_filter(a, section, slice_of(message.p + offset, size));
	return rc;
}

#endif
