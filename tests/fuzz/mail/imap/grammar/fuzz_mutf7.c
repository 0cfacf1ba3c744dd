/*
 * fuzz_mutf7.c: any bytes as a mailbox name. What decodes has this one spelling, and what was
 * encoded decodes to the same text.
 */
#include <assert.h>

#include "hearth/error.h"
#include "hearth/text.h"
#include "imap/grammar/imap_mutf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct strbuf text = { 0 }, wire = { 0 }, back = { 0 };

	if (imap_mutf7_decode(&text, in) == 0) {
		assert(utf8_valid(strbuf_slice(&text)));
		imap_mutf7_encode(&wire, strbuf_slice(&text));
		assert(slice_eq(strbuf_slice(&wire), in));
	} else {
		assert(text.n == 0);
	}
	strbuf_reset(&wire);
	imap_mutf7_encode(&wire, in);
	if (utf8_valid(in) && !(size && memchr(data, '\0', size))) {
		assert(imap_mutf7_decode(&back, strbuf_slice(&wire)) == 0);
		assert(slice_eq(strbuf_slice(&back), in));
	}
	strbuf_free(&text);
	strbuf_free(&wire);
	strbuf_free(&back);
	return 0;
}
