/*
 * rtmp_session.c: drives handshake, chunk reader and commands over a connection, and hands tags to
 * the ingest.
 *
 *   HANDSHAKE ─▶ CONNECTING ──connect──▶ CONNECTED ──publish──▶ LOOKING_UP ──key known──▶ BEGINNING
 *                                         ▲ ▲                         │                      │
 *          wrong app, wrong key, not in time: refused and closed ◀────┘                      │
 *                                         └── FCUnpublish, deleteStream, closeStream ── PUBLISHING
 *
 * A publisher that says it has ended closes the connection itself: a server that is quicker makes
 * an error of a good end (GStreamer). Whatever is refused is told to the publisher and the log.
 * The key may stand where encoders put it: behind /live/, as the stream's name, or as "?key=".
 *
 * Until a key was accepted a message has at most RTMP_MESSAGE_MAX_EARLY bytes, and all of it at
 * most EARLY_MS. While the database (LOOKING_UP, BEGINNING), the disk (stalled) or the peer's own
 * reading (full) is waited for, nothing is read: in no state may questions pile up answers.
 */
#include "rtmp/rtmp_session.h"

#include <stdio.h>
#include <stdlib.h>

#include "flv/flv_tag.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/room.h"
#include "ingest.h"
#include "publisher.h"
#include "rtmp/rtmp_aggregate.h"
#include "rtmp/rtmp_chunk.h"
#include "rtmp/rtmp_command.h"
#include "rtmp/rtmp_handshake.h"
#include "store.h"

#define EARLY_MS          15000 /* from the connection to the publish */
#define GOODBYE_MS        2000  /* from a stream's end to the connection's */
#define KEY_MAX           128
#define APP_KEY_MIN       16      /* an application as long as that is meant as a key */
#define TIMEOUT_MS        30000   /* a publisher that is silent for so long is gone */
#define ACK_WINDOW        2500000 /* bytes; encoders stall without acknowledgements */
#define STREAM_ID         1       /* the one message stream we give */
#define PUBLISH_INPUT_MAX (256u << 10)
#define PUBLISH_BURST     (4u << 20) /* what may come in the last moment */
#define OUTPUT_HIGH       (64u << 10)
#define OUTPUT_AT_A_TIME  4096

enum state { HANDSHAKE, CONNECTING, CONNECTED, LOOKING_UP, BEGINNING, PUBLISHING };

struct rtmp_session {
	struct video *v;
	struct conn *conn;     /* NULL once it is closed */
	struct list_node node; /* of the module's sessions */
	enum state state;
	struct timer early; /* until PUBLISHING */
	bool stalled;       /* PUBLISHING: the disk has to catch up */
	bool full;          /* the peer has to take its answers first */
	bool closing;
	bool finished; /* the publisher said that it ends, or must not come back */
	struct rtmp_handshake handshake;
	struct rtmp_reader *reader;
	struct rtmp_writer writer;
	struct strbuf out;
	struct arena *arena; /* for the message in hand */
	uint64_t acknowledged;
	char app_key[KEY_MAX]; /* of connect; empty: none */
	bool app_key_due;      /* … and not looked up yet */
	struct publisher who;  /* once the key was looked up */
	uint32_t stream_id;    /* the publish came on */
	struct ingest *ingest; /* BEGINNING, PUBLISHING */
};

/* Whether an answer has to come before more is read. */
static bool is_waiting(const struct rtmp_session *s)
{
	return s->state == LOOKING_UP || s->state == BEGINNING || s->stalled || s->full;
}

static void flush(struct rtmp_session *s)
{
	if (s->out.n && !conn_write(s->conn, strbuf_slice(&s->out)))
		s->full = true;
	strbuf_reset(&s->out);
	if (s->closing)
		conn_close(s->conn);
}

static void session_free(struct rtmp_session *s)
{
	timer_stop(&s->early);
	list_remove(&s->node);
	rtmp_reader_free(&s->reader);
	strbuf_free(&s->out);
	arena_free(&s->arena);
	free(s);
}

