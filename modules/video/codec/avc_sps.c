/*
 * avc_sps.c: the sequence parameter set (H.264 7.3.2.1.1 and E.1.1). Pure, any thread; at most
 * RBSP_MAX bytes of it are unpacked, on the stack.
 */
#include "codec/avc.h"

#include "codec/bits.h"
#include "hearth/error.h"

#define RBSP_MAX 1024 /* of an SPS; what is longer is cut and then too short */

#define VUI_SAR_EXTENDED 255

/* Takes the emulation prevention bytes out (7.3.1): 00 00 03 becomes 00 00. */
static struct slice unescape(struct slice nal, char rbsp[RBSP_MAX])
{
	size_t n = 0, zeros = 0;

	for (size_t i = 0; i < nal.n && n < RBSP_MAX; i++) {
		if (zeros >= 2 && nal.p[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = nal.p[i] ? 0 : zeros + 1;
		rbsp[n++] = nal.p[i];
	}
	return slice_of(rbsp, n);
}

static void skip_scaling_list(struct bit_reader *b, unsigned size)
{
	int32_t last = 8, next = 8;

	for (unsigned i = 0; i < size && next && !b->bad; i++) {
		next = (int32_t)((uint32_t)last + (uint32_t)read_se(b)) & 0xff;
		if (next)
			last = next;
	}
}

static bool has_chroma_info(uint8_t profile)
{
	static const uint8_t profiles[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134,
		135 };

	return memchr(profiles, profile, sizeof(profiles));
}

static int read_chroma_info(struct bit_reader *b, struct avc_sps *s)
{
	uint32_t format = read_ue(b), depth;

	if (format > 3)
		return HEARTH_EINVAL;
	s->chroma_format = (uint8_t)format;
	if (format == 3)
		read_flag(b); /* separate_colour_plane_flag */
	depth = read_ue(b);
	if (depth > 6 || read_ue(b) > 6)
		return HEARTH_EINVAL;
	s->bit_depth = (uint8_t)(8 + depth);
	read_flag(b);      /* qpprime_y_zero_transform_bypass_flag */
	if (!read_flag(b)) /* seq_scaling_matrix_present_flag */
		return 0;
	for (unsigned i = 0; i < (format == 3 ? 12 : 8); i++)
		if (read_flag(b))
			skip_scaling_list(b, i < 6 ? 16 : 64);
	return 0;
}

static int read_order_count(struct bit_reader *b)
{
	uint32_t type = read_ue(b), n;

	if (type > 2)
		return HEARTH_EINVAL;
	if (type == 0)
		read_ue(b); /* log2_max_pic_order_cnt_lsb_minus4 */
	if (type == 1) {
		read_flag(b);
		read_se(b);
		read_se(b);
		n = read_ue(b);
		if (n > 255)
			return HEARTH_EINVAL;
		while (n--)
			read_se(b);
	}
	return 0;
}

/* Picture size in samples (7.4.2.1.1), from macroblocks less what is cropped. */
static int read_size(struct bit_reader *b, struct avc_sps *s)
{
	uint64_t width = read_ue(b) + UINT64_C(1), height = read_ue(b) + UINT64_C(1);
	uint64_t crop_x, crop_y, left, right, top, bottom;

	s->interlaced = !read_flag(b); /* frame_mbs_only_flag */
	width *= 16;
	height *= s->interlaced ? 32 : 16;
	if (s->interlaced)
		read_flag(b); /* mb_adaptive_frame_field_flag */
	read_flag(b);         /* direct_8x8_inference_flag */
	if (read_flag(b)) {
		crop_x = s->chroma_format == 1 || s->chroma_format == 2 ? 2 : 1;
		crop_y = s->chroma_format == 1 ? 2 : 1;
		crop_y *= s->interlaced ? 2 : 1;
		left = read_ue(b) * crop_x;
		right = read_ue(b) * crop_x;
		top = read_ue(b) * crop_y;
		bottom = read_ue(b) * crop_y;
		if (left + right >= width || top + bottom >= height)
			return HEARTH_EINVAL;
		width -= left + right;
		height -= top + bottom;
	}
	if (width > AVC_DIMENSION_MAX || height > AVC_DIMENSION_MAX)
		return HEARTH_ETOOBIG;
	s->width = (uint32_t)width;
	s->height = (uint32_t)height;
	return 0;
}

static void read_sample_shape(struct bit_reader *b, struct avc_sps *s)
{
	static const uint8_t shapes[][2] = { /* table E-1 */
		{ 1, 1 }, { 1, 1 }, { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 }, { 24, 11 },
		{ 20, 11 }, { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 }, { 64, 33 }, { 160, 99 },
		{ 4, 3 }, { 3, 2 }, { 2, 1 }
	};
	uint32_t idc = read_bits(b, 8), num = 1, den = 1;

	if (idc == VUI_SAR_EXTENDED) {
		num = read_bits(b, 16);
		den = read_bits(b, 16);
	} else if (idc < sizeof(shapes) / sizeof(shapes[0])) {
		num = shapes[idc][0];
		den = shapes[idc][1];
	}
	if (num && den) {
		s->sar_num = num;
		s->sar_den = den;
	}
}

/* Video usability information, as far as the frame rate. */
static void read_vui(struct bit_reader *b, struct avc_sps *s)
{
	uint32_t units, scale;

	if (read_flag(b)) /* aspect_ratio_info_present_flag */
		read_sample_shape(b, s);
	if (read_flag(b)) /* overscan_info_present_flag */
		read_flag(b);
	if (read_flag(b)) { /* video_signal_type_present_flag */
		read_bits(b, 4);
		if (read_flag(b)) /* colour_description_present_flag */
			read_bits(b, 24);
	}
	if (read_flag(b)) { /* chroma_loc_info_present_flag */
		read_ue(b);
		read_ue(b);
	}
	if (!read_flag(b)) /* timing_info_present_flag */
		return;
	units = read_bits(b, 32);
	scale = read_bits(b, 32);
	if (units && scale && units <= UINT32_MAX / 2 && !b->bad) { /* two ticks a frame */
		s->fps_num = scale;
		s->fps_den = units * 2;
	}
}

int avc_sps_parse(struct slice nal, struct avc_sps *out)
{
	struct avc_sps s = {
		.chroma_format = 1, .bit_depth = 8, .sar_num = 1, .sar_den = 1, .fps_den = 1
	};
	char rbsp[RBSP_MAX];
	struct bit_reader b;
	int rc;

	if (avc_nal_type(nal) != AVC_NAL_SPS)
		return HEARTH_EINVAL;
	b = bit_reader_of(unescape(slice_skip(nal, 1), rbsp));
	s.profile = (uint8_t)read_bits(&b, 8);
	s.constraints = (uint8_t)read_bits(&b, 8);
	s.level = (uint8_t)read_bits(&b, 8);
	read_ue(&b); /* seq_parameter_set_id */
	if (has_chroma_info(s.profile) && read_chroma_info(&b, &s) < 0)
		return HEARTH_EINVAL;
	read_ue(&b); /* log2_max_frame_num_minus4 */
	if (read_order_count(&b) < 0)
		return HEARTH_EINVAL;
	read_ue(&b);   /* max_num_ref_frames */
	read_flag(&b); /* gaps_in_frame_num_value_allowed_flag */
	rc = read_size(&b, &s);
	if (rc < 0 || b.bad)
		return b.bad ? HEARTH_EINVAL : rc;
	if (read_flag(&b)) /* vui_parameters_present_flag */
		read_vui(&b, &s);
	*out = s; /* a VUI cut short costs the frame rate and no more */
	return 0;
}
