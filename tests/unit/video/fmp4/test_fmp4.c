/*
 * The MP4 writer: boxes of a tiny input byte by byte, and a real clip, whose elementary streams and
 * times ffmpeg must find in our files as it finds them in the original.
 */
#include "fmp4/fmp4_writer.h"

#include "harness.h"

#include "hearth/error.h"
#include "video/media.h"

#define CLIP                                                                                      \
	"ffmpeg -v error -y -i " MEDIA_SOURCE "vtest.avi -f lavfi -i sine=440:sample_rate=44100 " \
	"-t 6 -map 0:v -map 1:a -c:v libx264 -preset veryfast -g 15 -bf 2 -pix_fmt yuv420p "      \
	"-c:a aac -b:a 96k -f flv %s/a.flv"

static size_t find(struct slice in, const char *type)
{
	ptrdiff_t at = slice_find(in, slice_str(type));

	ck_assert_int_ge(at, 4);
	return (size_t)at;
}

static uint32_t be32(struct slice in, size_t at)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++)
		v = v << 8 | (uint8_t)in.p[at + i];
	return v;
}

/* Walks the boxes of `in`, into those that hold boxes: sizes must add up on every level. */
static void check_boxes(struct slice in)
{
	static const char containers[] = "moov trak mdia minf dinf stbl mvex moof traf";

	while (in.n) {
		uint32_t size = be32(in, 0);
		char type[5] = { 0 };

		ck_assert_uint_ge(in.n, 8);
		ck_assert_uint_ge(size, 8);
		ck_assert_uint_le(size, in.n);
		memcpy(type, in.p + 4, 4);
		if (strstr(containers, type))
			check_boxes(slice_skip(slice_head(in, size), 8));
		in = slice_skip(in, size);
	}
}

START_TEST(segment_bytes)
{
	struct fmp4_track v = { .id = 1, .codec = FMP4_AVC, .timescale = 90000 };
	struct fmp4_track a = { .id = 2, .codec = FMP4_AAC, .timescale = 48000 };
	struct media_samples video = { 0 }, audio = { 0 };
	struct fmp4_run runs[] = { { &v, &video }, { &a, &audio } };
	struct strbuf out = { 0 };
	struct slice s;
	size_t trun, mdat, moof;

	media_samples_add(&video, (struct media_sample){ .dts = INT64_C(0x123456789),
					  .cts = -1800,
					  .duration = 3600,
					  .key = true,
					  .data = buf_copy(SLICE("key")) });
	media_samples_add(&video, (struct media_sample){ .dts = INT64_C(0x123456789) + 3600,
					  .cts = 3600,
					  .duration = 3601,
					  .data = buf_copy(SLICE("other")) });
	media_samples_add(&audio, (struct media_sample){ .dts = 48000,
					  .duration = 1024,
					  .key = true,
					  .data = buf_copy(SLICE("aac")) });
	ck_assert_int_eq(fmp4_write_segment(&out, 7, runs, 2), 0);
	s = strbuf_slice(&out);
	check_boxes(s);
	moof = find(s, "moof") - 4;
	mdat = find(s, "mdat") + 4;
	ck_assert_uint_eq(be32(s, find(s, "mfhd") + 8), 7);
	ck_assert(slice_eq(slice_skip(s, mdat), SLICE("keyotheraac")));
	ck_assert_uint_eq(be32(s, find(s, "tfhd") + 4), 0x020000);
	ck_assert(slice_starts(
		slice_skip(s, find(s, "tfdt") + 4), SLICE("\x01\0\0\0\0\0\0\x01\x23\x45\x67\x89")));
	trun = find(s, "trun") + 4;
	ck_assert_uint_eq(be32(s, trun), 0x01000f01);
	ck_assert_uint_eq(be32(s, trun + 4), 2);
	ck_assert_uint_eq(moof + be32(s, trun + 8), mdat);
	ck_assert_uint_eq(be32(s, trun + 12), 3600);
	ck_assert_uint_eq(be32(s, trun + 16), 3);
	ck_assert_uint_eq(be32(s, trun + 20), 0x02000000);
	ck_assert_int_eq((int32_t)be32(s, trun + 24), -1800);
	ck_assert_uint_eq(be32(s, trun + 36), 0x01010000);
	s = slice_skip(s, trun);
	trun = find(s, "trun") + 4;
	ck_assert_uint_eq(be32(s, trun), 0x01000301);
	ck_assert_uint_eq(moof + be32(s, trun + 8), mdat + 8);

	video.p[0].dts = -1;
	ck_assert_int_eq(fmp4_write_segment(&out, 7, runs, 2), HEARTH_EINVAL);
	media_samples_clear(&video); /* audio alone is left */
	strbuf_reset(&out);
	ck_assert_int_eq(fmp4_write_segment(&out, 8, runs, 2), 0);
	s = strbuf_slice(&out);
	check_boxes(s);
	ck_assert_int_eq(slice_find(slice_skip(s, find(s, "traf") + 4), SLICE("traf")), -1);
	media_samples_clear(&audio);
	strbuf_free(&out);
}
END_TEST

/* The tracks of a clip as a session would describe them. */
static void describe(const struct media_clip *c, struct fmp4_track tracks[2])
{
	struct avc_config avc;
	struct avc_sps sps;
	struct aac_config aac;

	ck_assert_int_eq(avc_config_parse(c->avcc, &avc), 0);
	ck_assert_int_eq(avc_sps_parse(avc.sps, &sps), 0);
	ck_assert_int_eq(aac_config_parse(c->asc, &aac), 0);
	tracks[0] = (struct fmp4_track){
		.id = 1,
		.codec = FMP4_AVC,
		.timescale = VIDEO_TIMESCALE,
		.config = c->avcc,
		.width = (uint16_t)sps.width,
		.height = (uint16_t)sps.height,
	};
	tracks[1] = (struct fmp4_track){
		.id = 2,
		.codec = FMP4_AAC,
		.timescale = aac.rate,
		.config = c->asc,
		.channels = aac.channels,
	};
}

