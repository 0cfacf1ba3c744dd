/*
 * worker.h: makes segments: the consumer of the queue VIDEO_QUEUE. On workers.
 */
#ifndef VIDEO_WORKER_H
#define VIDEO_WORKER_H

#include "video.h"

#define VIDEO_ATTEMPTS_MAX 3

/*
 * Makes one segment: reads the chunk, packages it as it is or transcoded, stores the bytes, then
 * row, event and the task's end in one transaction. After the last failed attempt the segment is
 * stored as a gap, so that the playlist goes on.
 */
int video_worker_make(void *module, const struct queue_task *task, struct arena *a);

#endif
