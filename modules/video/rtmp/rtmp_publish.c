/*
 * rtmp_publish.c: from the key to the stream, and back.
 *
 * The key may stand where encoders put it: behind /live/, as the stream's name, or as "?key=". It
 * is looked up, then the ingest begins; until both have answered the session waits. The ingest may
 * end the session (somebody else has the key, the account its end) or make it wait for the disk. On
 * the loop; what is held of a stream is bounded by ingest.c (WAITING_BYTES_MAX).
 */
#include "flv/flv_tag.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"
#include "ingest/ingest.h"
#include "rtmp/rtmp_internal.h"

#define GOODBYE_MS        2000 /* from a stream's end to the connection's */
#define PUBLISH_INPUT_MAX (256u << 10)
#define OUTPUT_HIGH       (64u << 10)
#define PUBLISH_BURST     (4u << 20) /* what may come in the last moment */

/* ---- what the ingest says ---- */

static void on_ready(void *arg, int status)
{
	struct rtmp_session *s = arg;

	INVARIANT(s->state == RTMP_BEGINNING && s->conn);
	if (status < 0)
		s->ingest = NULL;
	session_turn_back(&s->turn);
	if (session_turn_is_closing(&s->turn)) {
		session_turn_end(&s->turn);
		return;
	}
	if (status == HEARTH_ETOOBIG) {
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_DENIED,
			"the account's quota is used up: older streams take its room");
	} else if (status == HEARTH_ECONFLICT) {
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_BAD_NAME,
			"somebody publishes with this key at another server already");
	} else if (status < 0) {
		rtmp_session_refuse(
			s, RTMP_STATUS_FAILED, "the stream could not be begun; try again later");
	} else {
		s->state = RTMP_PUBLISHING;
		timer_stop(&s->early);
		conn_set_timeout(s->conn, RTMP_TIMEOUT_MS);
		rtmp_reader_set_message_max(s->reader, RTMP_MESSAGE_MAX);
		conn_set_limits(s->conn, PUBLISH_INPUT_MAX, OUTPUT_HIGH);
		conn_expect(s->conn, PUBLISH_BURST);
		rtmp_reply_event(&s->writer, &s->out, RTMP_EVENT_STREAM_BEGIN, s->stream_id);
		rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_PUBLISH_START,
			slice_str(s->who.channel.name));
	}
	session_turn_end(&s->turn);
}

static void on_disk_drained(void *arg)
{
	struct rtmp_session *s = arg;

	INVARIANT(s->state == RTMP_PUBLISHING && s->conn);
	session_turn_back(&s->turn);
	session_turn_end(&s->turn);
}

/* The ingest has let go of us: what we waited for from it will not come. */
static void leave_ingest(struct rtmp_session *s)
{
	INVARIANT(s->ingest && s->conn);
	s->ingest = NULL;
	if (session_turn_is_waiting(&s->turn))
		session_turn_call_off(&s->turn);
}

/* An encoder that is told nothing tries again by itself, which is what a restart wants. */
static void on_replaced(void *arg, bool stopping)
{
	struct rtmp_session *s = arg;

	leave_ingest(s);
	if (!stopping)
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_REJECTED,
			"somebody else publishes with this key now");
	rtmp_session_end(s);
}

static void on_warned(void *arg, const char *why)
{
	struct rtmp_session *s = arg;

	if (s->state != RTMP_PUBLISHING || session_turn_is_closing(&s->turn))
		return;
	rtmp_reply_status(
		&s->writer, &s->out, s->stream_id, RTMP_STATUS_PUBLISH_WARNING, slice_str(why));
	session_turn_flush(&s->turn);
}

static void on_ended(void *arg, const char *why)
{
	struct rtmp_session *s = arg;

	leave_ingest(s);
	rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_REJECTED, why);
	rtmp_session_end(s);
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
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_BAD_NAME,
			"somebody publishes with this key already");
		return;
	}
	s->ingest = ingest_open(s->v, &s->who.channel, s->who.account.quota, &publisher);
	if (!s->ingest) {
		rtmp_session_refuse(s, RTMP_STATUS_FAILED,
			"as many streams go on as this server takes; try again later");
		return;
	}
	s->state = RTMP_BEGINNING;
	session_turn_wait(&s->turn);
}

