/*
 * worker.c: takes a task, reads its GOP, packages or transcodes it, puts the segment and writes
 * its row. On workers; one GOP is in hand.
 */
#include "package/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/codec.h"
#include "fmp4/fmp4_writer.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "ingest/ingest.h"
#include "package/gop_file.h"
#include "package/transcode.h"
#include "store/store.h"

#define EXTEND_MS (VIDEO_LEASE_MS / 3)
#define SHED_MS   20000
#define QUIET_MS  60000 /* after so long without shedding it is told again */

struct making {
	struct video *v;
	const struct queue_task *task;
	struct video_gop gop;
	struct video_rendition rendition;
	struct video_stream stream;
	struct video_segment segment;
	bool shed;          /* left out, since the server is behind… */
	bool shed_anew;     /* …which is found out just now */
	struct strbuf init; /* of the segment; owned */
	char codecs[64];
	int64_t extended_ms; /* monotonic: when the lease was last prolonged */
};

static int read_task(struct making *m, struct arena *a)
{
	struct json *doc;
	int rc = json_read(a, m->task->payload, &doc, NULL);

	if (rc == 0)
		rc = json_get_i64(doc, "stream", 1, INT64_MAX, &m->gop.stream);
	if (rc == 0)
		rc = json_get_i64(doc, "rendition", 1, INT64_MAX, &m->rendition.id);
	if (rc == 0)
		rc = json_get_i64(doc, "sequence", 1, INT64_MAX, &m->gop.sequence);
	return rc;
}

static int load(struct db_tx *tx, void *arg)
{
	struct making *m = arg;
	int rc = video_store_rendition(tx, m->rendition.id, &m->rendition);

	if (rc == 0)
		rc = video_store_stream(tx, m->gop.stream, &m->stream);
	return rc < 0 ? rc : video_store_gop(tx, m->gop.stream, m->gop.sequence, &m->gop);
}

/* What is known of the segment before it is made, and all there is of a gap. */
static void describe(struct making *m)
{
	m->segment = (struct video_segment){ .stream = m->gop.stream,
		.rendition = m->rendition.id,
		.sequence = m->gop.sequence,
		.start = m->gop.start,
		.duration = m->gop.duration,
		.date_ms = m->gop.date_ms,
		.epoch = m->gop.epoch };
}

/* "avc1.…,mp4a.…" of what is in the segment. */
static void write_codecs(struct making *m, const struct gop_file *c, struct slice video_config)
{
	char video[CODEC_STRING_SIZE] = "", audio[CODEC_STRING_SIZE] = "";

	if (c->video_codec)
		c->video_codec->write_string(video_config, video);
	if (c->audio_codec)
		c->audio_codec->write_string(c->audio_config, audio);
	snprintf(m->codecs, sizeof(m->codecs), "%s%s%s", video, *video && *audio ? "," : "", audio);
}

/*
 * Under its hash: a transcoder's output may differ from run to run, so a retry must not meet its
 * own remains under a fixed name.
 */
static int put(struct making *m, struct strbuf *bytes)
{
	struct buf *b = buf_from_strbuf(bytes);
	struct blob_info info;
	int rc = blob_put_wait(m->v->blob, VIDEO_SEGMENTS, b, BLOB_PLAIN, &info);

	buf_unref(&b);
	if (rc == 0) {
		snprintf(m->segment.blob, sizeof(m->segment.blob), "%s", info.key);
		m->segment.size = (int64_t)info.size;
	}
	return rc;
}

