/*
 * media.h: real media for tests: a clip made by ffmpeg from Debian's opencv-doc, loaded through our
 * own FLV reader, and a directory to work in. What is not installed makes a test say so and pass.
 */
#ifndef HEARTH_TESTS_MEDIA_H
#define HEARTH_TESTS_MEDIA_H

#include "codec/aac.h"
#include "codec/avc.h"
#include "codec/sample.h"
#include "flv/av_tag.h"
#include "flv/flv_tag.h"
#include "hearth/arena.h"
#include "ingest/segmenter.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MEDIA_SOURCE "/usr/share/doc/opencv-doc/examples/data/"

/* Runs a shell command made like printf; its exit status. */
__attribute__((format(printf, 1, 2))) static inline int media_run(const char *fmt, ...)
{
	struct strbuf command = { 0 };
	va_list ap;
	int rc;

	va_start(ap, fmt);
	strbuf_vprintf(&command, fmt, ap);
	va_end(ap);
	rc = system(command.p);
	strbuf_free(&command);
	return rc;
}

/* Whether ffmpeg and the source clip are there; prints what is missing. */
static inline bool media_available(const char *source)
{
	if (media_run("command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null") != 0) {
		printf("skipped: ffmpeg is not installed\n");
		return false;
	}
	if (media_run("test -r " MEDIA_SOURCE "%s", source) != 0) {
		printf("skipped: %s of opencv-doc is not installed\n", source);
		return false;
	}
	return true;
}

/* A new directory, and its end. */
static inline char *media_dir(void)
{
	static char path[32];

	snprintf(path, sizeof(path), "/tmp/hearth-video-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	return path;
}

static inline void media_dir_remove(const char *dir)
{
	ck_assert_int_eq(media_run("rm -rf '%s'", dir), 0);
}

static inline struct strbuf media_read(const char *dir, const char *name)
{
	char path[256];
	struct strbuf b = { 0 };
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	while ((n = fread(strbuf_reserve(&b, 65536), 1, 65536, f)) > 0)
		strbuf_commit(&b, n);
	fclose(f);
	return b;
}

static inline void media_write(const char *dir, const char *name, struct slice s)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(s.p, 1, s.n, f), s.n);
	ck_assert_int_eq(fclose(f), 0);
}

/* What an FLV file holds; samples have times in milliseconds, in the order of the file. */
struct media_clip {
	struct strbuf file;
	struct slice avcc, asc;
	struct media_samples samples;
	bool *is_video; /* by sample */
};

static inline void media_clip_load(struct media_clip *c, const char *dir, const char *name)
{
	struct flv_header header;
	struct flv_tag tag;
	struct slice in;
	ssize_t used;

	*c = (struct media_clip){ .file = media_read(dir, name) };
	in = strbuf_slice(&c->file);
	c->is_video = mem_zalloc(in.n / 11);
	used = flv_read_header(in, &header);
	ck_assert_int_gt(used, 0);
	for (in = slice_skip(in, (size_t)used); in.n; in = slice_skip(in, (size_t)used)) {
		struct av_tag av = { 0 };

		used = flv_read_tag(in, &tag);
		ck_assert_int_gt(used, 0);
		if (tag.type == FLV_VIDEO)
			ck_assert_int_eq(av_tag_video(tag.body, &av), 0);
		else if (tag.type == FLV_AUDIO)
			ck_assert_int_eq(av_tag_audio(tag.body, &av), 0);
		if (av.packet == AV_PACKET_CONFIG && tag.type == FLV_VIDEO)
			c->avcc = av.data;
		else if (av.packet == AV_PACKET_CONFIG)
			c->asc = av.data;
		if (av.packet != AV_PACKET_FRAME)
			continue;
		c->is_video[c->samples.n] = tag.type == FLV_VIDEO;
		media_samples_add(&c->samples, (struct media_sample){ .dts = tag.timestamp_ms,
						       .cts = av.cts_ms,
						       .key = av.key,
						       .data = buf_copy(av.data) });
	}
}

/* The clip in GOPs of about `target_ms`, linked; free each. Its times begin at `origin`. */
static inline struct gop *media_gops(const struct media_clip *c, uint32_t target_ms, int64_t origin)
{
	struct segmenter_options options = {
		.target_ms = target_ms,
		.duration_max_ms = 20000,
		.bytes_max = 64 << 20,
		.gap_max_ms = 10000,
		.origin = origin,
	};
	struct segmenter_tracks tracks = { .video = c->avcc.n };
	struct gop *first = NULL, **tail = &first;
	struct aac_config aac;
	struct segmenter *s;

	if (c->asc.n) {
		ck_assert_int_eq(aac_config_parse(c->asc, &aac), 0);
		tracks.audio_rate = aac.rate;
		tracks.audio_frame = aac.frame_length;
	}
	s = segmenter_new(&options, &tracks);
	for (size_t i = 0; i < c->samples.n; i++) {
		const struct media_sample *m = &c->samples.p[i];

		if (c->is_video[i])
			segmenter_video(s, m->dts, m->cts, m->key, m->data);
		else
			segmenter_audio(s, m->dts, m->data);
	}
	segmenter_finish(s);
	while ((*tail = segmenter_take(s)))
		tail = &(*tail)->next;
	ck_assert_uint_eq(segmenter_dropped(s), 0);
	segmenter_free(&s);
	return first;
}

static inline void media_gops_free(struct gop *c)
{
	while (c) {
		struct gop *next = c->next;

		gop_free(&c);
		c = next;
	}
}

static inline void media_clip_clear(struct media_clip *c)
{
	media_samples_clear(&c->samples);
	strbuf_free(&c->file);
	free(c->is_video);
}

#endif
