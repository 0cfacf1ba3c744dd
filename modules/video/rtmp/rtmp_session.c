/*
 * rtmp_session.c: drives handshake and chunk reader over a connection (session_turn.h); what lies
 * beyond is in rtmp_message.c and rtmp_publish.c.
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
 * most EARLY_MS. While the session waits for the database (LOOKING_UP, BEGINNING) or the disk
 * (PUBLISHING), nothing is read: in no state may questions pile up answers. On the loop.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "ingest/ingest.h"
#include "rtmp/rtmp_internal.h"

#define EARLY_MS   15000   /* from the connection to the publish */
#define ACK_WINDOW 2500000 /* bytes; encoders stall without acknowledgements */

static void session_free(void *session)
{
	struct rtmp_session *s = session;

	INVARIANT(!s->conn && !s->ingest);
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
	session_turn_close(&s->turn);
}

void rtmp_session_end(struct rtmp_session *s)
{
	session_turn_close(&s->turn);
	if (session_turn_is_waiting(&s->turn)) {
		session_turn_flush(&s->turn);
		conn_close(s->conn);
	} else {
		session_turn_end(&s->turn);
	}
}

static void on_too_slow(void *arg)
{
	struct rtmp_session *s = arg;

	if (s->state >= RTMP_CONNECTED)
		rtmp_session_refuse(s, RTMP_STATUS_FAILED, "nothing was published in time");
	else
		log_info(
			"rtmp", "no publish in time", "peer", "%s", conn_info(s->conn)->peer, NULL);
	rtmp_session_end(s);
}

void rtmp_session_await_publish(struct rtmp_session *s)
{
	timer_start(&s->early, EARLY_MS, 0, on_too_slow, s);
}

/* ---- the connection ---- */

/* One thing; 1: something was done, 0: more input is needed, < 0: beyond repair. */
static int take_one(struct rtmp_session *s, struct slice *in)
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

	INVARIANT(received >= s->acknowledged);
	if (received - s->acknowledged < ACK_WINDOW)
		return;
	rtmp_reply_ack(&s->writer, &s->out, received);
	s->acknowledged = received;
}

static void refuse_malformed(struct rtmp_session *s)
{
	const char *why =
		s->state == RTMP_HANDSHAKING ? s->handshake.reason : rtmp_reader_reason(s->reader);

	log_info("rtmp", "malformed input", "peer", "%s", conn_info(s->conn)->peer, "why", "%s",
		why, NULL);
	if (s->state >= RTMP_CONNECTED)
		rtmp_reply_status(
			&s->writer, &s->out, s->stream_id, RTMP_STATUS_FAILED, slice_str(why));
	session_turn_close(&s->turn);
}

static bool step(void *session, struct slice *in)
{
	struct rtmp_session *s = session;
	int rc;

	INVARIANT(s->state != RTMP_LOOKING_UP && s->state != RTMP_BEGINNING);
	INVARIANT(s->state == RTMP_PUBLISHING || !s->ingest);
	rc = take_one(s, in);
	if (rc < 0)
		refuse_malformed(s);
	acknowledge(s);
	return rc > 0;
}

/* Silence that we asked for is none (session_turn.h); who takes no answers is gone. */
static void on_timeout(void *session)
{
	struct rtmp_session *s = session;

	if (s->state == RTMP_PUBLISHING)
		log_info("rtmp", "publisher is silent", "channel", "%s", s->who.channel.name, NULL);
	session_turn_close(&s->turn);
}

/* An answer to a look-up comes all the same; the ingest says nothing more to who has left it. */
static void on_gone(void *session)
{
	struct rtmp_session *s = session;

	s->conn = NULL;
	timer_stop(&s->early);
	if (s->ingest)
		ingest_close(s->ingest, s->finished);
	s->ingest = NULL;
	if (session_turn_is_waiting(&s->turn) && s->state != RTMP_LOOKING_UP)
		session_turn_call_off(&s->turn);
}

static const struct session_turn_ops ops = {
	.step = step, .timeout = on_timeout, .gone = on_gone, .free = session_free
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
	session_turn_begin(&s->turn, conn, &ops, s, &s->out);
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
		rtmp_session_end(s);
	}
}

void rtmp_session_drain(struct video *v)
{
	LIST_FOREACH (&v->sessions, it) {
		struct rtmp_session *s = LIST_ENTRY(it, struct rtmp_session, node);

		if (s->conn)
			rtmp_session_end(s);
	}
}