static void refuse_publish(struct rtmp_session *s, enum rtmp_status status, const char *why)
{
	log_info("rtmp", "publisher refused", "peer", "%s", conn_info(s->conn)->peer, "channel",
		"%s", s->who.channel.name, "why", "%s", why, NULL);
	rtmp_reply_status(&s->writer, &s->out, s->stream_id, status, slice_str(why));
	s->closing = true;
}

static void on_too_slow(void *arg)
{
	struct rtmp_session *s = arg;

	if (s->state >= CONNECTED)
		refuse_publish(s, RTMP_STATUS_FAILED, "nothing was published in time");
	else
		log_info(
			"rtmp", "no publish in time", "peer", "%s", conn_info(s->conn)->peer, NULL);
	s->closing = true;
	flush(s);
}

/* ---- publish: the key, then the stream's beginning ---- */

/* What was waited for is there; something else may be waited for still. */
static void go_on(struct rtmp_session *s)
{
	flush(s);
	if (!s->closing && !is_waiting(s))
		conn_resume(s->conn);
}

static void on_ready(void *arg, int status)
{
	struct rtmp_session *s = arg;

	if (status < 0)
		s->ingest = NULL;
	if (s->closing)
		return;
	if (status == HEARTH_ETOOBIG) {
		refuse_publish(s, RTMP_STATUS_PUBLISH_DENIED,
			"the account's quota is used up: older streams take its room");
	} else if (status < 0) {
		refuse_publish(
			s, RTMP_STATUS_FAILED, "the stream could not be begun; try again later");
	} else {
		s->state = PUBLISHING;
		timer_stop(&s->early);
		conn_set_timeout(s->conn, TIMEOUT_MS);
		rtmp_reader_set_message_max(s->reader, RTMP_MESSAGE_MAX);
		conn_set_limits(s->conn, PUBLISH_INPUT_MAX, OUTPUT_HIGH);
		conn_expect(s->conn, PUBLISH_BURST);
		rtmp_reply_event(&s->writer, &s->out, RTMP_EVENT_STREAM_BEGIN, s->stream_id);
		rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_PUBLISH_START,
			slice_str(s->who.channel.name));
	}
	go_on(s);
}

static void on_disk_drained(void *arg)
{
	struct rtmp_session *s = arg;

	s->stalled = false;
	go_on(s);
}

/* An encoder that is told nothing tries again by itself, which is what a restart wants. */
static void on_replaced(void *arg, bool stopping)
{
	struct rtmp_session *s = arg;

	s->ingest = NULL;
	s->closing = true;
	if (!stopping)
		refuse_publish(s, RTMP_STATUS_PUBLISH_REJECTED,
			"somebody else publishes with this key now");
	flush(s);
}

static void on_warned(void *arg, const char *why)
{
	struct rtmp_session *s = arg;

	if (s->state != PUBLISHING || s->closing)
		return;
	rtmp_reply_status(
		&s->writer, &s->out, s->stream_id, RTMP_STATUS_PUBLISH_WARNING, slice_str(why));
	flush(s);
}

static void on_ended(void *arg, const char *why)
{
	struct rtmp_session *s = arg;

	s->ingest = NULL;
	refuse_publish(s, RTMP_STATUS_PUBLISH_REJECTED, why);
	flush(s);
}

static void open_ingest(struct rtmp_session *s)
{
	const struct ingest_publisher publisher = { .arg = s,
		.ready = on_ready,
		.drained = on_disk_drained,
		.replaced = on_replaced,
		.warned = on_warned,
		.ended = on_ended };

	if (s->v->refuse_takeover && ingest_has_publisher(s->v, s->who.channel.id)) {
		refuse_publish(s, RTMP_STATUS_PUBLISH_BAD_NAME,
			"somebody publishes with this key already");
		flush(s);
		return;
	}
	s->state = BEGINNING;
	s->ingest = ingest_open(s->v, &s->who.channel, s->who.account.quota, &publisher);
	if (s->ingest)
		return;
	refuse_publish(s, RTMP_STATUS_FAILED,
		"as many streams go on as this server takes; try again later");
	flush(s);
}

