/*
 * gops.h: what is said of a stream's GOPs on their way to the upload: renditions, the wall clock,
 * what a GOP needs of the one before; and the raw backup that goes along. One for each stream. On
 * the loop; holds a raw piece and a GOP's lead at most.
 */
#ifndef VIDEO_GOPS_H
#define VIDEO_GOPS_H

#include "codec/codec.h"
#include "flv/flv_tag.h"
#include "ingest/segmenter.h"
#include "ingest/upload.h"

struct gops;

/* For a stream that begins, or goes on after a restart. The upload is not owned. */
struct gops *gops_new(
	struct video *v, const struct video_stream *stream, bool goes_on, struct upload *upload);
/* Throws away what was not flushed. Legal on NULL. */
void gops_free(struct gops **g);

/* Other codecs from the next GOP on: pace and renditions are described anew. */
void gops_changed(struct gops *g);
/* Hands a GOP on, which is in these codecs. */
void gops_take(struct gops *g, const struct codec_track *video, const struct codec_track *audio,
	const struct gop *gop);

/* Keeps a tag for the raw backup. False: that is full by it, and nothing more is kept. */
bool gops_keep_raw(struct gops *g, const struct flv_tag *tag);
/* Hands on raw tags that no GOP took along; when there are many, or (`all`) any. */
void gops_flush_raw(struct gops *g, bool all);

#endif
