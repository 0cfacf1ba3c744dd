/*
 * ingest.c: see ingest.h.
 *
 *   BEGINNING ──stream row on disk──▶ LIVE ──publisher broke off──▶ AWAY ──it came back──▶ LIVE
 *                                       │                             │
 *                                       └──it said so, drain──▶ ENDING ◀──too long
 *                                                                 └──all is stored──▶ freed
 *
 * A *piece* is what goes to disk at one time: the raw tags since the last one, and usually a chunk.
 * Its blobs are put at once; its rows are written in the order of the pieces.
 */
#include "ingest.h"

#include <stdio.h>
#include <stdlib.h>

#include "chunk_file.h"
#include "codec/aac.h"
#include "codec/avc.h"
#include "flv/av_tag.h"
#include "flv/flv_tag.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "live.h"
#include "segment/segmenter.h"

#define RAW_PIECE_MAX   (4u << 20)  /* raw tags are stored at the latest then */
#define CHUNK_BYTES_MAX (8u << 20)
#define CHUNK_MS_MAX    10000
#define GAP_MS_MAX      10000       /* a longer pause of the publisher is a jump */
#define PIECES_MAX      8           /* on their way to disk; beyond, the publisher waits */
#define LADDER_HEIGHT   360
#define LADDER_BITRATE  800000

enum state { BEGINNING, LIVE, AWAY, ENDING };

/* On its way to disk. */
struct piece {
	struct list_node node;
	struct ingest *in;
	int64_t raw_number;       /* -1: no raw bytes */
	struct blob_info raw;
	bool has_chunk;
	int64_t sequence;
	char chunk_key[BLOB_KEY_MAX + 1];
	struct video_rendition renditions[2]; /* to be added with the first chunk */
	int rendition_count;
	int puts;                 /* blobs that are not stored yet */
	bool writing;
	int status;
};

struct ingest {
	struct video *v;
	struct video_channel channel;
	struct video_stream stream;
	enum state state;
	struct ingest_publisher publisher; /* arg NULL: nobody */
	struct timer away;

	struct segmenter *segmenter;       /* NULL until a track is known */
	struct segmenter_tracks tracks;
	struct buf *avcc, *asc;            /* the configurations in force */
	struct aac_config aac;
	struct avc_sps sps;
	bool renditions_added;
	int64_t base_start, base_wall_ms;  /* where the wall clock is tied to the stream's line */

	struct strbuf raw;                 /* tags not stored yet */
	int64_t raw_number;
	struct list pieces;                /* in order */
	int piece_count;
	bool told_to_wait;
};

static void write_next(struct ingest *in);

static void ingest_free(struct ingest *in)
{
	timer_stop(&in->away);
	map_remove_u64(in->v->ingests, (uint64_t)in->channel.id);
	segmenter_free(&in->segmenter);
	buf_unref(&in->avcc);
	buf_unref(&in->asc);
	strbuf_free(&in->raw);
	free(in);
}

/* ---- pieces ---- */

static void piece_failed(struct ingest *in, int status)
{
	log_error("video", "a piece of a stream was not stored", "channel", "%s", in->channel.name, "why", "%s",
		error_name(status), NULL);
}

static int write_piece(struct db_tx *tx, void *arg)
{
	struct piece *p = arg;
	int64_t stream = p->in->stream.id;
	int rc = 0;

	if (p->raw_number >= 0)
		rc = video_store_add_raw(tx, stream, p->raw_number, &p->raw);
	for (int i = 0; i < p->rendition_count && rc == 0; i++)
		rc = video_store_add_rendition(tx, &p->renditions[i]);
	if (rc == 0 && p->has_chunk)
		rc = video_store_add_chunk(tx, stream, p->sequence, p->chunk_key);
	return rc;
}