/* ---- publish ---- */

static void look_up(struct rtmp_session *s, struct slice key);

static void on_publisher(void *arg, int status, const struct publisher *p)
{
	struct rtmp_session *s = arg;

	INVARIANT(s->state == RTMP_LOOKING_UP && !s->ingest);
	s->state = RTMP_CONNECTED;
	if (!session_turn_back(&s->turn))
		return;
	if (session_turn_is_closing(&s->turn)) {
		/* it was not in time, or the server stops */
	} else if (status == 0) {
		s->who = *p;
		open_ingest(s);
	} else if (status == HEARTH_ENOTFOUND && s->app_key_due) {
		look_up(s, slice_str(s->app_key));
	} else if (status == HEARTH_ENOTFOUND) {
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_BAD_NAME, "no such stream key");
	} else {
		rtmp_session_refuse(
			s, RTMP_STATUS_FAILED, "cannot look the key up now; try again later");
	}
	session_turn_end(&s->turn);
}

static void look_up(struct rtmp_session *s, struct slice key)
{
	if (slice_eq(key, slice_str(s->app_key)))
		s->app_key_due = false;
	s->state = RTMP_LOOKING_UP;
	session_turn_wait(&s->turn);
	publisher_find(s->v, key, conn_info(s->conn), on_publisher, s);
}

struct slice rtmp_key_in(struct slice query)
{
	while (query.n) {
		struct slice value = slice_split(&query, '&'), name = slice_split(&value, '=');

		if (slice_eq(name, SLICE("key")))
			return value;
	}
	return (struct slice){ 0 };
}

void rtmp_publish(struct rtmp_session *s, const struct rtmp_command *c)
{
	struct slice key = rtmp_key_in(c->query);

	s->stream_id = c->stream_id;
	if (s->state != RTMP_CONNECTED) {
		rtmp_session_refuse(s, RTMP_STATUS_FAILED, "connect first, and publish once");
		return;
	}
	if (!room_left()) {
		rtmp_session_refuse(s, RTMP_STATUS_FAILED,
			"the server's disk is full; try again when there is room");
		return;
	}
	if (!key.n)
		key = c->key.n ? c->key : slice_str(s->app_key);
	if (!key.n) {
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_BAD_NAME,
			"the stream key is missing: publish to rtmp://HOST/live with the key as "
			"the "
			"stream's name");
		return;
	}
	s->app_key_due = s->app_key[0] != '\0';
	rtmp_session_await_publish(s);
	look_up(s, key);
}

/* ---- the stream ---- */

void rtmp_take_tag(struct rtmp_session *s, uint8_t type, int64_t timestamp_ms, struct slice body)
{
	const char *why = "malformed";
	int rc;

	if (s->state != RTMP_PUBLISHING || !s->ingest || body.n == 0)
		return;
	rc = ingest_tag(s->ingest, type, timestamp_ms, body, &why);
	if (rc == HEARTH_EBUSY) {
		/* Of an aggregate there may be more, which is taken too. */
		if (!session_turn_is_waiting(&s->turn))
			session_turn_wait(&s->turn);
	} else if (rc < 0) {
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_REJECTED, why);
		s->finished = true;
	} else if (why) {
		log_warn("rtmp", "publisher warned", "channel", "%s", s->who.channel.name, "why",
			"%s", why, NULL);
		rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_PUBLISH_WARNING,
			slice_str(why));
	}
}

static void on_goodbye(void *arg)
{
	struct rtmp_session *s = arg;

	rtmp_session_end(s);
}

void rtmp_unpublish(struct rtmp_session *s)
{
	if (s->state != RTMP_PUBLISHING)
		return;
	rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_UNPUBLISH_SUCCESS,
		SLICE("the stream is over"));
	if (s->ingest)
		ingest_close(s->ingest, true);
	s->ingest = NULL;
	s->state = RTMP_CONNECTED;
	timer_start(&s->early, GOODBYE_MS, 0, on_goodbye, s);
}
