/*
 * worker.c: see worker.h.
 */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "chunk_file.h"
#include "codec/aac.h"
#include "codec/avc.h"
#include "fmp4/fmp4_writer.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store.h"
#include "transcode/transcode.h"

struct making {
	struct video *v;
	const struct queue_task *task;
	struct video_segment segment;
	struct video_rendition rendition;
	char chunk_key[BLOB_KEY_MAX + 1];
	char codecs[64];
	char finished_chunk[BLOB_KEY_MAX + 1];
};

static int read_task(struct making *m, struct arena *a)
{
	struct slice chunk = { 0 };
	struct json *doc;
	int rc = json_read(a, m->task->payload, &doc, NULL);

	if (rc == 0)
		rc = json_get_i64(doc, "stream", 1, INT64_MAX, &m->segment.stream);
	if (rc == 0)
		rc = json_get_i64(doc, "rendition", 1, INT64_MAX, &m->segment.rendition);
	if (rc == 0)
		rc = json_get_i64(doc, "sequence", 1, INT64_MAX, &m->segment.sequence);
	if (rc == 0)
		rc = json_get_text(doc, "chunk", &chunk);
	snprintf(m->chunk_key, sizeof(m->chunk_key), "%.*s", SLICE_ARG(chunk));
	return rc;
}

static int load_rendition(struct db_tx *tx, void *arg)
{
	struct making *m = arg;

	return video_store_rendition(tx, m->segment.rendition, &m->rendition);
}

/* "avc1.…,mp4a.…" of what is in the segment. */
static void write_codecs(struct making *m, struct slice avcc, struct slice asc)
{
	char video[AVC_CODEC_STRING_SIZE] = "", audio[AAC_CODEC_STRING_SIZE] = "";
	struct avc_config avc;
	struct aac_config aac;

	if (avcc.n && avc_config_parse(avcc, &avc) == 0)
		avc_codec_string(&avc, video);
	if (asc.n && aac_config_parse(asc, &aac) == 0)
		aac_codec_string(&aac, audio);
	snprintf(m->codecs, sizeof(m->codecs), "%s%s%s", video, *video && *audio ? "," : "", audio);
}

static int put(struct making *m, const char *name, struct strbuf *bytes, char key[BLOB_KEY_MAX + 1], int64_t *size)
{
	struct buf *b = buf_from_strbuf(bytes);
	struct blob_info info;
	int rc = blob_put_wait(m->v->blob, name, b, BLOB_PLAIN, &info);

	buf_unref(&b);
	if (rc == 0) {
		memcpy(key, info.key, sizeof(info.key));
		*size = (int64_t)info.size;
	}
	return rc;
}

/* Packages the tracks and stores both files: bytes first, then the row that names them. */
static int package(struct making *m, const struct chunk_file *c, struct slice avcc, const struct media_samples *video,
	uint32_t width, uint32_t height)
{
	struct fmp4_track tracks[FMP4_TRACKS_MAX];
	struct fmp4_run runs[FMP4_TRACKS_MAX];
	struct strbuf init = { 0 }, segment = { 0 };
	char name[BLOB_KEY_MAX + 1];
	size_t n = 0;
	int rc;

	if (avcc.n) {
		tracks[n] = (struct fmp4_track){ .id = 1, .codec = FMP4_AVC, .timescale = VIDEO_TIMESCALE,
			.config = avcc, .width = (uint16_t)width, .height = (uint16_t)height };
		runs[n] = (struct fmp4_run){ &tracks[n], video };
		n++;
	}
	if (c->asc.n) {
		tracks[n] = (struct fmp4_track){ .id = 2, .codec = FMP4_AAC, .timescale = c->audio_rate,
			.config = c->asc, .channels = c->channels };
		runs[n] = (struct fmp4_run){ &tracks[n], &c->audio };
		n++;
	}
	rc = fmp4_write_init(&init, tracks, n);
	if (rc == 0)
		rc = fmp4_write_segment(&segment, (uint32_t)c->sequence, runs, n);
	snprintf(name, sizeof(name), "video/segment/%lld/%lld.m4s", (long long)m->segment.rendition,
		(long long)m->segment.sequence);
	if (rc == 0)
		rc = put(m, NULL, &init, m->segment.init, &m->segment.init_size);
	/* A transcoder's output may differ from run to run, so a retry must not find its own remains
	 * under a fixed name: the bytes' hash is the key. */
	if (rc == 0)
		rc = put(m, m->rendition.bitrate ? NULL : name, &segment, m->segment.blob, &m->segment.size);
	strbuf_free(&init);
	strbuf_free(&segment);
	write_codecs(m, avcc, c->asc);
	return rc;
}

