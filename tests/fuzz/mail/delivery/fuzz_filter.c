/*
 * fuzz_filter.c: any rules (JSON, up to the first NUL) against any message: what comes out is
 * something the store takes.
 */
#include <assert.h>

#include "delivery/filter.h"
#include "hearth/text.h"
#include "store/mailbox_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = slice_of(data, size), rules = slice_split(&message, '\0');
	struct mail_filter_facts facts = { .has_attachment = size % 2, .size = size };
	struct mail_filter_outcome out;
	struct arena *a = arena_new();
	struct json *j;

	mail_filter_read(a, message, &facts);
	assert(utf8_valid(facts.from) && utf8_valid(facts.to) && utf8_valid(facts.subject) &&
		utf8_valid(facts.list));
	if (json_read(a, rules, &j, NULL) == 0) {
		mail_filter_apply(a, j, &facts, SLICE("ann@hearth.test"), &out);
		assert(!out.mailbox.p || mail_name_is_good(out.mailbox));
		assert(out.keywords.n <= MAIL_KEYWORDS_MAX && utf8_valid(out.keywords));
		assert((out.flags & ~(unsigned)(MAIL_SEEN | MAIL_FLAGGED)) == 0);
	}
	arena_free(&a);
	return 0;
}
