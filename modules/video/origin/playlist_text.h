/*
 * playlist_text.h: the playlists of a channel in memory, as text. On the loop.
 */
#ifndef VIDEO_PLAYLIST_TEXT_H
#define VIDEO_PLAYLIST_TEXT_H

#include "origin/playlist_cache.h"

/* The caller owns the reference. */
struct buf *live_write_master(const struct live_channel *c);
/* Of a line that has a segment. */
struct buf *live_write_playlist(const struct live_channel *c, const struct live_line *line);

#endif
