/*
 * fuzz_autodiscover.c: any bytes as what Outlook asks. What is taken is a line of UTF-8 within its bounds,
 * and the answer to it has as many tags that open as that close.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct autodiscover_request rq;
	struct strbuf out = { 0 };
	struct setup s = { .host = "mail.example.org",
		.domain = "example.org",
		.url = "https://mail.example.org/",
		.imap = { 993, false },
		.smtp = { 465, false } };
	size_t open = 0, close = 0;

	if (size > SETUP_BODY_MAX || autodiscover_read(slice_of(data, size), &rq) < 0)
		return 0;
	check_text(rq.address, sizeof(rq.address));
	check_text(rq.schema, sizeof(rq.schema));
	s.address = rq.address;
	setup_write_autodiscover(&s, &out);
	for (size_t i = 0; i < out.n; i++) {
		open += out.p[i] == '<';
		close += out.p[i] == '>';
	}
	assert(open == close && open == 54);
	strbuf_free(&out);
	return 0;
}
