/*
 * demuxer.h: from a publisher's tags to pieces for the upload: every tag goes into the raw backup
 * as it came; what is in it goes through the segmenter, which cuts GOPs. One for each stream. On
 * the loop.
 */
#ifndef VIDEO_DEMUXER_H
#define VIDEO_DEMUXER_H

#include "ingest/upload.h"

struct demuxer;

/*
 * For a stream that begins, or that goes on after a restart (its latest GOP says where). The
 * upload is not owned.
 */
struct demuxer *demuxer_new(
	struct video *v, const struct video_stream *stream, bool goes_on, struct upload *upload);
/*
 * One audio, video or script tag (flv_tag.h). 0, with a warning for the publisher in *why, or NULL;
 * HEARTH_EUNSUPPORTED: a codec that is not taken here, HEARTH_EINVAL: malformed; then *why says it.
 */
int demuxer_tag(struct demuxer *in, uint8_t type, int64_t timestamp_ms, struct slice body,
	const char **why);
/*
 * The publisher is gone: what came goes to the upload. The next one begins with its codecs, and in
 * a new epoch.
 */
void demuxer_break(struct demuxer *in);
/* Throws away what demuxer_break has not handed on. Legal on NULL. */
void demuxer_free(struct demuxer **in);

#endif