static void on_piece_written(void *arg, int status)
{
	struct piece *p = arg;
	struct ingest *in = p->in;

	if (status < 0)
		piece_failed(in, status);
	list_remove(&p->node);
	free(p);
	in->piece_count--;
	hearth_release(in->v->h);
	if (in->told_to_wait && in->piece_count < PIECES_MAX / 2 && in->publisher.arg) {
		in->told_to_wait = false;
		in->publisher.drained(in->publisher.arg);
	}
	write_next(in);
}

static int end_stream(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;

	return video_store_end(tx, in->stream.id, clock_wall_ms());
}

static void on_ended(void *arg, int status)
{
	struct ingest *in = arg;

	if (status < 0)
		piece_failed(in, status);
	log_info("video", "stream ended", "channel", "%s", in->channel.name, "stream", "%lld",
		(long long)in->stream.id, NULL);
	video_live_refresh(in->v->live, in->channel.id);
	metric_add(in->v->publishers, -1);
	hearth_release(in->v->h);
	ingest_free(in);
}

/* Writes the rows of the first piece once its blobs are stored; at the end of all, ends the stream. */
static void write_next(struct ingest *in)
{
	struct piece *p;

	if (list_empty(&in->pieces)) {
		if (in->state != ENDING)
			return;
		hearth_hold(in->v->h);
		if (db_write(in->v->db, end_stream, on_ended, in) < 0)
			on_ended(in, HEARTH_EBUSY);
		return;
	}
	p = LIST_ENTRY(in->pieces.head.next, struct piece, node);
	if (p->puts > 0 || p->writing)
		return;
	p->writing = true;
	if (p->status == 0)
		p->status = db_write(in->v->db, write_piece, on_piece_written, p);
	if (p->status < 0)
		on_piece_written(p, p->status);
}

static void on_raw_put(void *arg, int status, const struct blob_info *info)
{
	struct piece *p = arg;

	p->puts--;
	if (status == 0)
		p->raw = *info;
	else
		p->status = status;
	write_next(p->in);
}

static void on_chunk_put(void *arg, int status, const struct blob_info *info)
{
	struct piece *p = arg;

	(void)info;
	p->puts--;
	if (status < 0)
		p->status = status;
	write_next(p->in);
}

static void put_raw(struct piece *p)
{
	struct ingest *in = p->in;
	char name[BLOB_KEY_MAX + 1];
	struct buf *bytes;
	int rc;

	p->raw_number = -1;
	if (in->raw.n == 0)
		return;
	p->raw_number = in->raw_number++;
	bytes = buf_from_strbuf(&in->raw);
	snprintf(name, sizeof(name), "video/%lld/%lld/raw/%lld.flv", (long long)in->channel.id,
		(long long)in->stream.id, (long long)p->raw_number);
	p->puts++;
	rc = blob_put(in->v->blob, name, bytes, BLOB_PLAIN, on_raw_put, p);
	if (rc < 0) {
		p->puts--;
		p->status = rc;
	}
	buf_unref(&bytes);
}

static void put_chunk(struct piece *p, struct strbuf *file)
{
	struct ingest *in = p->in;
	struct buf *bytes = buf_from_strbuf(file);
	int rc;

	snprintf(p->chunk_key, sizeof(p->chunk_key), "video/%lld/%lld/chunk/%lld", (long long)in->channel.id,
		(long long)in->stream.id, (long long)p->sequence);
	p->has_chunk = true;
	p->puts++;
	rc = blob_put(in->v->blob, p->chunk_key, bytes, BLOB_PLAIN, on_chunk_put, p);
	if (rc < 0) {
		p->puts--;
		p->status = rc;
	}
	buf_unref(&bytes);
}

static struct piece *piece_new(struct ingest *in)
{
	struct piece *p = mem_zalloc(sizeof(*p));

	p->in = in;
	list_push(&in->pieces, &p->node);
	in->piece_count++;
	hearth_hold(in->v->h);
	put_raw(p);
	return p;
}

/* Raw tags that no chunk takes along. */
static void flush_raw(struct ingest *in)
{
	if (in->raw.n > 0) {
		piece_new(in);
		write_next(in);
	}
}

/* ---- chunks ---- */

