/*
 * fuzz_imap.c: any bytes as what an IMAP client sends. The first byte says how they are cut and
 * which limits hold. Cut or whole, the same must happen, down to every argument of every command,
 * and no more may be held than the limits allow.
 */
#include <assert.h>

#include "../../../../unit/mail/imap/grammar/imap_dump.h"
#include "imap/grammar/imap_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct imap_limits small = {
	.line_max = 200,
	.command_max = 400,
	.literal_max = 50,
	.literal_count = 4,
	.append_max = 60,
	.skip_max = 300,
};

static struct strbuf run(struct slice in, size_t step, uint8_t how)
{
	const struct imap_limits *limits = how & 1 ? &small : &imap_limits_after_auth;
	struct dump_run r = dump_run(in, 0, step, limits, how & 2);
	struct strbuf log = r.log;

	assert(r.held_max <= limits->command_max + 2);
	r.log = (struct strbuf){ 0 };
	dump_free(&r);
	return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole, cut;
	struct slice in;

	if (size < 1)
		return 0;
	in = slice_of(data + 1, size - 1);
	whole = run(in, in.n + 1, data[0]);
	cut = run(in, data[0] / 4 + 1, data[0]);
	assert(slice_eq(strbuf_slice(&whole), strbuf_slice(&cut)));
	imap_match(slice_head(in, data[0] / 8), slice_skip(in, data[0] / 8), '/');
	strbuf_free(&whole);
	strbuf_free(&cut);
	return 0;
}
