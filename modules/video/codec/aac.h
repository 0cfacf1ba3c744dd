/*
 * aac.h: the AudioSpecificConfig of an AAC stream (ISO/IEC 14496-3 1.6.2.1) and its codec string.
 * Pure, any thread.
 */
#ifndef HEARTH_CODEC_AAC_H
#define HEARTH_CODEC_AAC_H

#include "hearth/str.h"

#define AAC_CODEC_STRING_SIZE 16 /* "mp4a.40.29" and its NUL, with room */

struct aac_config {
	uint8_t object_type;   /* of the core: 2 is AAC-LC */
	bool sbr, ps;          /* HE-AAC, HE-AAC v2: signalled in either way */
	uint32_t rate;         /* of the core, in Hz: frames count in these samples */
	uint32_t output_rate;  /* what is heard: twice that with SBR */
	uint8_t channels;      /* of the core; 0 when it is said inside the stream only */
	uint8_t layout;        /* channelConfiguration: which elements a frame has */
	uint32_t frame_length; /* core samples in a frame: 1024 or 960 */
};

/*
 * Reads an AudioSpecificConfig. HEARTH_EINVAL when it is malformed or cut short,
 * HEARTH_EUNSUPPORTED when it is not Main, LC, SSR or LTP in the core.
 */
int aac_config_parse(struct slice asc, struct aac_config *out);
/* RFC 6381: "mp4a.40." and the object type: 2, 5 with SBR, 29 with PS. */
void aac_codec_string(const struct aac_config *c, char out[AAC_CODEC_STRING_SIZE]);

/*
 * Appends one frame of silence for such a stream (4.4.2.1: an element for each channel or pair of
 * them, without a spectrum). Where only the stream says which elements there are, a pair.
 */
void aac_write_silence(struct strbuf *out, const struct aac_config *c);

#endif
