/*
 * rtmp_message.c: what a message wants: commands are answered or lead to rtmp_publish.c, media go
 * there too, one by one or out of an aggregate. On the loop; one message at a time.
 */
#include <stdio.h>

#include "flv/flv_tag.h"
#include "hearth/log.h"
#include "rtmp/rtmp_aggregate.h"
#include "rtmp/rtmp_internal.h"

#define APP_KEY_MIN 16 /* an application as long as that is meant as a key */
#define STREAM_ID   1  /* the one message stream we give */

/* ---- commands ---- */

/* What of "live", "live/KEY", "live?key=KEY" or "KEY" is the key; false: none of these. */
static bool read_app(struct rtmp_session *s, const struct rtmp_command *c)
{
	struct slice rest = c->app, first = slice_split(&rest, '/'), key = rtmp_key_in(c->query);

	if (!slice_eq(first, SLICE("live"))) {
		if (rest.n || first.n < APP_KEY_MIN)
			return false;
		rest = first;
	}
	if (key.n)
		rest = key;
	if (rest.n >= RTMP_KEY_MAX)
		return false;
	snprintf(s->app_key, sizeof(s->app_key), "%.*s", SLICE_ARG(rest));
	return true;
}

static void do_connect(struct rtmp_session *s, const struct rtmp_command *c)
{
	if (s->state != RTMP_CONNECTING || !read_app(s, c)) {
		log_info("rtmp", "connect refused", "peer", "%s", conn_info(s->conn)->peer, "app",
			"%.*s", SLICE_ARG(slice_head(c->app, 100)), NULL);
		rtmp_reply_error(&s->writer, &s->out, c->transaction,
			RTMP_STATUS_CONNECT_INVALID_APP,
			SLICE("publish to rtmp://HOST/live with your key as the stream's name"));
		session_turn_close(&s->turn);
		return;
	}
	rtmp_reply_connect(&s->writer, &s->out, c);
	s->state = RTMP_CONNECTED;
}

static void run_command(struct rtmp_session *s, const struct rtmp_command *c)
{
	switch (c->kind) {
	case RTMP_COMMAND_CONNECT: do_connect(s, c); break;
	case RTMP_COMMAND_RELEASE_STREAM:
		rtmp_reply_result(&s->writer, &s->out, c->transaction);
		break;
	case RTMP_COMMAND_FC_PUBLISH:
		rtmp_reply_fc_publish(&s->writer, &s->out, c->transaction);
		break;
	case RTMP_COMMAND_CREATE_STREAM:
		rtmp_reply_create_stream(&s->writer, &s->out, c->transaction, STREAM_ID);
		break;
	case RTMP_COMMAND_PUBLISH: rtmp_publish(s, c); break;
	case RTMP_COMMAND_PLAY:
		s->stream_id = c->stream_id;
		rtmp_session_refuse(
			s, RTMP_STATUS_FAILED, "watch by HLS: /live/CHANNEL/index.m3u8");
		break;
	case RTMP_COMMAND_FC_UNPUBLISH:
	case RTMP_COMMAND_DELETE_STREAM:
	case RTMP_COMMAND_CLOSE_STREAM: rtmp_unpublish(s); break;
	case RTMP_COMMAND_OTHER:
		/* "_checkbw" and its like: who asks with a number wants an answer. */
		if (c->transaction > 0)
			rtmp_reply_result(&s->writer, &s->out, c->transaction);
		break;
	}
}

/* ---- messages ---- */

/* What an aggregate may hold, or comes by itself. */
static void take_media(struct rtmp_session *s, const struct rtmp_message *m)
{
	struct rtmp_data data;

	switch (m->type) {
	case RTMP_AUDIO: rtmp_take_tag(s, FLV_AUDIO, m->timestamp_ms, m->body); break;
	case RTMP_VIDEO: rtmp_take_tag(s, FLV_VIDEO, m->timestamp_ms, m->body); break;
	case RTMP_DATA:
	case RTMP_DATA_AMF3:
		if (rtmp_data_read(s->arena, m, &data) == 0)
			rtmp_take_tag(s, FLV_SCRIPT, m->timestamp_ms, data.body);
		break;
	}
}

static void take_aggregate(struct rtmp_session *s, const struct rtmp_message *m)
{
	struct rtmp_aggregate a;
	struct rtmp_message part;
	int rc = 1;

	rtmp_aggregate_init(&a, m);
	while (s->state == RTMP_PUBLISHING && !session_turn_is_closing(&s->turn) &&
		(rc = rtmp_aggregate_next(&a, &part)) > 0)
		take_media(s, &part);
	if (rc < 0)
		rtmp_session_refuse(
			s, RTMP_STATUS_PUBLISH_REJECTED, "an aggregate message is malformed");
}

int rtmp_take_message(struct rtmp_session *s, const struct rtmp_message *m)
{
	struct rtmp_command command;
	struct rtmp_control control;
	int rc = 0;

	INVARIANT(s->conn && s->state >= RTMP_CONNECTING);
	INVARIANT(!session_turn_is_waiting(&s->turn) && !session_turn_is_closing(&s->turn));
	switch (m->type) {
	case RTMP_AGGREGATE: take_aggregate(s, m); break;
	default: take_media(s, m); break;
	case RTMP_COMMAND:
	case RTMP_COMMAND_AMF3:
		rc = rtmp_command_read(s->arena, m, &command);
		if (rc == 0)
			run_command(s, &command);
		break;
	case RTMP_USER_CONTROL:
		if (rtmp_control_read(m, &control) == 0 && control.event == RTMP_EVENT_PING_REQUEST)
			rtmp_reply_event(
				&s->writer, &s->out, RTMP_EVENT_PING_RESPONSE, control.value);
		break;
	}
	arena_reset(s->arena);
	return rc;
}