/* Writes init.mp4, 0.m4s, 1.m4s… and all.mp4; returns how many segments. */
static uint32_t package(const char *dir, const struct media_clip *clip, struct gop *gops)
{
	struct strbuf all = { 0 }, segment = { 0 };
	struct fmp4_track tracks[2];
	uint32_t n = 0;

	describe(clip, tracks);
	ck_assert_int_eq(fmp4_write_init(&all, tracks, 2), 0);
	check_boxes(strbuf_slice(&all));
	media_write(dir, "init.mp4", strbuf_slice(&all));
	for (struct gop *c = gops; c; c = c->next, n++) {
		struct fmp4_run runs[] = { { &tracks[0], &c->video }, { &tracks[1], &c->audio } };
		char name[32];

		strbuf_reset(&segment);
		ck_assert_int_eq(fmp4_write_segment(&segment, n + 1, runs, 2), 0);
		check_boxes(strbuf_slice(&segment));
		snprintf(name, sizeof(name), "%u.m4s", n);
		media_write(dir, name, strbuf_slice(&segment));
		strbuf_add(&all, strbuf_slice(&segment));
	}
	media_write(dir, "all.mp4", strbuf_slice(&all));
	strbuf_free(&segment);
	strbuf_free(&all);
	return n;
}

START_TEST(streams_are_identical)
{
	struct media_clip clip;
	struct gop *gops;
	uint32_t n;
	char *dir;

	if (!media_available("vtest.avi"))
		return;
	dir = media_dir();
	ck_assert_int_eq(media_run(CLIP, dir), 0);
	media_clip_load(&clip, dir, "a.flv");
	gops = media_gops(&clip, 2000, 0);
	n = package(dir, &clip, gops);
	ck_assert_uint_ge(n, 2);
	for (int i = 0; i < 2; i++) {
		const char *in = i ? "all.mp4" : "a.flv";

		ck_assert_int_eq(
			media_run(
				"cd %s && ffmpeg -v error -y -i %s -map 0:v -c copy -bsf:v "
				"h264_mp4toannexb -f h264 %d.h264 -map 0:a -c copy -f adts %d.aac",
				dir, in, i, i),
			0);
		ck_assert_int_eq(
			media_run("cd %s && ffprobe -v error -select_streams v -show_entries "
				  "packet=pts_time,dts_time,flags -of csv %s > %d.times",
				dir, in, i),
			0);
	}
	ck_assert_int_eq(media_run("cd %s && test $(wc -l < 0.times) -eq 60", dir), 0);
	ck_assert_int_eq(media_run("cd %s && cmp 0.h264 1.h264 && cmp 0.aac 1.aac", dir), 0);
	/* FLV begins at the encoder's delay, our line at 0: what is left must be the same. */
	ck_assert_int_eq(media_run("cd %s && for i in 0 1; do awk -F, 'NR==1{o=$3} {printf \"%%.3f "
				   "%%.3f %%s\\n\", "
				   "$2-o, $3-o, $4}' $i.times > $i.norm; done; cmp 0.norm 1.norm",
				 dir),
		0);
	for (uint32_t i = 0; i < n; i++) /* each segment plays on its own */
		ck_assert_int_eq(
			media_run("cd %s && cat init.mp4 %u.m4s > one.mp4 && "
				  "test -z \"$(ffmpeg -v error -i one.mp4 -f null - 2>&1)\"",
				dir, i),
			0);
	media_gops_free(gops);
	media_clip_clear(&clip);
	media_dir_remove(dir);
}
END_TEST

START_TEST(same_input_same_bytes)
{
	struct media_clip clip;
	struct gop *gops;
	char *dir;

	if (!media_available("vtest.avi"))
		return;
	dir = media_dir();
	ck_assert_int_eq(media_run(CLIP, dir), 0);
	media_clip_load(&clip, dir, "a.flv");
	gops = media_gops(&clip, 2000, INT64_C(1) << 34);
	package(dir, &clip, gops);
	ck_assert_int_eq(media_run("mv %s/all.mp4 %s/first.mp4", dir, dir), 0);
	package(dir, &clip, gops);
	ck_assert_int_eq(media_run("cmp %s/all.mp4 %s/first.mp4", dir, dir), 0);
	ck_assert_int_eq(
		media_run("ffprobe -v error -show_entries stream=codec_name,codec_tag_string,"
			  "width,sample_rate,channels -of csv=p=0 %s/all.mp4 > %s/probe",
			dir, dir),
		0);
	ck_assert_int_eq(
		media_run("printf 'h264,avc1,768\\naac,mp4a,44100,1\\n' | cmp - %s/probe", dir), 0);
	media_gops_free(gops);
	media_clip_clear(&clip);
	media_dir_remove(dir);
}
END_TEST

START_TEST(bounds)
{
	struct fmp4_track t = { .id = 1, .config = { "", FMP4_CONFIG_MAX + 1 } };
	struct media_samples none = { 0 };
	struct fmp4_run runs[3] = { { &t, &none }, { &t, &none }, { &t, &none } };
	struct strbuf out = { 0 };

	ck_assert_int_eq(fmp4_write_init(&out, &t, 1), HEARTH_ETOOBIG);
	ck_assert_int_eq(fmp4_write_segment(&out, 1, runs, 3), HEARTH_ETOOBIG);
	ck_assert_uint_eq(out.n, 0);
}
END_TEST

TEST_MAIN("fmp4", segment_bytes, streams_are_identical, same_input_same_bytes, bounds)
