/*
 * retention.h: what is kept of streams, and for how long: segments for [video] keep (and while a
 * playlist lists them), the raw backup of a stream that has ended for [video] raw_keep, then what
 * is left of a stream. What its owner deleted is old at once. On the loop; the work is done on a
 * worker.
 */
#ifndef VIDEO_RETENTION_H
#define VIDEO_RETENTION_H

#include "video.h"

/* A stream was deleted: its rows go now, and its blobs once the blob store's grace is over. */
void retention_soon(struct retention *r);
struct retention *retention_new(struct video *v);
void retention_free(struct retention **r);

#endif