/* The rungs: the source as it is, and one smaller one when the source is larger than that. */
static void plan_renditions(struct ingest *in, struct piece *p, const struct segment_chunk *chunk)
{
	struct video_rendition *r = p->renditions;
	uint64_t ticks = 0;
	bool reordered = false;

	for (size_t i = 0; i < chunk->video.n; i++) {
		ticks += chunk->video.p[i].duration;
		reordered |= chunk->video.p[i].cts != 0;
	}
	r[0] = (struct video_rendition){ .stream = in->stream.id, .name = VIDEO_SOURCE };
	if (in->avcc) {
		r[0].width = in->sps.width;
		r[0].height = in->sps.height;
		r[0].fps_num = (uint32_t)chunk->video.n * VIDEO_TIMESCALE;
		r[0].fps_den = ticks && ticks < UINT32_MAX ? (uint32_t)ticks : 1;
		r[0].b_frames = reordered ? 2 : 0;
	}
	p->rendition_count = 1;
	if (in->avcc && in->sps.width > LADDER_HEIGHT && in->sps.height > LADDER_HEIGHT) {
		r[1] = r[0];
		snprintf(r[1].name, sizeof(r[1].name), "%dp", LADDER_HEIGHT);
		r[1].bitrate = LADDER_BITRATE;
		r[1].width = r[1].height = 0; /* the worker says */
		p->rendition_count = 2;
	}
	in->renditions_added = true;
}

/* The wall time of a point on the stream's line; tied anew where the line was broken. */
static int64_t wall_of(struct ingest *in, const struct segment_chunk *chunk)
{
	if (!in->base_wall_ms || chunk->discontinuity) {
		in->base_start = chunk->start;
		in->base_wall_ms = clock_wall_ms() - chunk->duration / 90;
	}
	return in->base_wall_ms + (chunk->start - in->base_start) / 90;
}

static void store_chunk(struct ingest *in, struct segment_chunk *chunk)
{
	struct piece *p = piece_new(in);
	struct strbuf file = { 0 };
	struct chunk_file c = { .sequence = (int64_t)chunk->sequence,
		.start = chunk->start,
		.duration = chunk->duration,
		.date_ms = wall_of(in, chunk),
		.discontinuity = chunk->discontinuity,
		.audio_rate = in->asc ? in->aac.rate : 0,
		.channels = in->aac.channels,
		.avcc = buf_slice(in->avcc),
		.asc = buf_slice(in->asc),
		.video = chunk->video,
		.audio = chunk->audio };

	p->sequence = c.sequence;
	if (!in->renditions_added)
		plan_renditions(in, p, chunk);
	chunk_file_write(&file, &c);
	put_chunk(p, &file);
	write_next(in);
}

static void take_chunks(struct ingest *in)
{
	struct segment_chunk *chunk;

	while (in->segmenter && (chunk = segmenter_take(in->segmenter))) {
		store_chunk(in, chunk);
		segment_chunk_free(&chunk);
	}
}

/* ---- tags ---- */

/* The tracks have become known, or have changed: what comes now is cut anew. */
static void set_tracks(struct ingest *in)
{
	const struct segmenter_options options = { .target_ms = (uint32_t)in->v->segment_ms,
		.duration_max_ms = CHUNK_MS_MAX,
		.bytes_max = CHUNK_BYTES_MAX,
		.gap_max_ms = GAP_MS_MAX,
		.sequence = (uint64_t)in->stream.first_sequence };

	in->tracks = (struct segmenter_tracks){ .video = in->avcc != NULL };
	if (in->asc) {
		in->tracks.audio_rate = in->aac.rate;
		in->tracks.audio_frame = in->aac.frame_length;
	}
	if (!in->segmenter) {
		in->segmenter = segmenter_new(&options, &in->tracks);
		return;
	}
	segmenter_finish(in->segmenter);
	take_chunks(in);
	segmenter_set_tracks(in->segmenter, &in->tracks);
}

