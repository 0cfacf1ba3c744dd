/*
 * rtmp_reply.c: what the server says: answers to commands, status, control messages.
 *
 * Chunk streams, as other servers choose them: 2 control, 3 answers to commands, 5 status. Pure, on
 * the loop here; each answer is some hundred bytes.
 */
#include "rtmp/rtmp_command.h"

#include "bytes.h"
#include "rtmp/amf0.h"

#define CSID_CONTROL 2
#define CSID_COMMAND 3
#define CSID_STATUS  5

#define WINDOW_SIZE    2500000u /* bytes a peer sends before it wants an acknowledgement */
#define CHUNK_SIZE     65536u   /* FFmpeg adopts it for what it sends */
#define LIMIT_DYNAMIC  2        /* section 5.4.5 */
#define FOURCC_FORWARD 4        /* Enhanced RTMP v2: "can forward" */

static const struct {
	const char *level, *code;
} statuses[] = {
	[RTMP_STATUS_CONNECT_SUCCESS] = { "status", "NetConnection.Connect.Success" },
	[RTMP_STATUS_CONNECT_REJECTED] = { "error", "NetConnection.Connect.Rejected" },
	[RTMP_STATUS_CONNECT_INVALID_APP] = { "error", "NetConnection.Connect.InvalidApp" },
	[RTMP_STATUS_CONNECT_RECONNECT] = { "status", "NetConnection.Connect.ReconnectRequest" },
	[RTMP_STATUS_PUBLISH_START] = { "status", "NetStream.Publish.Start" },
	[RTMP_STATUS_PUBLISH_BAD_NAME] = { "error", "NetStream.Publish.BadName" },
	[RTMP_STATUS_PUBLISH_DENIED] = { "error", "NetStream.Publish.Denied" },
	[RTMP_STATUS_PUBLISH_REJECTED] = { "error", "NetStream.Publish.Rejected" },
	[RTMP_STATUS_PUBLISH_WARNING] = { "warning", "NetStream.Publish.Warning" },
	[RTMP_STATUS_UNPUBLISH_SUCCESS] = { "status", "NetStream.Unpublish.Success" },
	[RTMP_STATUS_FAILED] = { "error", "NetStream.Failed" },
};

/* Sends a command body and releases it. */
static void send_command(struct rtmp_writer *w, struct strbuf *out, uint32_t csid,
	uint32_t stream_id, struct strbuf *body)
{
	struct rtmp_message m = {
		.csid = csid,
		.type = RTMP_COMMAND,
		.stream_id = stream_id,
		.body = strbuf_slice(body),
	};

	rtmp_writer_message(w, out, &m);
	strbuf_free(body);
}

static void send_control(
	struct rtmp_writer *w, struct strbuf *out, enum rtmp_type type, struct slice body)
{
	struct rtmp_message m = { .csid = CSID_CONTROL, .type = type, .body = body };

	rtmp_writer_message(w, out, &m);
}

static void begin(struct strbuf *b, struct slice name, double transaction)
{
	amf0_write_string(b, name);
	amf0_write_number(b, transaction);
}

static void write_string_property(struct strbuf *b, struct slice key, struct slice value)
{
	amf0_write_key(b, key);
	amf0_write_string(b, value);
}

static void write_number_property(struct strbuf *b, struct slice key, double value)
{
	amf0_write_key(b, key);
	amf0_write_number(b, value);
}

/* The three properties that every information object has. */
static void write_status(struct strbuf *b, enum rtmp_status status, struct slice description)
{
	write_string_property(b, SLICE("level"), slice_str(statuses[status].level));
	write_string_property(b, SLICE("code"), slice_str(statuses[status].code));
	write_string_property(b, SLICE("description"), description);
}

static void write_fourcc_map(struct strbuf *b, struct slice key, struct slice fourcc)
{
	amf0_write_key(b, key);
	amf0_write_object_begin(b);
	write_number_property(b, fourcc, FOURCC_FORWARD);
	amf0_write_object_end(b);
}

static void reply_connect_result(
	struct rtmp_writer *w, struct strbuf *out, const struct rtmp_command *c)
{
	struct strbuf b = { 0 };

