/*
 * opening.c: keeps what came before all tracks were known, and says when they are. On the loop;
 * bounded by tags and bytes.
 */
#include "ingest/opening.h"

#include "hearth/log.h"

#include <stdlib.h>

#include "codec/codec.h"
#include "flv/flv_tag.h"
#include "rtmp/rtmp_command.h"

void opening_init(struct opening *o)
{
	*o = (struct opening){ 0 };
	o->last = &o->first;
}

void opening_clear(struct opening *o)
{
	struct opening_tag *t;

	while ((t = opening_take(o)))
		opening_tag_free(&t);
}

void opening_again(struct opening *o)
{
	opening_clear(o);
	o->over = o->timed = o->video_known = o->audio_known = false;
}

void opening_tag_free(struct opening_tag **t)
{
	buf_unref(&(*t)->body);
	free(*t);
	*t = NULL;
}

struct opening_tag *opening_take(struct opening *o)
{
	struct opening_tag *t = o->first;

	if (!t)
		return NULL;
	o->first = t->next;
	if (!o->first)
		o->last = &o->first;
	INVARIANT(o->bytes >= t->body->n);
	o->bytes -= t->body->n;
	return t;
}

void opening_script(struct opening *o, struct slice body)
{
	const struct rtmp_message m = { .type = RTMP_DATA, .body = body };
	struct arena *a;
	struct rtmp_data data;

	if (o->over)
		return;
	a = arena_new();
	if (rtmp_data_read(a, &m, &data) == 0 && data.has_metadata) {
		o->told = true;
		o->video_told = data.metadata.video;
		o->audio_told = data.metadata.audio;
	}
	arena_free(&a);
}

/*
 * A configuration makes a track known; sound that is not taken here will not make one; and pictures
 * that are not, or a broken header, are to be told at once.
 */
static void look_at_video(struct opening *o, struct slice body)
{
	const struct codec *codec;
	struct codec_info info;
	struct av_tag tag;

	if (av_tag_video(body, &tag) < 0 && !tag.codec)
		return;
	codec = codec_of(tag.codec);
	if (tag.packet != AV_PACKET_IGNORE && !codec)
		o->video_known = o->audio_known = true;
	if (tag.packet != AV_PACKET_CONFIG || tag.data.n == 0)
		return;
	o->video_known = true;
	if (codec && codec->describe(tag.data, &info) < 0)
		o->audio_known = true;
}

static void look(struct opening *o, uint8_t type, struct slice body)
{
	struct av_tag tag;

	if (type == FLV_VIDEO) {
		look_at_video(o, body);
	} else if (av_tag_audio(body, &tag) == 0) {
		o->audio_foreign |= tag.packet != AV_PACKET_IGNORE && !codec_of(tag.codec);
		o->audio_known |= tag.packet == AV_PACKET_CONFIG || o->audio_foreign;
	}
}

bool opening_audio_may_come(const struct opening *o)
{
	return !o->audio_foreign && (o->audio_told || !o->told);
}

/* Whether a track has to be waited for any longer. */
static bool is_awaited(
	const struct opening *o, bool known, bool told, int64_t wait_ms, int64_t waited_ms)
{
	return !known && (told || !o->told) && waited_ms < wait_ms;
}

bool opening_keep(struct opening *o, uint8_t type, int64_t timestamp_ms, struct slice body)
{
	struct opening_tag *t = mem_zalloc(sizeof(*t));
	int64_t waited_ms;

	INVARIANT(!o->over && (type == FLV_AUDIO || type == FLV_VIDEO));
	*t = (struct opening_tag){
		.type = type, .timestamp_ms = timestamp_ms, .body = buf_copy(body)
	};
	*o->last = t;
	o->last = &t->next;
	o->bytes += body.n;
	look(o, type, body);
	if (!o->timed)
		o->first_ms = timestamp_ms;
	o->timed = true;
	waited_ms = timestamp_ms - o->first_ms;
	if (waited_ms < 0) /* its clock is set anew: that says nothing of a wait */
		o->first_ms = timestamp_ms;
	o->over = o->bytes > OPENING_BYTES_MAX ||
		  (!is_awaited(o, o->video_known, o->video_told, OPENING_VIDEO_MS, waited_ms) &&
			  !is_awaited(o, o->audio_known, o->audio_told,
				  o->told ? OPENING_AUDIO_MS : OPENING_UNKNOWN_MS, waited_ms));
	return o->over;
}
