/*
 * flv_tag.h: the FLV container (Adobe video file format 10.1, annex E): the form in which the raw
 * backup keeps what a publisher sent, tag by tag, untouched.
 *
 * Reading is stateless: each function looks at the front of the bytes it is given, says how many it
 * used, and copies nothing. Pure, any thread.
 */
#ifndef HEARTH_FLV_TAG_H
#define HEARTH_FLV_TAG_H

#include "hearth/str.h"

#include <sys/types.h>

#define FLV_BODY_MAX 0xFFFFFFu /* what the 24-bit size can say */

enum flv_tag_type {
	FLV_AUDIO = 8,
	FLV_VIDEO = 9,
	FLV_SCRIPT = 18,
};

struct flv_tag {
	uint8_t type;          /* enum flv_tag_type, or another number from the file */
	uint32_t timestamp_ms; /* wraps after 49.7 days */
	struct slice body;     /* points into the input; at most FLV_BODY_MAX bytes */
};

struct flv_header {
	bool audio, video; /* hints: writers are often wrong */
};

/*
 * The file header and the empty PreviousTagSize behind it. Returns the bytes used, 0 when more are
 * needed, HEARTH_EINVAL when this is no FLV file of version 1.
 */
ssize_t flv_read_header(struct slice in, struct flv_header *out);
/*
 * One tag and the PreviousTagSize behind it, whose value is not looked at. Returns the bytes used,
 * 0 when more are needed, HEARTH_EINVAL, or HEARTH_EUNSUPPORTED when the tag is encrypted.
 */
ssize_t flv_read_tag(struct slice in, struct flv_tag *out);

void flv_write_header(struct strbuf *out, bool audio, bool video);
void flv_write_tag(struct strbuf *out, const struct flv_tag *tag);

#endif
