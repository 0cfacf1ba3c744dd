/*
 * Any text as X-Forwarded-For, and as Forwarded: who is found is an address, and nobody behind one
 * that is not trusted.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "hearth/network.h"
#include "http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network ten;
	struct networks trusted = { &ten, 1 };
	struct slice text = slice_of(data, size);

	INVARIANT(network_parse(SLICE("10.0.0.0/8"), &ten));
	for (int i = 0; i < 2; i++) {
		struct forwarded_fields in = { .x_proto = text, .x_host = text };
		struct forwarded out;
		unsigned char bytes[ADDRESS_BYTES];

		if (i)
			in.x_for = text;
		else
			in.forwarded = text;
		forwarded_read(&in, &trusted, &out);
		INVARIANT(!out.peer[0] || address_bytes(slice_str(out.peer), bytes));
	}
	return 0;
}
