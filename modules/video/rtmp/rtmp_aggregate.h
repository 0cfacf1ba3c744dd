/*
 * rtmp_aggregate.h: an aggregate message (RTMP 1.0 section 7.1.6): audio, video and data messages
 * one behind the other, each as FLV writes a tag. Pure; nothing is copied.
 */
#ifndef HEARTH_RTMP_AGGREGATE_H
#define HEARTH_RTMP_AGGREGATE_H

#include "rtmp/rtmp_chunk.h"

#define RTMP_AGGREGATE_PARTS_MAX 4096

struct rtmp_aggregate {
	struct slice left; /* what has not been taken apart */
	uint32_t stream_id;
	int64_t timestamp_ms; /* of the whole: its first part has this time… */
	uint32_t first_ms;    /* …whatever that part itself says */
	unsigned parts;
};

void rtmp_aggregate_init(struct rtmp_aggregate *a, const struct rtmp_message *m);
/*
 * The next message in it: 1; 0 at the end; HEARTH_EINVAL when what is left is none, or too many
 * were in it.
 */
int rtmp_aggregate_next(struct rtmp_aggregate *a, struct rtmp_message *out);

#endif