static int package_source(struct making *m, const struct chunk_file *c)
{
	struct avc_config config;
	struct avc_sps sps = { 0 };

	if (c->avcc.n && (avc_config_parse(c->avcc, &config) < 0 || avc_sps_parse(config.sps, &sps) < 0))
		return HEARTH_EINVAL;
	return package(m, c, c->avcc, &c->video, sps.width, sps.height);
}

static int package_smaller(struct making *m, const struct chunk_file *c)
{
	const struct transcode_params params = { .height = 360,
		.bitrate = m->rendition.bitrate,
		.fps_num = m->rendition.fps_num,
		.fps_den = m->rendition.fps_den,
		.b_frames = m->rendition.b_frames };
	struct transcode_result result = { 0 };
	int rc = transcode_chunk(&params, c->avcc, &c->video, &result);

	/* The publisher went to a smaller picture meanwhile: the source serves this rung too. */
	if (rc == 1)
		return package_source(m, c);
	if (rc == 0) {
		if (result.frames_lost)
			log_warn("video", "pictures could not be decoded", "stream", "%lld", (long long)m->segment.stream,
				"sequence", "%lld", (long long)m->segment.sequence, "lost", "%u", result.frames_lost, NULL);
		rc = package(m, c, strbuf_slice(&result.avcc), &result.samples, result.width, result.height);
	}
	transcode_result_clear(&result);
	return rc;
}

static int make(struct making *m)
{
	struct chunk_file chunk;
	struct buf *file = NULL;
	int rc = db_read_wait(m->v->db, load_rendition, m);

	if (rc == 0)
		rc = blob_get_wait(m->v->blob, m->chunk_key, 0, BLOB_GET_MAX, &file);
	if (rc == 0)
		rc = chunk_file_read(file, &chunk);
	if (rc == 0) {
		m->segment.start = chunk.start;
		m->segment.duration = chunk.duration;
		m->segment.date_ms = chunk.date_ms;
		m->segment.discontinuity = chunk.discontinuity;
		rc = m->rendition.bitrate ? package_smaller(m, &chunk) : package_source(m, &chunk);
		chunk_file_clear(&chunk);
	}
	buf_unref(&file);
	return rc;
}

/* Row, event and the end of the task together: a worker that lost its lease changes nothing. */
static int store(struct db_tx *tx, void *arg)
{
	struct making *m = arg;
	int rc = video_store_add_segment(tx, &m->segment, m->codecs[0] ? m->codecs : NULL);

	/* Made before, by a worker whose answer was lost: only the task is left to end. */
	if (rc == HEARTH_EEXIST)
		rc = 0;
	if (rc == 0)
		rc = queue_complete(tx, m->task);
	if (rc == 0)
		rc = video_store_drop_finished_chunk(tx, m->segment.stream, m->segment.sequence, m->finished_chunk);
	return rc;
}

int video_worker_make(void *module, const struct queue_task *task, struct arena *a)
{
	struct making m = { .v = module, .task = task };
	int rc = read_task(&m, a);

	if (rc == 0)
		rc = make(&m);
	if (rc < 0) {
		log_warn("video", "a segment could not be made", "task", "%s", arena_strdup(a, task->key), "attempt", "%d",
			task->attempt, "why", "%s", error_name(rc), NULL);
		if (task->attempt < VIDEO_ATTEMPTS_MAX)
			return rc;
		m.segment.gap = true;
		m.segment.blob[0] = '\0';
		if (m.segment.duration == 0)
			m.segment.duration = m.v->segment_ms * 90;
	}
	rc = db_write_wait(m.v->db, store, &m);
	if (rc == 0 && m.finished_chunk[0])
		blob_delete(m.v->blob, m.finished_chunk);
	return rc;
}
