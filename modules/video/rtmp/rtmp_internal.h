/*
 * rtmp_internal.h: an RTMP session, as the three files that make it up share it: rtmp_session.c
 * (the connection), rtmp_message.c (what a message wants), rtmp_publish.c (from the key to the
 * stream). On the loop; it holds a message at most (RTMP_MESSAGE_MAX), what the reader has of the
 * next one, and an answer.
 */
#ifndef HEARTH_RTMP_INTERNAL_H
#define HEARTH_RTMP_INTERNAL_H

#include "hearth/session_turn.h"
#include "ingest/publisher.h"
#include "rtmp/rtmp_chunk.h"
#include "rtmp/rtmp_command.h"
#include "rtmp/rtmp_handshake.h"
#include "rtmp/rtmp_session.h"

#define RTMP_KEY_MAX    128
#define RTMP_TIMEOUT_MS 30000 /* a publisher that is silent for so long is gone */

enum rtmp_state {
	RTMP_HANDSHAKING,
	RTMP_CONNECTING,
	RTMP_CONNECTED,
	RTMP_LOOKING_UP,
	RTMP_BEGINNING,
	RTMP_PUBLISHING,
};

struct rtmp_session {
	struct video *v;
	struct conn *conn;     /* NULL once it is closed */
	struct list_node node; /* of the module's sessions */
	enum rtmp_state state;
	struct timer early; /* until RTMP_PUBLISHING */
	struct session_turn turn;
	bool finished; /* the publisher said that it ends, or must not come back */
	struct rtmp_handshake handshake;
	struct rtmp_reader *reader;
	struct rtmp_writer writer;
	struct strbuf out;
	struct arena *arena; /* for the message in hand */
	uint64_t acknowledged;
	char app_key[RTMP_KEY_MAX]; /* of connect; empty: none */
	bool app_key_due;           /* … and not looked up yet */
	struct publisher who;       /* once the key was looked up */
	uint32_t stream_id;         /* the publish came on */
	struct ingest *ingest;      /* RTMP_BEGINNING, RTMP_PUBLISHING */
};

/* ---- rtmp_session.c ---- */

/* Tells the publisher and the log; the session closes at the end of its turn. */
void rtmp_session_refuse(struct rtmp_session *s, enum rtmp_status status, const char *why);
/* It closes now, behind what was said, also while it waits for something. */
void rtmp_session_end(struct rtmp_session *s);
/* From now on it has so long until it publishes. */
void rtmp_session_await_publish(struct rtmp_session *s);

/* ---- rtmp_message.c ---- */

/* Does what a message wants; < 0: it is malformed beyond repair. */
int rtmp_take_message(struct rtmp_session *s, const struct rtmp_message *m);

/* ---- rtmp_publish.c ---- */

/* The value of "key" in a query; empty when there is none. */
struct slice rtmp_key_in(struct slice query);
void rtmp_publish(struct rtmp_session *s, const struct rtmp_command *c);
void rtmp_unpublish(struct rtmp_session *s);
/* Audio, video or a script of the stream that goes on; else it is dropped. */
void rtmp_take_tag(struct rtmp_session *s, uint8_t type, int64_t timestamp_ms, struct slice body);

#endif
