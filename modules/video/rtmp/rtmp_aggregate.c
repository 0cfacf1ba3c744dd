/*
 * rtmp_aggregate.c: takes an aggregate apart, a message a call, each length held against what is
 * left. Pure; nothing is copied.
 */
#include "rtmp/rtmp_aggregate.h"

#include "flv/flv_tag.h"
#include "hearth/error.h"

void rtmp_aggregate_init(struct rtmp_aggregate *a, const struct rtmp_message *m)
{
	*a = (struct rtmp_aggregate){
		.left = m->body, .stream_id = m->stream_id, .timestamp_ms = m->timestamp_ms
	};
}

int rtmp_aggregate_next(struct rtmp_aggregate *a, struct rtmp_message *out)
{
	struct flv_tag tag;
	ssize_t used;

	if (a->left.n == 0)
		return 0;
	used = flv_read_tag(a->left, &tag);
	if (used <= 0 || ++a->parts > RTMP_AGGREGATE_PARTS_MAX)
		return HEARTH_EINVAL;
	if (a->parts == 1)
		a->first_ms = tag.timestamp_ms;
	a->left = slice_skip(a->left, (size_t)used);
	*out = (struct rtmp_message){ .type = tag.type,
		.stream_id = a->stream_id,
		.timestamp_ms = a->timestamp_ms + (int32_t)(tag.timestamp_ms - a->first_ms),
		.body = tag.body };
	return 1;
}