static void look_up(struct rtmp_session *s, struct slice key);

static void on_publisher(void *arg, int status, const struct publisher *p)
{
	struct rtmp_session *s = arg;

	s->state = CONNECTED;
	if (!s->conn) {
		session_free(s);
		return;
	}
	if (s->closing)
		return;
	if (status == 0) {
		s->who = *p;
		open_ingest(s);
		return;
	}
	if (status == HEARTH_ENOTFOUND && s->app_key_due) {
		look_up(s, slice_str(s->app_key));
		return;
	}
	if (status == HEARTH_ENOTFOUND) {
		refuse_publish(s, RTMP_STATUS_PUBLISH_BAD_NAME, "no such stream key");
	} else {
		refuse_publish(
			s, RTMP_STATUS_FAILED, "cannot look the key up now; try again later");
	}
	flush(s);
}

static void look_up(struct rtmp_session *s, struct slice key)
{
	if (slice_eq(key, slice_str(s->app_key)))
		s->app_key_due = false;
	s->state = LOOKING_UP;
	publisher_find(s->v, key, conn_info(s->conn), on_publisher, s);
}

/* The value of "key" in a query; empty when there is none. */
static struct slice key_in(struct slice query)
{
	while (query.n) {
		struct slice value = slice_split(&query, '&'), name = slice_split(&value, '=');

		if (slice_eq(name, SLICE("key")))
			return value;
	}
	return (struct slice){ 0 };
}

static void do_publish(struct rtmp_session *s, const struct rtmp_command *c)
{
	struct slice key = key_in(c->query);

	s->stream_id = c->stream_id;
	if (s->state != CONNECTED) {
		refuse_publish(s, RTMP_STATUS_FAILED, "connect first, and publish once");
		return;
	}
	if (!room_left()) {
		refuse_publish(s, RTMP_STATUS_FAILED,
			"the server's disk is full; try again when there is room");
		return;
	}
	if (!key.n)
		key = c->key.n ? c->key : slice_str(s->app_key);
	if (!key.n) {
		refuse_publish(s, RTMP_STATUS_PUBLISH_BAD_NAME,
			"the stream key is missing: publish to rtmp://HOST/live with the key as "
			"the "
			"stream's name");
		return;
	}
	s->app_key_due = s->app_key[0] != '\0';
	timer_start(&s->early, EARLY_MS, 0, on_too_slow, s);
	look_up(s, key);
}

/* ---- commands ---- */

/* What of "live", "live/KEY", "live?key=KEY" or "KEY" is the key; false: none of these. */
static bool read_app(struct rtmp_session *s, const struct rtmp_command *c)
{
	struct slice rest = c->app, first = slice_split(&rest, '/'), key = key_in(c->query);

	if (!slice_eq(first, SLICE("live"))) {
		if (rest.n || first.n < APP_KEY_MIN)
			return false;
		rest = first;
	}
	if (key.n)
		rest = key;
	if (rest.n >= KEY_MAX)
		return false;
	snprintf(s->app_key, sizeof(s->app_key), "%.*s", SLICE_ARG(rest));
	return true;
}

static void do_connect(struct rtmp_session *s, const struct rtmp_command *c)
{
	if (s->state != CONNECTING || !read_app(s, c)) {
		log_info("rtmp", "connect refused", "peer", "%s", conn_info(s->conn)->peer, "app",
			"%.*s", SLICE_ARG(slice_head(c->app, 100)), NULL);
		rtmp_reply_error(&s->writer, &s->out, c->transaction,
			RTMP_STATUS_CONNECT_INVALID_APP,
			SLICE("publish to rtmp://HOST/live with your key as the stream's name"));
		s->closing = true;
		return;
	}
	rtmp_reply_connect(&s->writer, &s->out, c);
	s->state = CONNECTED;
}

