/*
 * The transcoder: GOPs made one by one must join into one stream in which no picture is missing,
 * none has moved, and ffmpeg finds nothing to complain about.
 */
#include "package/transcode.h"

#include "harness.h"

#include "fmp4/fmp4_writer.h"
#include "hearth/error.h"
#include "video/media.h"

#define CLIP                                                                                      \
	"ffmpeg -v error -y -i " MEDIA_SOURCE "vtest.avi -t 8 -an -c:v libx264 -preset veryfast " \
	"-g 20 -pix_fmt yuv420p %s -f flv %s/a.flv"

static const struct transcode_params to_288 = {
	.height = 288, .bitrate = 500000, .fps_num = 10, .fps_den = 1, .b_frames = 2
};

struct fixture {
	char *dir;
	struct media_clip clip;
	struct gop *gops;
};

static bool set_up(struct fixture *f, const char *options)
{
	if (!media_available("vtest.avi"))
		return false;
	f->dir = media_dir();
	ck_assert_int_eq(media_run(CLIP, options, f->dir), 0);
	media_clip_load(&f->clip, f->dir, "a.flv");
	f->gops = media_gops(&f->clip, 2000, 900000);
	return true;
}

static void tear_down(struct fixture *f)
{
	media_gops_free(f->gops);
	media_clip_clear(&f->clip);
	media_dir_remove(f->dir);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The presentation times of a list, in order. */
static int64_t *shown(const struct media_samples *list)
{
	int64_t *pts = mem_alloc(list->n * sizeof(*pts));

	for (size_t i = 0; i < list->n; i++)
		pts[i] = list->p[i].dts + list->p[i].cts;
	qsort(pts, list->n, sizeof(*pts), by_value);
	return pts;
}

/* Every picture is there at its time, and the samples fill the GOP without a hole. */
static void check_times(const struct gop *c, const struct transcode_result *r)
{
	int64_t *in = shown(&c->video), *out = shown(&r->samples);

	ck_assert_uint_eq(r->frames_lost, 0);
	ck_assert_uint_eq(r->samples.n, c->video.n);
	ck_assert(memcmp(in, out, c->video.n * sizeof(*in)) == 0);
	for (size_t i = 0; i < c->video.n; i++) {
		ck_assert_int_eq(r->samples.p[i].dts, c->video.p[i].dts);
		ck_assert_uint_eq(r->samples.p[i].duration, c->video.p[i].duration);
		ck_assert_int_eq(r->samples.p[i].key, i == 0);
	}
	free(in);
	free(out);
}

/*
 * Packages all GOPs transcoded into small.mp4, checking that their configurations are the same.
 */
static void transcode_all(const struct fixture *f, const struct transcode_params *params)
{
	struct strbuf file = { 0 }, avcc = { 0 };
	struct fmp4_track track = { .id = 1, .codec = FMP4_AVC, .timescale = VIDEO_TIMESCALE };
	uint32_t n = 0;

	for (struct gop *c = f->gops; c; c = c->next) {
		struct transcode_result r;
		struct fmp4_run run = { &track, &r.samples };

		ck_assert_int_eq(transcode_gop(params, f->clip.avcc, NULL, &c->video, &r), 0);
		check_times(c, &r);
		if (n++ == 0) {
			strbuf_add(&avcc, strbuf_slice(&r.avcc));
			track.config = strbuf_slice(&avcc);
			track.width = (uint16_t)r.width;
			track.height = (uint16_t)r.height;
			ck_assert_int_eq(fmp4_write_init(&file, &track, 1), 0);
		}
		ck_assert(slice_eq(strbuf_slice(&r.avcc), strbuf_slice(&avcc)));
		ck_assert_int_eq(fmp4_write_segment(&file, n, &run, 1), 0);
		transcode_result_clear(&r);
	}
	ck_assert_uint_ge(n, 3);
	media_write(f->dir, "small.mp4", strbuf_slice(&file));
	strbuf_free(&file);
	strbuf_free(&avcc);
}

/* Both files decode without a word, to the same number of pictures, which look alike. */
static void compare_pictures(const struct fixture *f, const char *scale)
{
	ck_assert_int_eq(
		media_run("cd %s && test -z \"$(ffmpeg -v warning -i small.mp4 -f null - 2>&1)\"",
			f->dir),
		0);
	ck_assert_int_eq(
		media_run("cd %s && for i in a.flv small.mp4; do ffmpeg -v error -i $i -f framemd5 "
			  "- | grep -vc '^#'; done | uniq | wc -l | grep -qx 1",
			f->dir),
		0);
	/*
	 * frame by frame against the source scaled by ffmpeg: one in the wrong place would be under
	 */
	ck_assert_int_eq(
		media_run("cd %s && ffmpeg -v error -i small.mp4 -i a.flv -lavfi "
			  "'[0]settb=1/10,setpts=N[a];[1]scale=%s,settb=1/"
			  "10,setpts=N[b];[a][b]psnr=f=log' "
			  "-f null - && grep -o 'psnr_y:[0-9.]*' log | tr -d a-z_: > psnr && "
			  "test $(wc -l < psnr) -eq 80 && awk '$1 < 30 {exit 1}' psnr",
			f->dir, scale),
		0);
}

START_TEST(seams_do_not_show)
{
	struct fixture f;

	if (!set_up(&f, "-bf 2"))
		return;
	transcode_all(&f, &to_288);
	compare_pictures(&f, "384:288");
	tear_down(&f);
}
END_TEST

START_TEST(source_without_b_frames)
{
	struct transcode_params params = to_288;
	struct fixture f;

	if (!set_up(&f, "-bf 0"))
		return;
	transcode_all(&f, &params); /* composition offsets become negative */
	compare_pictures(&f, "384:288");
	params.b_frames = 0;
	transcode_all(&f, &params);
	compare_pictures(&f, "384:288");
	tear_down(&f);
}
END_TEST

START_TEST(pyramid_and_odd_formats)
{
	static const char *const options[] = {
		"-bf 4 -b_strategy 2 -x264-params b-pyramid=normal:ref=4",
		"-pix_fmt yuvj420p",
		"-pix_fmt yuv422p10le",
		"-vf crop=766:574",
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!set_up(&f, options[i]))
			return;
		transcode_all(&f, &to_288);
		compare_pictures(&f, "384:288");
		tear_down(&f);
	}
}
END_TEST