/* Packages the tracks and stores the segment: bytes first, then the row that names them. */
static int package(struct making *m, const struct gop_file *c, struct slice video_config,
	const struct media_samples *video, uint32_t width, uint32_t height)
{
	struct fmp4_track tracks[FMP4_TRACKS_MAX];
	struct fmp4_run runs[FMP4_TRACKS_MAX];
	struct strbuf segment = { 0 };
	size_t n = 0;
	int rc;

	if (c->video_codec) {
		tracks[n] = (struct fmp4_track){ .id = 1,
			.codec = c->video_codec->entry,
			.timescale = VIDEO_TIMESCALE,
			.config = video_config,
			.width = (uint16_t)width,
			.height = (uint16_t)height };
		runs[n] = (struct fmp4_run){ &tracks[n], video };
		n++;
	}
	if (c->audio_codec) {
		tracks[n] = (struct fmp4_track){ .id = 2,
			.codec = c->audio_codec->entry,
			.timescale = c->audio_rate,
			.config = c->audio_config,
			.channels = c->channels };
		runs[n] = (struct fmp4_run){ &tracks[n], &c->audio };
		n++;
	}
	rc = fmp4_write_init(&m->init, tracks, n);
	if (rc == 0)
		rc = fmp4_write_segment(&segment, (uint32_t)m->segment.sequence, runs, n);
	if (rc == 0)
		rc = put(m, &segment);
	strbuf_free(&segment);
	write_codecs(m, c, video_config);
	return rc;
}

static int package_source(struct making *m, const struct gop_file *c)
{
	struct codec_info info = { 0 };
	int rc = c->video_codec ? c->video_codec->describe(c->video_config, &info) : 0;

	return rc < 0 ? HEARTH_EINVAL
		      : package(m, c, c->video_config, &c->video, info.width, info.height);
}

/* Work that takes long keeps its lease; should it be lost all the same, the end finds that out. */
static void on_progress(void *arg)
{
	struct making *m = arg;
	int64_t now_ms = clock_mono_ms();

	if (now_ms - m->extended_ms < EXTEND_MS)
		return;
	m->extended_ms = now_ms;
	queue_extend(m->v->db, m->task, VIDEO_LEASE_MS);
}

/* "360p" */
static uint32_t height_of(const struct video_rendition *r)
{
	return (uint32_t)strtoul(r->name, NULL, 10);
}

static int package_smaller(struct making *m, const struct gop_file *c)
{
	const struct transcode_params params = { .height = height_of(&m->rendition),
		.bitrate = m->rendition.bitrate,
		.fps_num = c->fps_num,
		.fps_den = c->fps_den,
		.b_frames = c->b_frames,
		.progress = on_progress,
		.progress_arg = m };
	struct transcode_result result = { 0 };
	int rc = transcode_gop(&params, c->video_config, &c->lead, &c->video, &result);

	/*
	 * The publisher went to a smaller picture, or one too large: the source serves this rung.
	 */
	if (rc == 1 || rc == HEARTH_ETOOBIG)
		return package_source(m, c);
	if (rc == 0 && result.frames_lost)
		log_warn("video", "pictures could not be decoded", "stream", "%lld",
			(long long)m->segment.stream, "sequence", "%lld",
			(long long)m->segment.sequence, "lost", "%u", result.frames_lost, NULL);
	if (rc == 0)
		rc = package(m, c, strbuf_slice(&result.avcc), &result.samples, result.width,
			result.height);
	transcode_result_clear(&result);
	return rc;
}

/* ---- falling behind ---- */

struct shedding {
	struct video *v;
	int64_t channel;
	char why[160];
};

static void tell_publisher(void *arg)
{
	struct shedding *s = arg;

	ingest_warn(s->v, s->channel, s->why);
	free(s);
}

static void tell_shed(const struct making *m, int64_t behind_ms)
{
	struct shedding *s = mem_zalloc(sizeof(*s));

	s->v = m->v;
	s->channel = m->stream.channel;
	snprintf(s->why, sizeof(s->why),
		"the server cannot keep up with %s and leaves it out for a while; the source goes "
		"on",
		m->rendition.name);
	log_warn("video", "the server cannot keep up with a rendition and leaves it out", "stream",
		"%lld", (long long)m->stream.id, "rendition", "%s", m->rendition.name, "behind_ms",
		"%lld", (long long)behind_ms, NULL);
	exec_post(exec_loop(), tell_publisher, s);
}

