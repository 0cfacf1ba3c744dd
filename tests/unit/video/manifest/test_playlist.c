/*
 * HLS playlists, line by line.
 */
#include "manifest/playlist.h"

#include "harness.h"

static void expect(struct strbuf *out, const char *text)
{
	ck_assert_str_eq(out->p, text);
	strbuf_free(out);
}

START_TEST(live)
{
	static const struct hls_segment segments[] = {
		{ .uri = SLICE("7.m4s"),
			.map = SLICE("init-1.mp4"),
			.duration = 180000,
			.date_ms = INT64_C(1700000000123) },
		{ .uri = SLICE("8.m4s"), .map = SLICE("init-1.mp4"), .duration = 179999 },
		{ .uri = SLICE("9.m4s"),
			.map = SLICE("init-2.mp4"),
			.duration = 90001,
			.discontinuity = true },
	};
	struct hls_media p = { .target_s = 4,
		.sequence = 7,
		.discontinuity_sequence = 3,
		.independent = true,
		.segments = segments,
		.count = 3 };
	struct strbuf out = { 0 };

	hls_write_media(&out, &p);
	expect(&out, "#EXTM3U\n"
		     "#EXT-X-VERSION:7\n"
		     "#EXT-X-TARGETDURATION:4\n"
		     "#EXT-X-MEDIA-SEQUENCE:7\n"
		     "#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
		     "#EXT-X-INDEPENDENT-SEGMENTS\n"
		     "#EXT-X-MAP:URI=\"init-1.mp4\"\n"
		     "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.123Z\n"
		     "#EXTINF:2.000000,\n"
		     "7.m4s\n"
		     "#EXTINF:1.999989,\n"
		     "8.m4s\n"
		     "#EXT-X-DISCONTINUITY\n"
		     "#EXT-X-MAP:URI=\"init-2.mp4\"\n"
		     "#EXTINF:1.000011,\n"
		     "9.m4s\n");
}
END_TEST

START_TEST(ended)
{
	static const struct hls_segment segments[] = {
		{ .uri = SLICE("0.m4s"), .map = SLICE("i.mp4"), .duration = 45000 },
		{ .uri = SLICE("1.m4s"), .map = SLICE("i.mp4"), .duration = 90000, .gap = true },
	};
	struct hls_media p = {
		.type = HLS_VOD, .target_s = 1, .ended = true, .segments = segments, .count = 2
	};
	struct strbuf out = { 0 };

	hls_write_media(&out, &p);
	expect(&out, "#EXTM3U\n"
		     "#EXT-X-VERSION:8\n"
		     "#EXT-X-TARGETDURATION:1\n"
		     "#EXT-X-MEDIA-SEQUENCE:0\n"
		     "#EXT-X-PLAYLIST-TYPE:VOD\n"
		     "#EXT-X-MAP:URI=\"i.mp4\"\n"
		     "#EXTINF:0.500000,\n"
		     "0.m4s\n"
		     "#EXT-X-GAP\n"
		     "#EXTINF:1.000000,\n"
		     "1.m4s\n"
		     "#EXT-X-ENDLIST\n");
}
END_TEST

START_TEST(empty)
{
	struct hls_media p = { .type = HLS_EVENT, .target_s = 2 };
	struct strbuf out = { 0 };

	hls_write_media(&out, &p);
	expect(&out, "#EXTM3U\n"
		     "#EXT-X-VERSION:7\n"
		     "#EXT-X-TARGETDURATION:2\n"
		     "#EXT-X-MEDIA-SEQUENCE:0\n"
		     "#EXT-X-PLAYLIST-TYPE:EVENT\n");
}
END_TEST

START_TEST(multivariant)
{
	static const struct hls_variant variants[] = {
		{ .uri = SLICE("source/index.m3u8"),
			.bandwidth = 6000000,
			.average_bandwidth = 5200000,
			.codecs = SLICE("avc1.64002a,mp4a.40.2"),
			.width = 1920,
			.height = 1080,
			.fps_milli = 29970 },
		{ .uri = SLICE("audio/index.m3u8"),
			.bandwidth = 128000,
			.codecs = SLICE("mp4a.40.2") },
	};
	struct strbuf out = { 0 };

	hls_write_multivariant(&out, variants, 2, true);
	expect(&out, "#EXTM3U\n"
		     "#EXT-X-VERSION:7\n"
		     "#EXT-X-INDEPENDENT-SEGMENTS\n"
		     "#EXT-X-STREAM-INF:BANDWIDTH=6000000,AVERAGE-BANDWIDTH=5200000,"
		     "CODECS=\"avc1.64002a,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=29.970\n"
		     "source/index.m3u8\n"
		     "#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n"
		     "audio/index.m3u8\n");
}
END_TEST

START_TEST(target_seconds)
{
	ck_assert_uint_eq(hls_target_seconds(0), 1);
	ck_assert_uint_eq(hls_target_seconds(90000 * 2 + 44999), 2);
	ck_assert_uint_eq(hls_target_seconds(90000 * 2 + 45000), 3);
}
END_TEST

TEST_MAIN("playlist", live, ended, empty, multivariant, target_seconds)