static int take_video_config(struct ingest *in, struct slice avcc, const char **why)
{
	struct avc_config config;

	if (in->avcc && slice_eq(buf_slice(in->avcc), avcc))
		return 0;
	if (avc_config_parse(avcc, &config) < 0 || avc_sps_parse(config.sps, &in->sps) < 0) {
		*why = "the AVC configuration is malformed";
		return HEARTH_EINVAL;
	}
	/* What came under the old configuration is cut and packaged with it. */
	if (in->segmenter) {
		segmenter_finish(in->segmenter);
		take_chunks(in);
	}
	buf_unref(&in->avcc);
	in->avcc = buf_copy(avcc);
	set_tracks(in);
	return 0;
}

static int take_audio_config(struct ingest *in, struct slice asc, const char **why)
{
	struct aac_config config;

	if (in->asc && slice_eq(buf_slice(in->asc), asc))
		return 0;
	if (aac_config_parse(asc, &config) < 0) {
		*why = "the AAC configuration is malformed or of a kind that is not taken";
		return HEARTH_EINVAL;
	}
	if (in->segmenter) {
		segmenter_finish(in->segmenter);
		take_chunks(in);
	}
	in->aac = config;
	buf_unref(&in->asc);
	in->asc = buf_copy(asc);
	set_tracks(in);
	return 0;
}

static int take_video(struct ingest *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_video(body, &tag);

	if (rc < 0 || tag.packet == AV_PACKET_IGNORE || tag.packet == AV_PACKET_END || tag.track != 0)
		return rc == HEARTH_EUNSUPPORTED ? 0 : rc;
	if (tag.codec != AV_CODEC_AVC) {
		*why = "only AVC (H.264) video is taken";
		return HEARTH_EUNSUPPORTED;
	}
	if (tag.packet == AV_PACKET_CONFIG)
		return take_video_config(in, tag.data, why);
	if (!in->avcc)
		return 0;
	data = buf_copy(tag.data);
	segmenter_video(in->segmenter, timestamp_ms, tag.cts_ms, tag.key, data);
	buf_unref(&data);
	return 0;
}

static int take_audio(struct ingest *in, int64_t timestamp_ms, struct slice body, const char **why)
{
	struct av_tag tag;
	struct buf *data;
	int rc = av_tag_audio(body, &tag);

	if (rc < 0 || tag.packet == AV_PACKET_IGNORE || tag.packet == AV_PACKET_END || tag.track != 0)
		return rc == HEARTH_EUNSUPPORTED ? 0 : rc;
	if (tag.codec != AV_CODEC_AAC) {
		*why = "only AAC audio is taken";
		return HEARTH_EUNSUPPORTED;
	}
	if (tag.packet == AV_PACKET_CONFIG)
		return take_audio_config(in, tag.data, why);
	if (!in->asc || !in->segmenter)
		return 0;
	data = buf_copy(tag.data);
	segmenter_audio(in->segmenter, timestamp_ms, data);
	buf_unref(&data);
	return 0;
}

static void keep_raw(struct ingest *in, uint8_t type, int64_t timestamp_ms, struct slice body)
{
	const struct flv_tag tag = { .type = type, .timestamp_ms = (uint32_t)timestamp_ms, .body = body };

	if (in->raw_number == 0 && in->raw.n == 0)
		flv_write_header(&in->raw, true, true);
	flv_write_tag(&in->raw, &tag);
}

int ingest_tag(struct ingest *in, uint8_t type, int64_t timestamp_ms, struct slice body, const char **why)
{
	int rc = 0;

	keep_raw(in, type, timestamp_ms, body);
	if (type == FLV_VIDEO)
		rc = take_video(in, timestamp_ms, body, why);
	else if (type == FLV_AUDIO)
		rc = take_audio(in, timestamp_ms, body, why);
	take_chunks(in);
	if (in->raw.n > RAW_PIECE_MAX)
		flush_raw(in);
	if (rc == 0 && in->piece_count >= PIECES_MAX) {
		in->told_to_wait = true;
		rc = HEARTH_EBUSY;
	}
	return rc;
}