/* Whether the segment is left out: it is too late, or others were a moment ago. */
static void look_behind(struct making *m)
{
	int64_t now_ms = clock_wall_ms();
	int64_t behind_ms = now_ms - m->gop.date_ms - m->gop.duration / 90;

	if (!m->rendition.bitrate || m->stream.ended_at)
		return;
	m->shed_anew = behind_ms > m->v->late_ms && now_ms >= m->rendition.shed_until;
	m->shed = m->shed_anew || now_ms < m->rendition.shed_until;
	if (m->shed)
		metric_add(m->v->shed, 1);
	if (m->shed_anew && now_ms - m->rendition.shed_until > QUIET_MS)
		tell_shed(m, behind_ms);
}

static int make(struct making *m)
{
	struct gop_file gop;
	struct buf *file = NULL;
	int rc = blob_get_wait(m->v->blob, m->gop.blob, 0, BLOB_GET_MAX, &file);

	if (rc == 0)
		rc = gop_file_read(file, &gop);
	if (rc == 0) {
		rc = m->rendition.bitrate && gop.video.n ? package_smaller(m, &gop)
							 : package_source(m, &gop);
		gop_file_clear(&gop);
	}
	buf_unref(&file);
	return rc;
}

/* Whether another attempt would end in the same way. */
static bool is_final(int rc)
{
	return rc == HEARTH_EINVAL || rc == HEARTH_ETOOBIG || rc == HEARTH_EUNSUPPORTED;
}

static void make_gap(struct making *m, int why)
{
	log_warn("video", "a segment cannot be made and becomes a gap", "stream", "%lld",
		(long long)m->segment.stream, "rendition", "%s", m->rendition.name, "sequence",
		"%lld", (long long)m->segment.sequence, "why", "%s", error_name(why), NULL);
	describe(m);
	strbuf_reset(&m->init);
	m->codecs[0] = '\0';
}

/* Row, event and the end of the task together: a worker that lost its lease changes nothing. */
static int store(struct db_tx *tx, void *arg)
{
	struct making *m = arg;
	int rc;

	INVARIANT(m->segment.rendition == m->rendition.id);
	INVARIANT((m->segment.blob[0] == '\0') == (m->segment.size == 0));
	rc = video_store_add_segment(tx, &m->segment, strbuf_slice(&m->init), m->codecs);

	if (rc == 0 && m->shed_anew)
		rc = video_store_shed(tx, m->rendition.id, clock_wall_ms() + SHED_MS);
	/* Made before, by a worker whose answer was lost: only the task is left to end. */
	if (rc == HEARTH_EEXIST)
		rc = 0;
	if (rc == 0)
		rc = queue_complete(tx, m->task);
	if (rc == 0)
		rc = video_store_finish_gop(
			tx, m->segment.stream, m->segment.sequence, clock_wall_ms());
	return rc;
}

int video_worker_make(void *module, const struct queue_task *task, struct arena *a)
{
	struct making m = { .v = module, .task = task, .extended_ms = clock_mono_ms() };
	/* A GOP that ends the process each time it is touched is not touched for ever. */
	bool tried_enough = task->attempt > VIDEO_ATTEMPTS_MAX;
	int rc = read_task(&m, a);

	if (rc == 0)
		rc = db_read_wait(m.v->db, load, &m);
	/* The stream was deleted with its account: nobody waits for the segment. */
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	describe(&m);
	look_behind(&m);
	rc = m.shed ? 0 : tried_enough ? HEARTH_ETIMEOUT : make(&m);
	if (rc < 0 && !is_final(rc) && task->attempt < VIDEO_ATTEMPTS_MAX) {
		strbuf_free(&m.init);
		return rc;
	}
	if (rc < 0)
		make_gap(&m, rc);
	rc = db_write_wait(m.v->db, store, &m);
	strbuf_free(&m.init);
	return rc;
}
