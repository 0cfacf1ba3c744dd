/*
 * session_turn.h: the turn of a session that has one thing in hand at a time: an SMTP or IMAP
 * command, an RTMP message. It decides when input is looked at, when the session waits for a job,
 * when for a client that does not read, and how all ends; the session itself only takes one thing
 * after the other. On the loop.
 *
 *   READING ──session_turn_wait──▶ WAITING (a job is in flight) ──session_turn_back, session_turn_end──▶ READING
 *      │ ▲
 *      │ └──the client has taken half of it, and `next` has run──┐
 *      └──the output is full──▶ STALLED ─────────────────────────┘
 *
 *   session_turn_call_off: as back, when the job never will be; also once the connection is gone
 *   session_turn_close: what was said goes out, then the connection closes; from any of them
 *
 * While it waits or is stalled the connection is paused, and what the client sends meanwhile stays
 * with it (at most input_max): so pipelined commands run one after the other, and who asks without
 * reading the answers is not worked for. While it waits `out` and the session belong to the job.
 * A client that goes meanwhile is noticed when the job is back, which then frees the session.
 */
#ifndef HEARTH_SESSION_TURN_H
#define HEARTH_SESSION_TURN_H

#include "hearth/conn.h"

typedef void session_turn_fn(void *session);

struct session_turn_ops {
	/* Takes one thing off the front of *in, which may be empty. False: it needs more input. */
	bool (*step)(void *session, struct slice *in);
	/* Nothing came for too long, and we are not what it waits for. It closes or sets another. */
	session_turn_fn *timeout;
	/* The connection is gone, maybe with a job in flight. May be NULL. */
	session_turn_fn *gone;
	/* It is gone, and there is no job: the last call. */
	session_turn_fn *free;
	/* A turn has ended without a job in flight: what it took can be given back. May be NULL. */
	session_turn_fn *rest;
};

/* A member of the session; its fields are session_turn.c's. */
struct session_turn {
	const struct session_turn_ops *ops;
	void *session;
	struct conn *conn;     /* NULL once it is closed */
	struct strbuf *out;    /* the session's: what is said and not written yet */
	session_turn_fn *next; /* once the client has taken enough; NULL: read on */
	bool waiting, stalled, paused, closing, starting_tls;
};

/* Puts the session on the connection. `out` lives as long as the session. */
void session_turn_begin(struct session_turn *t, struct conn *conn,
	const struct session_turn_ops *ops, void *session, struct strbuf *out);

/* A job begins: what was said goes out, and nothing is read until it is back. */
void session_turn_wait(struct session_turn *t);
/*
 * The job is back. False: the client has gone meanwhile, and the session was freed. Otherwise
 * session_turn_end comes last: it sends, closes, and reads on as things are then.
 */
bool session_turn_back(struct session_turn *t);
void session_turn_end(struct session_turn *t);

/*
 * What the session waited for was called off, and will not come: it waits no longer. Also from
 * `gone`, behind which `free` is then called at once.
 */
void session_turn_call_off(struct session_turn *t);

/* Writes what was said. False: the client should take some of it first. */
bool session_turn_flush(struct session_turn *t);
/* The same, and then runs `next`: now, or when the client has taken enough. */
void session_turn_flush_then(struct session_turn *t, session_turn_fn *next);

/* Nothing more is read; behind what was said, the connection closes at the end of the turn. */
void session_turn_close(struct session_turn *t);
/* What was said goes out in clear; what came in clear behind this is thrown away. */
void session_turn_start_tls(struct session_turn *t);

/* Whether a job is in flight; whether the client reads; whether it is about to close. */
static inline bool session_turn_is_waiting(const struct session_turn *t)
{
	return t->waiting;
}

static inline bool session_turn_is_stalled(const struct session_turn *t)
{
	return t->stalled;
}

static inline bool session_turn_is_closing(const struct session_turn *t)
{
	return t->closing;
}

#endif
