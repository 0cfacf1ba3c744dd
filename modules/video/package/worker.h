/*
 * worker.h: makes segments: the consumer of the queues VIDEO_QUEUE_PACKAGE and _TRANSCODE. On
 * workers.
 */
#ifndef VIDEO_WORKER_H
#define VIDEO_WORKER_H

#include "video.h"

#define VIDEO_ATTEMPTS_MAX 5 /* at making a segment; then it becomes a gap */
/* How often a task may be handed out: storing the gap can fail too, and crashes count. */
#define VIDEO_HANDOUTS_MAX 100
/* Short, since that is how long a task waits that a crash took along; transcoding prolongs it. */
#define VIDEO_LEASE_MS 15000

/*
 * Transcoding that has fallen behind is no help to anybody: of a stream that goes on, a smaller
 * rendition that is later than [video] late is left out (gaps) for SHED_MS, so that the machine
 * catches up; the log, a metric and the publisher are told.
 *
 * Makes one segment: reads the GOP, packages it as it is or transcoded, stores the bytes, then
 * row, event and the task's end in one transaction. What cannot be made is stored as a gap, so that
 * the playlist goes on.
 */
int video_worker_make(void *module, const struct queue_task *task, struct arena *a);

#endif