START_TEST(upright_pictures)
{
	struct transcode_result r;
	struct fixture f;

	if (!set_up(&f, "-vf transpose=1"))
		return;
	ck_assert_int_eq(transcode_gop(&to_288, f.clip.avcc, NULL, &f.gops->video, &r), 0);
	ck_assert_uint_eq(r.width, 288);
	ck_assert_uint_eq(r.height, 384);
	transcode_result_clear(&r);
	tear_down(&f);
}
END_TEST

START_TEST(never_upscales)
{
	struct transcode_params params = to_288;
	struct transcode_result r;
	struct fixture f;

	if (!set_up(&f, ""))
		return;
	params.height = 576;
	ck_assert_int_eq(transcode_gop(&params, f.clip.avcc, NULL, &f.gops->video, &r), 1);
	params.height = 720;
	ck_assert_int_eq(transcode_gop(&params, f.clip.avcc, NULL, &f.gops->video, &r), 1);
	ck_assert_uint_eq(r.samples.n, 0);
	params.height = 286;
	ck_assert_int_eq(transcode_gop(&params, f.clip.avcc, NULL, &f.gops->video, &r), 0);
	ck_assert_uint_eq(r.height, 286);
	ck_assert_uint_eq(r.width, 382);
	transcode_result_clear(&r);
	tear_down(&f);
}
END_TEST

