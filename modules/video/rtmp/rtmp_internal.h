/*
 * rtmp_internal.h: an RTMP session, as the three files that make it up share it: rtmp_session.c
 * (the connection), rtmp_message.c (what a message wants), rtmp_publish.c (from the key to the
 * stream). On the loop.
 */
#ifndef HEARTH_RTMP_INTERNAL_H
#define HEARTH_RTMP_INTERNAL_H

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
	bool stalled;       /* RTMP_PUBLISHING: the disk has to catch up */
	bool full;          /* the peer has to take its answers first */
	bool closing;
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

/* Writes what was put into s->out; ends the connection behind it when the session is closing. */
void rtmp_session_flush(struct rtmp_session *s);
/* What was waited for is there; something else may be waited for still. */
void rtmp_session_go_on(struct rtmp_session *s);
/* Tells the publisher and the log; the session is closing then. What is said waits for a flush. */
void rtmp_session_refuse(struct rtmp_session *s, enum rtmp_status status, const char *why);
/* From now on it has so long until it publishes. */
void rtmp_session_await_publish(struct rtmp_session *s);
/* One whose connection is gone. */
void rtmp_session_free(struct rtmp_session *s);

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
