/*
 * fuzz_unbinary.c: any bytes as a BINARYMIME message. What comes of it has no NUL, and nothing is left to be
 * done for it.
 */
#include <assert.h>
#include <stdlib.h>

#include "mime/unbinary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf out = { 0 };

	if (mime_unbinary(&out, slice_of(data, size)))
		assert(slice_chr(strbuf_slice(&out), '\0') < 0);
	strbuf_free(&out);
	return 0;
}
