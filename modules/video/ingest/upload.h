/*
 * upload.h: the pieces of a stream on their way to disk: a raw backup of what came, and GOPs.
 * Blobs are put at once, rows are written in the order of the pieces; what the disk refuses is
 * tried again until it takes it. On the loop.
 */
#ifndef VIDEO_UPLOAD_H
#define VIDEO_UPLOAD_H

#include "hearth/lease.h"
#include "store/store.h"

#define UPLOAD_RENDITIONS_MAX 2

/* One step of a stream: raw tags, and usually a GOP. */
struct upload_piece {
	struct buf *raw;                                          /* FLV tags; may be NULL. Owned */
	struct buf *gop_file;                                     /* may be NULL. Owned */
	struct video_gop gop;                                     /* `blob` is filled in */
	struct video_rendition renditions[UPLOAD_RENDITIONS_MAX]; /* to be set before the GOP */
	int rendition_count;
};

struct upload;

/*
 * For a stream whose next raw piece has this number; nothing is written once its lease, which is
 * copied, is somebody else's. `progress` is called, never from inside a
 * call, when a piece is on disk.
 */
struct upload *upload_new(struct video *v, const struct video_stream *stream,
	const struct lease *lease, int64_t raw_number, void (*progress)(void *arg), void *arg);
/* Takes over the references in *p. */
void upload_add(struct upload *u, const struct upload_piece *p);
/* Bytes that are not on disk yet; nothing waits at all. */
size_t upload_bytes(const struct upload *u);
bool upload_idle(const struct upload *u);
/* Only when it is idle. Legal on NULL. */
void upload_free(struct upload **u);

#endif