static void on_goodbye(void *arg)
{
	struct rtmp_session *s = arg;

	s->closing = true;
	conn_close(s->conn);
}

static void do_unpublish(struct rtmp_session *s)
{
	if (s->state != PUBLISHING)
		return;
	rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_UNPUBLISH_SUCCESS,
		SLICE("the stream is over"));
	if (s->ingest)
		ingest_close(s->ingest, true);
	s->ingest = NULL;
	s->state = CONNECTED;
	timer_start(&s->early, GOODBYE_MS, 0, on_goodbye, s);
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
	case RTMP_COMMAND_PUBLISH: do_publish(s, c); break;
	case RTMP_COMMAND_PLAY:
		s->stream_id = c->stream_id;
		refuse_publish(s, RTMP_STATUS_FAILED, "watch by HLS: /live/CHANNEL/index.m3u8");
		break;
	case RTMP_COMMAND_FC_UNPUBLISH:
	case RTMP_COMMAND_DELETE_STREAM:
	case RTMP_COMMAND_CLOSE_STREAM: do_unpublish(s); break;
	case RTMP_COMMAND_OTHER:
		/* "_checkbw" and its like: who asks with a number wants an answer. */
		if (c->transaction > 0)
			rtmp_reply_result(&s->writer, &s->out, c->transaction);
		break;
	}
}

/* ---- messages ---- */

static void take_tag(struct rtmp_session *s, uint8_t type, int64_t timestamp_ms, struct slice body)
{
	const char *why = "malformed";
	int rc;

	if (s->state != PUBLISHING || !s->ingest || body.n == 0)
		return;
	rc = ingest_tag(s->ingest, type, timestamp_ms, body, &why);
	if (rc == HEARTH_EBUSY) {
		s->stalled = true;
	} else if (rc < 0) {
		refuse_publish(s, RTMP_STATUS_PUBLISH_REJECTED, why);
		s->finished = true;
	} else if (why) {
		log_warn("rtmp", "publisher warned", "channel", "%s", s->who.channel.name, "why",
			"%s", why, NULL);
		rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_PUBLISH_WARNING,
			slice_str(why));
	}
}

/* What an aggregate may hold, or comes by itself. */
static void take_media(struct rtmp_session *s, const struct rtmp_message *m)
{
	struct rtmp_data data;

	switch (m->type) {
	case RTMP_AUDIO: take_tag(s, FLV_AUDIO, m->timestamp_ms, m->body); break;
	case RTMP_VIDEO: take_tag(s, FLV_VIDEO, m->timestamp_ms, m->body); break;
	case RTMP_DATA:
	case RTMP_DATA_AMF3:
		if (rtmp_data_read(s->arena, m, &data) == 0)
			take_tag(s, FLV_SCRIPT, m->timestamp_ms, data.body);
		break;
	}
}

static void take_aggregate(struct rtmp_session *s, const struct rtmp_message *m)
{
	struct rtmp_aggregate a;
	struct rtmp_message part;
	int rc = 1;

	rtmp_aggregate_init(&a, m);
	while (s->state == PUBLISHING && !s->closing && (rc = rtmp_aggregate_next(&a, &part)) > 0)
		take_media(s, &part);
	if (rc < 0)
		refuse_publish(
			s, RTMP_STATUS_PUBLISH_REJECTED, "an aggregate message is malformed");
}

