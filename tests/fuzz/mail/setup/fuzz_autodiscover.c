/*
 * fuzz_autodiscover.c: any bytes as what Outlook asks. What is taken is a line of UTF-8 within its bounds,
 * and the answer to it has the tags that every answer has.
 */
#include <assert.h>

#include "hearth/text.h"
#include "setup/setup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t max)
{
	assert(strlen(text) < max && utf8_valid(slice_str(text)));
	for (const char *p = text; *p; p++)
		assert((unsigned char)*p >= ' ' && *p != 0x7f);
}

/* How many tags the answer for an address has. */
static size_t tags_for(const char *address)
{
	const struct setup s = { .host = "mail.example.org",
		.domain = "example.org",
		.url = "https://mail.example.org/",
		.address = address,
		.imap = { 993, false },
		.smtp = { 465, false } };
	struct strbuf out = { 0 };
	size_t open = 0, close = 0;

	setup_write_autodiscover(&s, &out);
	for (size_t i = 0; i < out.n; i++) {
		open += out.p[i] == '<';
		close += out.p[i] == '>';
	}
	assert(open == close);
	strbuf_free(&out);
	return open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct autodiscover_request rq;

	if (size > SETUP_BODY_MAX || autodiscover_read(slice_of(data, size), &rq) < 0)
		return 0;
	check_text(rq.address, sizeof(rq.address));
	check_text(rq.schema, sizeof(rq.schema));
	assert(tags_for(rq.address) == tags_for("ann@example.org"));
	return 0;
}
