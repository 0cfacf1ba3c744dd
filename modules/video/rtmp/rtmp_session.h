/*
 * rtmp_session.h: an RTMP connection of a publisher (OBS, ffmpeg, cameras). On the loop.
 */
#ifndef HEARTH_RTMP_SESSION_H
#define HEARTH_RTMP_SESSION_H

#include "video.h"

void rtmp_session_new(struct video *v, struct conn *conn);

#endif
