/*
 * fuzz_profile_check.c: any bytes as a display name, a language tag, a group's name and description
 * and a size. What is taken comes out in a form that is taken again as it is.
 */
#include <assert.h>

#include "account/quota.h"
#include "group/group.h"
#include "hearth/text.h"
#include "profile/profile_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_name(struct slice in)
{
	struct strbuf first = { 0 }, again = { 0 };
	const char *why = NULL;

	if (profile_name_check(in, &first, &why) == 0) {
		assert(!why && first.n > 0 && first.n <= PROFILE_NAME_BYTES);
		assert(utf8_valid(strbuf_slice(&first)));
		assert(profile_name_check(strbuf_slice(&first), &again, &why) == 0);
		assert(slice_eq(strbuf_slice(&first), strbuf_slice(&again)));
	} else {
		assert(why && why[0] && first.n == 0);
	}
	strbuf_free(&first);
	strbuf_free(&again);
}

static void try_tag(struct slice in)
{
	struct strbuf first = { 0 }, again = { 0 };

	if (language_tag_check(in, &first) == 0) {
		assert(slice_ieq(in, strbuf_slice(&first)));
		assert(language_tag_check(strbuf_slice(&first), &again) == 0);
		assert(slice_eq(strbuf_slice(&first), strbuf_slice(&again)));
	} else {
		assert(first.n == 0);
	}
	strbuf_free(&first);
	strbuf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	char name[GROUP_NAME_MAX + 1];
	int64_t bytes = 0;

	try_name(in);
	try_tag(in);
	if (group_name_check(in, name) == 0)
		assert(slice_ieq(in, slice_str(name)));
	if (group_description_valid(in))
		assert(utf8_valid(in) && size <= GROUP_DESCRIPTION_MAX * 4);
	if (quota_read(in, &bytes) == 0)
		assert(bytes >= 0 && bytes <= QUOTA_BYTES_MAX);
	time_zone_known(in);
	return 0;
}
