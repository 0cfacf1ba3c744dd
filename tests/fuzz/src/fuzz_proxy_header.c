/*
 * Any bytes as what comes first on a connection from a proxy: a header, more to come, or none; and
 * what is said of a part does not change when the rest comes.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "net/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole, part;
	size_t used = 0, part_used;
	enum proxy_event event = proxy_header_read(slice_of(data, size), &whole, &used);

	INVARIANT(used <= size && (used > 0) == (event == PROXY_DONE || used > 0));
	for (size_t n = 0; n < size; n++) {
		enum proxy_event early = proxy_header_read(slice_of(data, n), &part, &part_used);

		INVARIANT(early == PROXY_MORE || early == event);
	}
	return 0;
}