	begin(&b, SLICE("_result"), c->transaction);
	amf0_write_object_begin(&b);
	write_string_property(&b, SLICE("fmsVer"), SLICE("FMS/3,0,1,123"));
	write_number_property(&b, SLICE("capabilities"), 31);
	amf0_write_object_end(&b);
	amf0_write_object_begin(&b);
	write_status(&b, RTMP_STATUS_CONNECT_SUCCESS, SLICE("Connection succeeded."));
	write_number_property(&b, SLICE("objectEncoding"), 0);
	if (c->enhanced) {
		write_fourcc_map(&b, SLICE("videoFourCcInfoMap"), SLICE("avc1"));
		write_fourcc_map(&b, SLICE("audioFourCcInfoMap"), SLICE("mp4a"));
		write_number_property(&b, SLICE("capsEx"), 0);
	}
	amf0_write_object_end(&b);
	send_command(w, out, CSID_COMMAND, 0, &b);
}

void rtmp_reply_connect(struct rtmp_writer *w, struct strbuf *out, const struct rtmp_command *c)
{
	struct strbuf b = { 0 };
	uint8_t body[5];

	put_be(body, WINDOW_SIZE, 4);
	body[4] = LIMIT_DYNAMIC;
	send_control(w, out, RTMP_WINDOW_ACK_SIZE, slice_of(body, 4));
	send_control(w, out, RTMP_SET_PEER_BANDWIDTH, slice_of(body, 5));
	rtmp_reply_event(w, out, RTMP_EVENT_STREAM_BEGIN, 0);
	rtmp_writer_set_chunk_size(w, out, CHUNK_SIZE);
	reply_connect_result(w, out, c);

	begin(&b, SLICE("onBWDone"), 0);
	amf0_write_null(&b);
	send_command(w, out, CSID_COMMAND, 0, &b);
}

void rtmp_reply_result(struct rtmp_writer *w, struct strbuf *out, double transaction)
{
	struct strbuf b = { 0 };

	begin(&b, SLICE("_result"), transaction);
	amf0_write_null(&b);
	amf0_write_null(&b);
	send_command(w, out, CSID_COMMAND, 0, &b);
}

void rtmp_reply_create_stream(
	struct rtmp_writer *w, struct strbuf *out, double transaction, uint32_t stream_id)
{
	struct strbuf b = { 0 };

	begin(&b, SLICE("_result"), transaction);
	amf0_write_null(&b);
	amf0_write_number(&b, stream_id);
	send_command(w, out, CSID_COMMAND, 0, &b);
}

void rtmp_reply_fc_publish(struct rtmp_writer *w, struct strbuf *out, double transaction)
{
	struct strbuf b = { 0 };

	rtmp_reply_result(w, out, transaction);
	begin(&b, SLICE("onFCPublish"), 0);
	amf0_write_null(&b);
	amf0_write_object_begin(&b);
	write_status(&b, RTMP_STATUS_PUBLISH_START, SLICE(""));
	amf0_write_object_end(&b);
	send_command(w, out, CSID_COMMAND, 0, &b);
}

void rtmp_reply_error(struct rtmp_writer *w, struct strbuf *out, double transaction,
	enum rtmp_status status, struct slice description)
{
	struct strbuf b = { 0 };

	begin(&b, SLICE("_error"), transaction);
	amf0_write_null(&b);
	amf0_write_object_begin(&b);
	write_status(&b, status, description);
	amf0_write_object_end(&b);
	send_command(w, out, CSID_COMMAND, 0, &b);
}

void rtmp_reply_status(struct rtmp_writer *w, struct strbuf *out, uint32_t stream_id,
	enum rtmp_status status, struct slice description)
{
	struct strbuf b = { 0 };

	begin(&b, SLICE("onStatus"), 0);
	amf0_write_null(&b);
	amf0_write_object_begin(&b);
	write_status(&b, status, description);
	amf0_write_object_end(&b);
	send_command(w, out, CSID_STATUS, stream_id, &b);
}

void rtmp_reply_ack(struct rtmp_writer *w, struct strbuf *out, uint64_t received)
{
	uint8_t body[4];

	put_be(body, received, 4);
	send_control(w, out, RTMP_ACK, slice_of(body, 4));
}

void rtmp_reply_event(
	struct rtmp_writer *w, struct strbuf *out, enum rtmp_event event, uint32_t value)
{
	uint8_t body[6];

	put_be(body, (uint64_t)event, 2);
	put_be(body + 2, value, 4);
	send_control(w, out, RTMP_USER_CONTROL, slice_of(body, 6));
}
