/*
 * demuxer_warn.c: what the publisher is told of what is wrong with its stream. Each thing is told
 * once a publisher, of losses the log has a line, ever more seldom. On the loop; constant texts.
 */
#include "hearth/clock.h"
#include "hearth/log.h"
#include "ingest/demuxer_internal.h"

static const char *const warnings[] = {
	[WARN_AUDIO_CODEC] = "only AAC audio is taken here: the stream goes on without this sound",
	[WARN_AUDIO_HEADER] = "the AAC header is missing, malformed or of a kind that is not taken "
			      "here; such sound is left out",
	[WARN_AUDIO_LATE] = "sound that begins so long after the pictures is left out; publish "
			    "anew to have it",
	[WARN_VIDEO_HEADER] = "the AVC header is missing or malformed; such pictures are left out",
	[WARN_VIDEO_LATE] = "pictures that begin so long after the sound are left out; publish "
			    "anew to have them",
	[WARN_TRACKS] = "one track of pictures and one of sound are taken here; others are left "
			"out",
	[WARN_MALFORMED] = "malformed tags are left out",
	[WARN_MISSING] =
		"sound or pictures do not come: silence, or the last picture, stands there",
	[WARN_LEFT_OUT] =
		"pictures before a key frame, or out of time, and their sound are left out",
	[WARN_RAW_FULL] = "the raw backup of this stream is full; the stream itself goes on",
};

void demuxer_warn(struct demuxer *in, enum demuxer_warning w)
{
	INVARIANT(w < sizeof(warnings) / sizeof(warnings[0]));
	if (!(in->warned & 1u << w))
		in->warning = warnings[w];
	in->warned |= 1u << w;
}

bool demuxer_has_warned(const struct demuxer *in, enum demuxer_warning w)
{
	return in->warned & 1u << w;
}

#define TELL_LEAST  10    /* a line begins with a picture: some sound before it is no loss */
#define TELL_MS     10000 /* from the first time to the second, then ever twice as long… */
#define TELL_MS_MAX 640000

/* Nothing is lost unsaid, nor is each of it worth a line. */
void demuxer_tell_losses(struct demuxer *in)
{
	uint64_t dropped = segmenter_dropped(in->segmenter), made = segmenter_made(in->segmenter);
	int64_t now_ms = clock_mono_ms();

	INVARIANT(dropped >= in->dropped && made >= in->made);
	if ((dropped - in->dropped < TELL_LEAST && made == in->made) ||
		(in->told_ms && now_ms - in->told_ms < in->tell_ms))
		return;
	in->tell_ms = in->tell_ms && in->tell_ms < TELL_MS_MAX ? 2 * in->tell_ms : TELL_MS;
	if (!in->warning && made > in->made)
		demuxer_warn(in, WARN_MISSING);
	else if (!in->warning)
		demuxer_warn(in, WARN_LEFT_OUT);
	log_warn("video", "samples out of time were left out, or made where a track had none",
		"stream", "%lld", (long long)in->stream, "left_out", "%llu",
		(unsigned long long)(dropped - in->dropped), "made", "%llu",
		(unsigned long long)(made - in->made), NULL);
	in->dropped = dropped;
	in->made = made;
	in->told_ms = now_ms;
}
