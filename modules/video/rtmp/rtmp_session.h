/*
 * rtmp_session.h: an RTMP connection of a publisher (OBS, ffmpeg, cameras). On the loop.
 */
#ifndef HEARTH_RTMP_SESSION_H
#define HEARTH_RTMP_SESSION_H

#include "video.h"

void rtmp_session_new(struct video *v, struct conn *conn);
/* Closes those whose key this event "accounts.revoked" ends. */
void rtmp_session_revoke(struct video *v, const struct json *event);
/* The server stops: closes those that do not publish (ingest_drain sees to the others). */
void rtmp_session_drain(struct video *v);

#endif
