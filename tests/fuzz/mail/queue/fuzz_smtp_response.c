/*
 * Any bytes as another server's answers: whole and in two pieces they are the same, they are bounded, and
 * no text has a control character or more than one answer in it.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "queue/smtp_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to the first answer that is whole, or no answer; the bytes used. */
static int read_one(struct slice in, size_t cut, struct smtp_response *r, size_t *used)
{
	struct slice part = slice_head(in, cut), rest = in;
	int rc = smtp_response_read(r, &part);

	*used = (size_t)(part.p - in.p);
	if (rc != 0)
		return rc;
	rest = slice_skip(in, *used);
	rc = smtp_response_read(r, &rest);
	*used = in.n - rest.n;
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_response whole = { 0 }, parts = { 0 };
	struct smtp_extensions x;
	struct slice in;
	size_t used, again;
	int rc;

	if (size < 2)
		return 0;
	in = slice_of(data + 1, size - 1);
	rc = read_one(in, in.n, &whole, &used);
	INVARIANT(read_one(in, data[0] % in.n, &parts, &again) == rc);
	if (rc == 1) {
		INVARIANT(used == again && whole.code == parts.code && whole.code >= 200 &&
			  whole.code < 600);
		INVARIANT(slice_eq(strbuf_slice(&whole.text), strbuf_slice(&parts.text)));
		INVARIANT(whole.text.n <= SMTP_RESPONSE_MAX);
		for (size_t i = 0; i < whole.text.n; i++)
			INVARIANT((unsigned char)whole.text.p[i] >= ' ' || whole.text.p[i] == '\n');
		smtp_extensions_read(&whole, &x);
	}
	smtp_response_free(&whole);
	smtp_response_free(&parts);
	return 0;
}
