/*
 * tidy.h: forgets GOPs that every rendition has had, some time later, and releases their blobs
 * (blob.h). On the loop.
 */
#ifndef VIDEO_TIDY_H
#define VIDEO_TIDY_H

#include "video.h"

struct tidy *tidy_new(struct video *v);
void tidy_free(struct tidy **t);

#endif
