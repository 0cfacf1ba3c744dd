/*
 * Aggregate messages: the parts lie inside the whole, in order, and are no more than allowed.
 */
#include "rtmp/rtmp_aggregate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rtmp_message m = { .type = RTMP_AGGREGATE,
		.stream_id = 1,
		.timestamp_ms = 1000,
		.body = slice_of(data, size) };
	const char *end = m.body.p;
	struct rtmp_aggregate a;
	struct rtmp_message part;
	unsigned n = 0;

	rtmp_aggregate_init(&a, &m);
	while (rtmp_aggregate_next(&a, &part) > 0) {
		if (n++ == 0 && part.timestamp_ms != 1000)
			abort();
		if (part.body.n &&
			(part.body.p < end || part.body.p + part.body.n > m.body.p + size))
			abort();
		end = part.body.n ? part.body.p + part.body.n : end;
	}
	return n > RTMP_AGGREGATE_PARTS_MAX ? abort(), 0 : 0;
}
