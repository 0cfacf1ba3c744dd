/*
 * FLV files: header and tags, each tag's body through the parser of its kind; and what was read,
 * written again, must be the same tag.
 */
#include "flv/av_tag.h"
#include "flv/flv_tag.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tag(struct slice in, ssize_t used, const struct flv_tag *tag)
{
	struct strbuf again = { 0 };
	struct av_tag av;

	flv_write_tag(&again, tag);
	if (again.n != (size_t)used || memcmp(again.p + 11, in.p + 11, tag->body.n) != 0)
		abort();
	strbuf_free(&again);
	if (av_tag_video(tag->body, &av) == 0 && av.data.n > tag->body.n)
		abort();
	if (av_tag_audio(tag->body, &av) == 0 && !av_codec_name(av.codec))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct flv_header header;
	struct flv_tag tag;
	ssize_t used = flv_read_header(in, &header);

	for (; used > 0; used = flv_read_tag(in, &tag)) {
		if (in.p != (const char *)data)
			check_tag(in, used, &tag);
		in = slice_skip(in, (size_t)used);
	}
	return 0;
}
