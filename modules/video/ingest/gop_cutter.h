/*
 * gop_cutter.h: cuts what two tracks hold into GOPs: where a cut falls, how long it waits for sound,
 * what fills a track that has nothing. The part of the segmenter that knows no clocks: all times are
 * on the channel's line, in 90 kHz ticks. Pure; a member of its segmenter.
 */
#ifndef VIDEO_GOP_CUTTER_H
#define VIDEO_GOP_CUTTER_H

#include "ingest/audio_track.h"
#include "ingest/gop.h"
#include "ingest/video_track.h"

/* How well a sample would begin a GOP. */
enum gop_place {
	GOP_PLACE_POOR, /* shown before pictures that came before it */
	GOP_PLACE_FAIR,
	GOP_PLACE_GOOD, /* a key frame, or sound alone */
};

struct gop_cutter {
	/* What the segmenter's options say (segmenter.h). */
	uint32_t target_ms, duration_max_ms;
	bool settles; /* until the first GOP has */
	size_t bytes_max;

	bool has_video, has_audio; /* which tracks there are */
	struct video_track video;
	struct audio_track audio;
	int64_t start; /* where the first GOP begins that is not handed out */
	bool cutting;
	int64_t cut_time;       /* cutting: where it ends… */
	size_t cut_pictures;    /* …and how many pictures lie before that */
	uint64_t sequence;      /* of the next GOP */
	bool discontinuity;     /* to be marked on it */
	uint64_t made, dropped; /* samples, for a track that had none; that were left out */
	struct gop *ready, **ready_tail;
};

void gop_cutter_init(struct gop_cutter *c);
/* Throws away what it holds and what has not been taken. */
void gop_cutter_clear(struct gop_cutter *c);
/* A line begins: its tracks hold nothing. */
void gop_cutter_begin(struct gop_cutter *c, int64_t dts_ms, int64_t origin);

/* Bytes that the tracks take in memory. */
size_t gop_cutter_held(const struct gop_cutter *c);
/* Where the GOP under way begins: what comes now lies in it. Whether it has a picture yet. */
int64_t gop_cutter_under_way(const struct gop_cutter *c);
bool gop_cutter_has_picture(const struct gop_cutter *c);
/* Silence up to there. */
void gop_cutter_fill_audio(struct gop_cutter *c, int64_t until);

/*
 * Before a sample is held: ends the GOP where it has to, or earlier when the sample comes too late
 * for it after a pause. Then, behind it: hands out what is cut and has not to wait for sound.
 */
void gop_cutter_before(struct gop_cutter *c, int64_t time, enum gop_place place);
void gop_cutter_after(struct gop_cutter *c);
/* All is handed out, and nothing held; returns where the line ends. */
int64_t gop_cutter_finish(struct gop_cutter *c);
/* The next GOP, to be owned by the caller, or NULL. */
struct gop *gop_cutter_take(struct gop_cutter *c);

#endif
