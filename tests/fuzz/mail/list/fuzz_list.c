/*
 * Any bytes as the header of a mail to a group, as its title, and as a link to leave it: no title ends its
 * field, what was written is known again, and no link that we did not sign is taken.
 */
#include "hearth/log.h"
#include "list/leave.h"
#include "list/list_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[LEAVE_KEY] = "a key that no input knows";
	struct slice in = slice_of(data, size), domain = SLICE("ours.test");
	struct mail_list list = {
		.id = 1, .name = SLICE("staff"), .title = slice_head(in, 64), .open = true
	};
	struct strbuf out = { 0 };
	int64_t group, account;
	size_t lines = 0;

	INVARIANT(leave_token_read(key, in, 1700000000, &group, &account) < 0);
	list_header_has(in, &list, domain);
	list_header_is_reply(in);
	list_header_write(&out, &list, domain, SLICE("https://ours.test/"), "1-2-3-ab", SLICE(""));
	for (size_t i = 0; i < out.n; i++)
		lines += out.p[i] == '\n';
	INVARIANT(lines == 5);
	INVARIANT(list_header_has(strbuf_slice(&out), &list, domain));
	strbuf_free(&out);
	return 0;
}
