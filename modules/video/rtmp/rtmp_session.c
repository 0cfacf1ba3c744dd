/*
 * rtmp_session.c: drives handshake and chunk reader over a connection; see rtmp_internal.h for what
 * lies beyond.
 *
 *   HANDSHAKE ─▶ CONNECTING ──connect──▶ CONNECTED ──publish──▶ LOOKING_UP ──key known──▶ BEGINNING
 *                                         ▲ ▲                         │                      │
 *          wrong app, wrong key, not in time: refused and closed ◀────┘                      │
 *                                         └── FCUnpublish, deleteStream, closeStream ── PUBLISHING
 *
 * A publisher that says it has ended closes the connection itself: a server that is quicker makes
 * an error of a good end (GStreamer). Whatever is refused is told to the publisher and the log.
 *
 * Until a key was accepted a message has at most RTMP_MESSAGE_MAX_EARLY bytes, and all of it at
 * most EARLY_MS. While the database (LOOKING_UP, BEGINNING), the disk (stalled) or the peer's own
 * reading (full) is waited for, nothing is read: in no state may questions pile up answers.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "ingest/ingest.h"
#include "rtmp/rtmp_internal.h"

#define EARLY_MS         15000   /* from the connection to the publish */
#define ACK_WINDOW       2500000 /* bytes; encoders stall without acknowledgements */
#define OUTPUT_AT_A_TIME 4096

/* Whether an answer has to come before more is read. */
static bool is_waiting(const struct rtmp_session *s)
{
	return s->state == RTMP_LOOKING_UP || s->state == RTMP_BEGINNING || s->stalled || s->full;
}

void rtmp_session_flush(struct rtmp_session *s)
{
	if (s->out.n && !conn_write(s->conn, strbuf_slice(&s->out)))
		s->full = true;
	strbuf_reset(&s->out);
	if (s->closing)
		conn_close(s->conn);
}

void rtmp_session_go_on(struct rtmp_session *s)
{
	rtmp_session_flush(s);
	if (!s->closing && !is_waiting(s))
		conn_resume(s->conn);
}

void rtmp_session_free(struct rtmp_session *s)
{
	timer_stop(&s->early);
	list_remove(&s->node);
	rtmp_reader_free(&s->reader);
	strbuf_free(&s->out);
	arena_free(&s->arena);
	free(s);
}

void rtmp_session_refuse(struct rtmp_session *s, enum rtmp_status status, const char *why)
{
	log_info("rtmp", "publisher refused", "peer", "%s", conn_info(s->conn)->peer, "channel",
		"%s", s->who.channel.name, "why", "%s", why, NULL);
	rtmp_reply_status(&s->writer, &s->out, s->stream_id, status, slice_str(why));
	s->closing = true;
}

static void on_too_slow(void *arg)
{
	struct rtmp_session *s = arg;

	if (s->state >= RTMP_CONNECTED)
		rtmp_session_refuse(s, RTMP_STATUS_FAILED, "nothing was published in time");
	else
		log_info(
			"rtmp", "no publish in time", "peer", "%s", conn_info(s->conn)->peer, NULL);
	s->closing = true;
	rtmp_session_flush(s);
}

void rtmp_session_await_publish(struct rtmp_session *s)
{
	timer_start(&s->early, EARLY_MS, 0, on_too_slow, s);
}

/* ---- the connection ---- */

/* One step; 1: something was done, 0: more input is needed, < 0: beyond repair. */
static int step(struct rtmp_session *s, struct slice *in)
{
	struct rtmp_message m;
	int rc;

	if (s->state == RTMP_HANDSHAKING) {
		rc = rtmp_handshake_feed(&s->handshake, in, &s->out);
		if (rc == 1)
			s->state = RTMP_CONNECTING;
		return rc;
	}
	rc = rtmp_reader_next(s->reader, in, &m);
	if (rc == 1) {
		int error = rtmp_take_message(s, &m);

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
			rtmp_session_flush(s);
	}
	if (rc < 0) {
		log_info("rtmp", "malformed input", "peer", "%s", conn_info(s->conn)->peer, "why",
			"%s",
			s->state == RTMP_HANDSHAKING ? s->handshake.reason
						     : rtmp_reader_reason(s->reader),
			NULL);
		if (s->state >= RTMP_CONNECTED)
			rtmp_reply_status(&s->writer, &s->out, s->stream_id, RTMP_STATUS_FAILED,
				slice_str(rtmp_reader_reason(s->reader)));
		s->closing = true;
	}
	acknowledge(s);
	rtmp_session_flush(s);
	if (is_waiting(s))
		conn_pause(s->conn);
	return s->closing ? before : before - in.n;
}

/* The peer has taken its answers. */
static void on_taken(void *ctx)
{
	struct rtmp_session *s = ctx;

	s->full = false;
	rtmp_session_go_on(s);
}

/* Silence that we asked for is no silence; but a peer that takes no answers is gone. */
static void on_timeout(void *ctx)
{
	struct rtmp_session *s = ctx;

	if (is_waiting(s) && !s->full) {
		conn_set_timeout(s->conn, RTMP_TIMEOUT_MS);
		return;
	}
	if (s->state == RTMP_PUBLISHING)
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
	if (s->state != RTMP_LOOKING_UP)
		rtmp_session_free(s);
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
	rtmp_session_await_publish(s);
	conn_attach(conn, &events, s);
}

/* It may try again by itself, and is then let in or not: so a new password is a short break. */
void rtmp_session_revoke(struct video *v, const struct json *event)
{
	LIST_FOREACH (&v->sessions, it) {
		struct rtmp_session *s = LIST_ENTRY(it, struct rtmp_session, node);

		if (!s->ingest || !s->conn || !accounts_revoked(event, &s->who.account))
			continue;
		rtmp_session_refuse(s, RTMP_STATUS_PUBLISH_REJECTED,
			"the key or its account has ended; log in anew or take another key");
		rtmp_session_flush(s);
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
