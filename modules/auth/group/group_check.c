/*
 * group_check.c: what a group may be called (group.h). Pure.
 */
#include "group/group.h"

#include "hearth/error.h"
#include "hearth/text.h"

int group_name_check(struct slice name, char out[GROUP_NAME_MAX + 1])
{
	if (name.n < 2 || name.n > GROUP_NAME_MAX)
		return HEARTH_EINVAL;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool dash = c == '-' && i > 0 && i + 1 < name.n;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!dash && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
			return HEARTH_EINVAL;
		out[i] = c;
	}
	out[name.n] = '\0';
	return 0;
}

bool group_description_valid(struct slice text)
{
	size_t count = 0;
	uint32_t c;

	if (!utf8_valid(text))
		return false;
	for (size_t n; (n = utf8_decode(text, &c)) > 0; text = slice_skip(text, n)) {
		bool control = (c < ' ' && c != '\n') || (c >= 0x7f && c <= 0x9f);
		/* What turns text round (Unicode's bidirectional controls). */
		bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

		if (control || turns || ++count > GROUP_DESCRIPTION_MAX)
			return false;
	}
	return true;
}

static const char *const postings[] = { "anybody", "members", "owners", "moderated" };

const char *group_posting_name(enum group_posting posting)
{
	return postings[posting];
}

int group_posting_read(struct slice name, enum group_posting *out)
{
	for (int i = 0; i < 4; i++)
		if (slice_eq(name, slice_str(postings[i]))) {
			*out = (enum group_posting)i;
			return 0;
		}
	return HEARTH_EINVAL;
}

static const char *const archives[] = { "off", "members" };

const char *group_archive_name(enum group_archive archive)
{
	return archives[archive];
}

int group_archive_read(struct slice name, enum group_archive *out)
{
	for (int i = 0; i < 2; i++)
		if (slice_eq(name, slice_str(archives[i]))) {
			*out = (enum group_archive)i;
			return 0;
		}
	return HEARTH_EINVAL;
}

bool group_prefix_valid(struct slice text)
{
	if (text.n > GROUP_PREFIX_MAX || slice_trim(text).n != text.n)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	/* No word that says its text is encoded (RFC 2047). */
	return slice_find(text, SLICE("=?")) < 0;
}