static int take_message(struct rtmp_session *s, const struct rtmp_message *m)
{
	struct rtmp_command command;
	struct rtmp_control control;
	int rc = 0;

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

/* One step; 1: something was done, 0: more input is needed, < 0: beyond repair. */
static int step(struct rtmp_session *s, struct slice *in)
{
	struct rtmp_message m;
	int rc;

	if (s->state == HANDSHAKE) {
		rc = rtmp_handshake_feed(&s->handshake, in, &s->out);
		if (rc == 1)
			s->state = CONNECTING;
		return rc;
	}
	rc = rtmp_reader_next(s->reader, in, &m);
	if (rc == 1) {
		int error = take_message(s, &m);

		rc = error < 0 ? error : 1;
	}
	return rc;
}

static void acknowledge(struct rtmp_session *s)
{
	uint64_t received = rtmp_reader_received(s->reader);

	if (received - s->acknowledged < ACK_WINDOW)
		return;
	rtmp_reply_ack(&s->writer, &s->out, received);
	s->acknowledged = received;
}

static size_t on_data(void *ctx, struct slice in)
{
	struct rtmp_session *s = ctx;
	size_t before = in.n;
	int rc = 1;

	while (rc > 0 && !is_waiting(s) && !s->closing && (in.n == 0 || !conn_turn_over(s->conn))) {
		rc = step(s, &in);
		if (s->out.n >= OUTPUT_AT_A_TIME)
			flush(s);
	}
	if (rc < 0) {
		log_info("rtmp", "malformed input", "peer", "%s", conn_info(s->conn)->peer, "why",
			"%s",
			s->state == HANDSHAKE ? s->handshake.reason : rtmp_reader_reason(s->reader),
			NULL);
		if (s->state >= CONNECTED)
			rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_FAILED,
				slice_str(rtmp_reader_reason(s->reader)));
		s->closing = true;
	}
	acknowledge(s);
	flush(s);
	if (is_waiting(s))
		conn_pause(s->conn);
	return s->closing ? before : before - in.n;
}

/* The peer has taken its answers. */
static void on_taken(void *ctx)
{
	struct rtmp_session *s = ctx;

	s->full = false;
	go_on(s);
}

/* Silence that we asked for is no silence; but a peer that takes no answers is gone. */
static void on_timeout(void *ctx)
{
	struct rtmp_session *s = ctx;

	if (is_waiting(s) && !s->full) {
		conn_set_timeout(s->conn, TIMEOUT_MS);
		return;
	}
	if (s->state == PUBLISHING)
		log_info("rtmp", "publisher is silent", "channel", "%s", s->who.channel.name, NULL);
	conn_close(s->conn);
}

static void on_closed(void *ctx, int reason)
{
	struct rtmp_session *s = ctx;

	(void)reason;
	s->conn = NULL;
	timer_stop(&s->early);
	if (s->ingest)
		ingest_close(s->ingest, s->finished);
	if (s->state != LOOKING_UP)
		session_free(s);
	/* Else the answer comes, finds nobody, and frees it. */
}

static const struct conn_events events = {
	.data = on_data, .drained = on_taken, .timeout = on_timeout, .closed = on_closed
};

void rtmp_session_new(struct video *v, struct conn *conn)
{
	struct rtmp_session *s = mem_zalloc(sizeof(*s));

	s->v = v;
	s->conn = conn;
	s->arena = arena_new();
	s->reader = rtmp_reader_new(RTMP_MESSAGE_MAX_EARLY);
	rtmp_writer_init(&s->writer);
	rtmp_handshake_init(&s->handshake, (uint32_t)clock_mono_ms(), rand_u64());
	list_push(&v->sessions, &s->node);
	timer_start(&s->early, EARLY_MS, 0, on_too_slow, s);
	conn_attach(conn, &events, s);
}

/* It may try again by itself, and is then let in or not: so a new password is a short break. */
void rtmp_session_revoke(struct video *v, const struct json *event)
{
	LIST_FOREACH (&v->sessions, it) {
		struct rtmp_session *s = LIST_ENTRY(it, struct rtmp_session, node);

		if (!s->ingest || !s->conn || !accounts_revoked(event, &s->who.account))
			continue;
		refuse_publish(s, RTMP_STATUS_PUBLISH_REJECTED,
			"the key or its account has ended; log in anew or take another key");
		flush(s);
	}
}

void rtmp_session_drain(struct video *v)
{
	LIST_FOREACH (&v->sessions, it) {
		struct rtmp_session *s = LIST_ENTRY(it, struct rtmp_session, node);

		s->closing = true;
		if (s->conn)
			conn_close(s->conn);
	}
}