/* ---- beginning and ending ---- */

static int begin_stream(struct db_tx *tx, void *arg)
{
	struct ingest *in = arg;

	return video_store_begin(tx, in->channel.id, clock_wall_ms(), &in->stream);
}

static void end(struct ingest *in)
{
	in->state = ENDING;
	timer_stop(&in->away);
	if (in->segmenter) {
		segmenter_finish(in->segmenter);
		take_chunks(in);
	}
	flush_raw(in);
	if (in->piece_count == 0)
		write_next(in);
}

static void on_begun(void *arg, int status)
{
	struct ingest *in = arg;

	hearth_release(in->v->h);
	if (status < 0) {
		if (in->publisher.arg)
			in->publisher.ready(in->publisher.arg, status);
		ingest_free(in);
		return;
	}
	metric_add(in->v->publishers, 1);
	log_info("video", "stream begins", "channel", "%s", in->channel.name, "stream", "%lld",
		(long long)in->stream.id, NULL);
	in->state = LIVE;
	if (in->publisher.arg)
		in->publisher.ready(in->publisher.arg, 0);
	else
		end(in);
}

static void on_came_back(void *arg)
{
	struct ingest *in = arg;

	if (in->state == LIVE && in->publisher.arg)
		in->publisher.ready(in->publisher.arg, 0);
}

/* What the publisher that was there sent is cut off: the next one starts at a key frame. */
static void take_over(struct ingest *in, const struct ingest_publisher *p)
{
	struct ingest_publisher old = in->publisher;

	timer_stop(&in->away);
	if (in->segmenter) {
		segmenter_finish(in->segmenter);
		take_chunks(in);
	}
	in->publisher = *p;
	in->told_to_wait = false;
	if (old.arg)
		old.replaced(old.arg);
	if (in->state == AWAY || in->state == LIVE) {
		in->state = LIVE;
		exec_post(exec_loop(), on_came_back, in);
	}
}

struct ingest *ingest_open(struct video *v, const struct video_channel *channel, const struct ingest_publisher *p)
{
	struct ingest *in = map_get_u64(v->ingests, (uint64_t)channel->id);

	if (in && in->state == ENDING)
		return NULL;
	if (in) {
		take_over(in, p);
		return in;
	}
	in = mem_zalloc(sizeof(*in));
	in->v = v;
	in->channel = *channel;
	in->publisher = *p;
	list_init(&in->pieces);
	map_set_u64(v->ingests, (uint64_t)channel->id, in);
	hearth_hold(v->h);
	if (db_write(v->db, begin_stream, on_begun, in) < 0) {
		hearth_release(v->h);
		ingest_free(in);
		return NULL;
	}
	return in;
}

static void on_away_too_long(void *arg)
{
	end(arg);
}

void ingest_close(struct ingest *in, bool finished)
{
	in->publisher = (struct ingest_publisher){ 0 };
	if (in->state == BEGINNING)
		return;
	if (finished || in->v->draining) {
		end(in);
		return;
	}
	in->state = AWAY;
	if (in->segmenter) {
		segmenter_finish(in->segmenter);
		take_chunks(in);
	}
	timer_start(&in->away, in->v->reconnect_ms, 0, on_away_too_long, in);
}

void ingest_drain(struct video *v)
{
	size_t it = 0;
	void *value;

	while (map_next(v->ingests, &it, NULL, &value)) {
		struct ingest *in = value;
		struct ingest_publisher old = in->publisher;

		in->publisher = (struct ingest_publisher){ 0 };
		if (old.arg)
			old.replaced(old.arg);
		if (in->state == LIVE || in->state == AWAY)
			end(in);
	}
}

void ingest_free_all(struct video *v)
{
	size_t it = 0;
	void *value;

	/* Where the drain was cut short, blobs are still on their way and name their ingest. */
	while (map_next(v->ingests, &it, NULL, &value))
		if (((struct ingest *)value)->piece_count == 0)
			ingest_free(value);
}
