/*
 * media_type.c: tells pictures and sounds by their first bytes: a table of signatures, and frame
 * headers for MP3. Pure.
 */
#include "preferences/media_type.h"

/* An ID3v2 tag, or the header of a frame of MPEG layer III (ISO 11172-3 section 2.4.1.3). */
static bool is_mpeg_audio(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (slice_starts(s, SLICE("ID3")))
		return s.n >= 10;
	if (s.n < 4 || p[0] != 0xff || (p[1] & 0xe6) != 0xe2)
		return false;
	/* Version 1 is reserved, as are bit rates 0 (free) and 15 and sampling rate 3. */
	return (p[1] & 0x18) != 0x08 && (p[2] & 0xf0) != 0 && (p[2] & 0xf0) != 0xf0 &&
	       (p[2] & 0x0c) != 0x0c;
}

const char *media_type_of(struct slice s)
{
	struct slice riff = slice_starts(s, SLICE("RIFF")) ? slice_skip(s, 8) : SLICE("");

	if (slice_starts(s, SLICE("\x89PNG\r\n\x1a\n")))
		return "image/png";
	if (slice_starts(s, SLICE("\xff\xd8\xff")))
		return "image/jpeg";
	if (slice_starts(riff, SLICE("WEBP")))
		return "image/webp";
	if (slice_starts(s, SLICE("GIF87a")) || slice_starts(s, SLICE("GIF89a")))
		return "image/gif";
	if (slice_starts(s, SLICE("OggS")))
		return "audio/ogg";
	if (slice_starts(riff, SLICE("WAVE")))
		return "audio/wav";
	return is_mpeg_audio(s) ? "audio/mpeg" : NULL;
}
