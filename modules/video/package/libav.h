/*
 * libav.h: what of libavcodec, libavutil and libswscale is used here, loaded when the first picture
 * is to be transcoded. The three come with some ninety libraries of their own, whose pages (15 MiB)
 * a server that transcodes nothing need not hold.
 *
 * The functions are called by their own names, each through a pointer; so libav_load must have been
 * asked first, by whoever calls one. They stay loaded. On workers.
 */
#ifndef VIDEO_LIBAV_H
#define VIDEO_LIBAV_H

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

/* Each function with the library that has it. */
#define LIBAV_FUNCTIONS(X)                     \
	X(UTIL, av_dict_free)                  \
	X(UTIL, av_dict_set)                   \
	X(UTIL, av_frame_alloc)                \
	X(UTIL, av_frame_copy_props)           \
	X(UTIL, av_frame_free)                 \
	X(UTIL, av_frame_get_buffer)           \
	X(UTIL, av_frame_unref)                \
	X(UTIL, av_log_set_level)              \
	X(UTIL, av_mallocz)                    \
	X(CODEC, av_new_packet)                \
	X(CODEC, av_packet_alloc)              \
	X(CODEC, av_packet_free)               \
	X(CODEC, av_packet_unref)              \
	X(CODEC, avcodec_alloc_context3)       \
	X(CODEC, avcodec_find_decoder)         \
	X(CODEC, avcodec_find_encoder_by_name) \
	X(CODEC, avcodec_free_context)         \
	X(CODEC, avcodec_open2)                \
	X(CODEC, avcodec_receive_frame)        \
	X(CODEC, avcodec_receive_packet)       \
	X(CODEC, avcodec_send_frame)           \
	X(CODEC, avcodec_send_packet)          \
	X(SCALE, sws_freeContext)              \
	X(SCALE, sws_getCachedContext)         \
	X(SCALE, sws_scale_frame)

struct libav_functions {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the second `name` is what is declared */
#define LIBAV_POINTER(library, name) __typeof__(name) *name;
	LIBAV_FUNCTIONS(LIBAV_POINTER)
#undef LIBAV_POINTER
};

extern struct libav_functions libav;

/* 0, also when it was done before; HEARTH_EUNSUPPORTED, logged once: a library is not there. */
int libav_load(void);

/* Not in libav.c, which names them as they are. */
#ifndef LIBAV_OWN_NAMES
#define av_dict_free                 libav.av_dict_free
#define av_dict_set                  libav.av_dict_set
#define av_frame_alloc               libav.av_frame_alloc
#define av_frame_copy_props          libav.av_frame_copy_props
#define av_frame_free                libav.av_frame_free
#define av_frame_get_buffer          libav.av_frame_get_buffer
#define av_frame_unref               libav.av_frame_unref
#define av_log_set_level             libav.av_log_set_level
#define av_mallocz                   libav.av_mallocz
#define av_new_packet                libav.av_new_packet
#define av_packet_alloc              libav.av_packet_alloc
#define av_packet_free               libav.av_packet_free
#define av_packet_unref              libav.av_packet_unref
#define avcodec_alloc_context3       libav.avcodec_alloc_context3
#define avcodec_find_decoder         libav.avcodec_find_decoder
#define avcodec_find_encoder_by_name libav.avcodec_find_encoder_by_name
#define avcodec_free_context         libav.avcodec_free_context
#define avcodec_open2                libav.avcodec_open2
#define avcodec_receive_frame        libav.avcodec_receive_frame
#define avcodec_receive_packet       libav.avcodec_receive_packet
#define avcodec_send_frame           libav.avcodec_send_frame
#define avcodec_send_packet          libav.avcodec_send_packet
#define sws_freeContext              libav.sws_freeContext
#define sws_getCachedContext         libav.sws_getCachedContext
#define sws_scale_frame              libav.sws_scale_frame
#endif

#endif