/* A GOP that begins without a key frame comes out whole when what leads up to it is given. */
START_TEST(led_up_to)
{
	struct gop half = { 0 };
	struct transcode_result r;
	struct media_samples *lead;
	struct fixture f;

	if (!set_up(&f, ""))
		return;
	lead = &f.gops->video;
	media_samples_move(&half.video, lead, 17);
	/* The first 17 lead up to the rest. */
	ck_assert(!lead->p[0].key);
	ck_assert_int_eq(transcode_gop(&to_288, f.clip.avcc, NULL, lead, &r), HEARTH_EINVAL);
	ck_assert_int_eq(transcode_gop(&to_288, f.clip.avcc, &half.video, lead, &r), 0);
	check_times(f.gops, &r);
	ck_assert(r.samples.p[0].key);
	transcode_result_clear(&r);
	media_samples_clear(&half.video);
	tear_down(&f);
}
END_TEST

/* Key frames that are no IDR pictures: with the GOP before as lead no picture is missing. */
START_TEST(no_idr_pictures)
{
	static const char *const options[] = { "-x264-params intra-refresh=1:keyint=20",
		"-x264-params open-gop=1:keyint=20 -bf 3" };

	for (size_t i = 0; i < 2; i++) {
		struct transcode_result out;
		struct gop *before;
		struct fixture f;
		int gops = 0;

		if (!set_up(&f, options[i]))
			return;
		before = f.gops;
		for (struct gop *c = f.gops->next; c; before = c, c = c->next) {
			ck_assert_int_eq(transcode_gop(&to_288, f.clip.avcc, &before->video,
						 &c->video, &out),
				0);
			ck_assert_uint_eq(out.frames_lost, 0);
			ck_assert_uint_eq(out.samples.n, c->video.n);
			transcode_result_clear(&out);
			gops++;
		}
		ck_assert_int_ge(gops, 2);
		tear_down(&f);
	}
}
END_TEST

/* Damage costs the damaged pictures; the times of the others stay. */
START_TEST(damaged_input)
{
	struct transcode_result r;
	struct fixture f;
	struct media_samples *video;

	if (!set_up(&f, "-bf 0"))
		return;
	video = &f.gops->video;
	for (size_t i = 5; i < 8; i++) { /* lengths that reach past the end; nothing; noise */
		struct buf *b = buf_alloc(i == 6 ? 0 : 400);

		if (b->n)
			memset(buf_data(b), i == 5 ? 0xff : 0x41, b->n);
		buf_unref(&video->p[i].data);
		video->p[i].data = b;
	}
	ck_assert_int_eq(transcode_gop(&to_288, f.clip.avcc, NULL, video, &r), 0);
	ck_assert_uint_ge(r.frames_lost, 2);
	ck_assert_uint_eq(r.samples.n, video->n - r.frames_lost);
	ck_assert_int_eq(r.samples.p[0].dts, video->p[0].dts);
	for (size_t i = 0; i + 1 < r.samples.n; i++)
		ck_assert_int_eq(
			r.samples.p[i].dts + r.samples.p[i].duration, r.samples.p[i + 1].dts);
	transcode_result_clear(&r);
	tear_down(&f);
}
END_TEST

START_TEST(nonsense)
{
	struct transcode_params params = to_288;
	struct media_samples samples = { 0 };
	struct transcode_result r;
	struct fixture f;

	ck_assert_int_eq(
		transcode_gop(&params, SLICE("no avcC"), NULL, &samples, &r), HEARTH_EINVAL);
	if (!set_up(&f, ""))
		return;
	ck_assert_int_eq(transcode_gop(&params, f.clip.avcc, NULL, &samples, &r), HEARTH_EINVAL);
	media_samples_add(
		&samples, (struct media_sample){ .key = true, .data = buf_copy(SLICE("noise")) });
	ck_assert_int_eq(transcode_gop(&params, f.clip.avcc, NULL, &samples, &r), HEARTH_EINVAL);
	params.height = 287;
	ck_assert_int_eq(transcode_gop(&params, f.clip.avcc, NULL, &samples, &r), HEARTH_EINVAL);
	media_samples_clear(&samples);
	tear_down(&f);
}
END_TEST

TEST_MAIN("transcode", seams_do_not_show, source_without_b_frames, pyramid_and_odd_formats,
	upright_pictures, never_upscales, led_up_to, no_idr_pictures, damaged_input, nonsense)
