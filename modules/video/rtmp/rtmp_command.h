/*
 * rtmp_command.h: what a publisher says in commands, data and control messages (RTMP 1.0 section 7)
 * and what it is answered, as OBS, FFmpeg and FMLE speak it.
 *
 * Decoding fills plain structs whose slices point into the message; answers are appended to a
 * strbuf as chunks through the connection's rtmp_writer. Pure, on the loop here; a message is
 * bounded by its reader, its values by amf0.h.
 */
#ifndef HEARTH_RTMP_COMMAND_H
#define HEARTH_RTMP_COMMAND_H

#include "hearth/arena.h"
#include "rtmp/rtmp_chunk.h"

enum rtmp_command_kind {
	RTMP_COMMAND_OTHER, /* any other name: to be ignored */
	RTMP_COMMAND_CONNECT,
	RTMP_COMMAND_RELEASE_STREAM,
	RTMP_COMMAND_FC_PUBLISH,
	RTMP_COMMAND_CREATE_STREAM,
	RTMP_COMMAND_PUBLISH,
	RTMP_COMMAND_PLAY,
	RTMP_COMMAND_FC_UNPUBLISH,
	RTMP_COMMAND_DELETE_STREAM,
	RTMP_COMMAND_CLOSE_STREAM,
};

/* All slices point into the message; what does not belong to the kind is empty or 0. */
struct rtmp_command {
	enum rtmp_command_kind kind;
	struct slice name;      /* as it was sent */
	double transaction;     /* to be repeated in the answer; 0 asks for none */
	uint32_t stream_id;     /* the message stream it came on; of deleteStream: the one meant */
	struct slice app;       /* connect: without query and closing slash, as "live" */
	struct slice tc_url;    /* connect: as "rtmp://host:1935/live" */
	struct slice flash_ver; /* connect: who the peer says it is */
	bool enhanced;          /* connect: announces Enhanced RTMP; OBS never does */
	struct slice key;       /* releaseStream, FCPublish, publish, play…: without query */
	struct slice query;     /* what followed '?' in the key (or in connect's app) */
	struct slice mode;      /* publish: "live", "record" or "append" */
};

/* What onMetaData may say; 0 and empty where it does not. Hints of the publisher: not to be
 * trusted. */
struct rtmp_metadata {
	double width, height, fps;
	double video_kbps, audio_kbps;
	bool video, audio; /* such a track is announced */
	struct slice encoder;
};

/* A data message. */
struct rtmp_data {
	struct slice name; /* as "onMetaData"; @setDataFrame is taken off */
	struct slice body; /* from that name on: what belongs into an FLV script tag */
	bool has_metadata; /* it is onMetaData with values that were understood */
	struct rtmp_metadata metadata;
};

/* A control message: RTMP_ACK, _WINDOW_ACK_SIZE, _SET_PEER_BANDWIDTH or _USER_CONTROL. */
struct rtmp_control {
	uint16_t event; /* USER_CONTROL only: enum rtmp_event */
	uint32_t value; /* the first number behind the event */
};

/* User control events (section 7.1.7). */
enum rtmp_event {
	RTMP_EVENT_STREAM_BEGIN = 0,
	RTMP_EVENT_STREAM_EOF = 1,
	RTMP_EVENT_SET_BUFFER_LENGTH = 3,
	RTMP_EVENT_PING_REQUEST = 6,
	RTMP_EVENT_PING_RESPONSE = 7,
};

/*
 * Decodes an RTMP_COMMAND or RTMP_COMMAND_AMF3 message; what it needs comes from `a`. Returns 0 or
 * what amf0_read returns; HEARTH_EINVAL too for a connect without object.
 */
int rtmp_command_read(struct arena *a, const struct rtmp_message *m, struct rtmp_command *out);
/* Decodes an RTMP_DATA or RTMP_DATA_AMF3 message in the same way. */
int rtmp_data_read(struct arena *a, const struct rtmp_message *m, struct rtmp_data *out);
/* Decodes a control message; HEARTH_EINVAL when it is too short. */
int rtmp_control_read(const struct rtmp_message *m, struct rtmp_control *out);

/* The codes of answers; the table in rtmp_reply.c has their texts. */
enum rtmp_status {
	RTMP_STATUS_CONNECT_SUCCESS,
	RTMP_STATUS_CONNECT_REJECTED,
	RTMP_STATUS_CONNECT_INVALID_APP,
	RTMP_STATUS_CONNECT_RECONNECT, /* Enhanced RTMP: please connect again */
	RTMP_STATUS_PUBLISH_START,
	RTMP_STATUS_PUBLISH_BAD_NAME, /* no such key, or it is in use */
	RTMP_STATUS_PUBLISH_DENIED,
	RTMP_STATUS_PUBLISH_REJECTED,
	RTMP_STATUS_PUBLISH_WARNING, /* ours: the stream goes on, but not as it was meant */
	RTMP_STATUS_UNPUBLISH_SUCCESS,
	RTMP_STATUS_FAILED,
};

/*
 * The answer to connect: window acknowledgement size, peer bandwidth, StreamBegin 0, chunk size,
 * _result, onBWDone. An Enhanced RTMP client is told that AVC and AAC are what is taken here.
 */
void rtmp_reply_connect(struct rtmp_writer *w, struct strbuf *out, const struct rtmp_command *c);
/* _result without content, for releaseStream; with the stream's number, for createStream. */
void rtmp_reply_result(struct rtmp_writer *w, struct strbuf *out, double transaction);
void rtmp_reply_create_stream(
	struct rtmp_writer *w, struct strbuf *out, double transaction, uint32_t stream_id);
/* The answer to FCPublish: _result and onFCPublish. */
void rtmp_reply_fc_publish(struct rtmp_writer *w, struct strbuf *out, double transaction);
/* _error with a code and a text for people: refuses a connect. */
void rtmp_reply_error(struct rtmp_writer *w, struct strbuf *out, double transaction,
	enum rtmp_status status, struct slice description);
/* onStatus on a message stream: accepts or refuses a publish, or says that it ended. */
void rtmp_reply_status(struct rtmp_writer *w, struct strbuf *out, uint32_t stream_id,
	enum rtmp_status status, struct slice description);

/* Acknowledgement of `received` bytes (its low 32 bits), due once a window (section 5.4.3). */
void rtmp_reply_ack(struct rtmp_writer *w, struct strbuf *out, uint64_t received);
/* A user control event with one number: StreamBegin, StreamEOF, a ping and its answer. */
void rtmp_reply_event(
	struct rtmp_writer *w, struct strbuf *out, enum rtmp_event event, uint32_t value);

#endif
