/*
 * live_playlist.h: the playlists of a channel in memory, as text. On the loop.
 */
#ifndef VIDEO_LIVE_PLAYLIST_H
#define VIDEO_LIVE_PLAYLIST_H

#include "origin/live.h"

/* The caller owns the reference. */
struct buf *live_write_master(const struct live_channel *c);
/* Of a line that has a segment. */
struct buf *live_write_playlist(const struct live_channel *c, const struct live_line *line);

#endif
