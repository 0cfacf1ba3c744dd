/*
 * conn.h: one shape of connection.
 *
 * A connection is a stack of layers with bytes on top: TCP, TCP with TLS, or memory for tests. The
 * session on top sees only this: bytes come in, bytes go out, it can be upgraded to TLS in place
 * (STARTTLS), paused and closed. All calls are on the loop.
 *
 *   states   OPEN ──conn_close──▶ FLUSHING ──all written──▶ CLOSED
 *            OPEN, FLUSHING ──peer gone, error, time-out, conn_abort──▶ CLOSED
 *
 * Input that the session does not consume stays with the connection and is offered again when more
 * came or after conn_resume; it is bounded by input_max (with TLS, by one record more). Nothing is
 * allocated for input that is consumed at once. A session that has a job in hand and wants no input
 * until that is done pauses: the socket is not read meanwhile, so the peer is slowed down, and what
 * it sent before it left is still answered. Output is queued up to output_high, at which conn_write
 * says to stop until `drained`; it goes out when the session's function returns.
 *
 * A peer that ends its side (FIN) may still read: the connection closes once the session is not
 * paused, has been offered everything, and what it wrote is sent.
 */
#ifndef HEARTH_CONN_H
#define HEARTH_CONN_H

#include "hearth/buf.h"

struct conn;

/* What a certificate lacks. */
enum conn_tls_fault {
	CONN_TLS_FAULTLESS,
	CONN_TLS_EXPIRED, /* or not valid yet */
	CONN_TLS_OTHER_NAME,
	CONN_TLS_UNTRUSTED, /* no authority that counts vouches for it */
	CONN_TLS_NO_RECORD, /* none of the TLSA records is of it */
	CONN_TLS_BROKEN,    /* none was shown, or any other reason */
};

struct conn_info {
	uint64_t id;   /* unique while the process runs: for the log */
	char peer[64]; /* the peer's address without port, as text: "192.0.2.7", "::1" */
	int peer_port;
	char local[64]; /* our side's address */
	int local_port;
	bool loopback;        /* the peer is this very machine */
	bool proxied;         /* peer and local are what a trusted proxy says */
	bool confidential;    /* a password may come here: over TLS, or from this very machine */
	bool tls;             /* what is on top of the stack now is encrypted */
	char tls_version[16]; /* "TLSv1.3"; empty without TLS */
	char tls_cipher[64];
	char server_name[256]; /* SNI, lower case; empty without */
	bool proven;           /* TLS that began here: the peer is who it was asked to be */
	char tls_why[128];     /* … or why not, or why the handshake failed; empty otherwise */
	enum conn_tls_fault tls_fault; /* … as far as it is the certificate */
};

/*
 * Everybody's turn: a session that does several things with one piece of input, commands or frames,
 * asks after each whether its turn is over, and if so returns with what it has consumed so far. It
 * is offered the rest in its next turn, after the others had theirs. One thing it does should
 * take a millisecond or two at most.
 */
bool conn_turn_over(const struct conn *c);
/* How long ago the oldest of the input that is not consumed, or is offered now, was read. */
int64_t conn_input_age_us(const struct conn *c);

/*
 * What the session is told. `ctx` is what conn_attach was given. No function is called from inside
 * a call that the session makes: what follows from such a call comes in a later turn of the loop.
 */
struct conn_events {
	/*
	 * Bytes are there: returns how many were consumed (0 … in.n). Called again with the rest at
	 * once if some were consumed, or in its next turn, else when more came. When input_max
	 * bytes are there, none are consumed and the session is not paused, the connection is
	 * closed with HEARTH_ETOOBIG. While output_high is reached nothing is offered, nor read:
	 * who asks and does not read the answers waits.
	 */
	size_t (*data)(void *ctx, struct slice in);
	/* TLS that began here (conn_start_tls_client) is up. May be NULL. */
	void (*secured)(void *ctx);
	/* The output queue fell below half its mark after conn_write said stop. May be NULL. */
	void (*drained)(void *ctx);
	/* The time-out passed; the session closes or sets another. NULL: it is closed. */
	void (*timeout)(void *ctx);
	/*
	 * The last call, exactly once: the connection is gone and freed after it returns. `reason`
	 * is 0 when the session closed and all was written, else why (HEARTH_ECLOSED: the peer
	 * left).
	 */
	void (*closed)(void *ctx, int reason);
};

/*
 * Puts a session on top: by who accepted the connection; again by a session that gives the
 * connection to another protocol, which then gets the input not consumed yet.
 */
void conn_attach(struct conn *c, const struct conn_events *events, void *ctx);
const struct conn_info *conn_info(const struct conn *c);

/* Sends a copy of `s`, or a reference to `b`. False: enough for now, wait for `drained`. */
bool conn_write(struct conn *c, struct slice s);
bool conn_write_buf(struct conn *c, struct buf *b);
/* Bytes queued and not yet taken by the system. */
size_t conn_pending(const struct conn *c);

/* Stops offering input (the socket is not read either); offers it again, from a later turn. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/*
 * TLS from here on, as server. What was written before goes out in clear first; clear input that
 * was received and not consumed is thrown away (RFC 3207 section 4.2). HEARTH_EUNSUPPORTED when
 * there is TLS already or no certificate.
 */
int conn_start_tls(struct conn *c);
/* Whether conn_start_tls could work. */
bool conn_can_start_tls(const struct conn *c);

/*
 * TLS from here on, as client. What was written before goes out in clear first, clear input that was
 * received and not consumed is thrown away; then `secured`, with what is known of the peer in
 * conn_info, or `closed` (HEARTH_EDENIED: the peer did not prove who it is; else as any failure), with
 * tls_why. HEARTH_EUNSUPPORTED when there is TLS already. Of `how` nothing is kept.
 */
struct dns_tlsa;
struct conn_tls_client {
	const char *server_name; /* what is asked for, and what the certificate must be for */
	bool must_prove;         /* by an authority that the system trusts; else it is only noted */
	/* DANE (RFC 7672): by one of these records instead; those that cannot be used do not count. */
	const struct dns_tlsa *tlsa;
	size_t tlsa_count;
	const char *or_name; /* with these it may be for this name as well; NULL: none */
};
int conn_start_tls_client(struct conn *c, const struct conn_tls_client *how);

/*
 * The peer must send something (or, with output queued, take something) within ms, from now and
 * again after each sign of life; 0: no limit.
 */
void conn_set_timeout(struct conn *c, int64_t ms);
/*
 * The peer must get on as well: from now on it may keep us waiting for grace_ms in all, of which
 * each byte it sends gives 1/bytes_per_s seconds back (0: none does), never beyond grace_ms. What
 * it waits for us, while the session is paused, does not count. When all is used up, that is a
 * time-out. grace_ms 0: no such bound, as at first.
 */
void conn_set_pace(struct conn *c, int64_t grace_ms, int64_t bytes_per_s);
/*
 * And it must take what is written: while output is queued it may keep us waiting for grace_ms in
 * all, of which each byte it takes gives 1/bytes_per_s seconds back. When all is used up, the
 * connection is closed with HEARTH_ETIMEOUT: there is nothing to be said to who does not read. Two
 * minutes and 500 bytes a second until set; either 0: no such bound.
 */
void conn_set_take_pace(struct conn *c, int64_t grace_ms, int64_t bytes_per_s);
/* Bounds for this connection; the listener's stand until set (small before log-in). */
void conn_set_limits(struct conn *c, size_t input_max, size_t output_high);
/*
 * The peer sends much and may leave as soon as it has: asks the system to hold `n` bytes that are
 * not read yet, so that they are here and not lost with the peer when it closes.
 */
void conn_expect(struct conn *c, size_t n);

/* Writes what is queued, then closes. Input is no longer offered. Legal twice. */
void conn_close(struct conn *c);
/* Closes at once, losing what is queued; `reason` goes to `closed`, from a later turn. */
void conn_abort(struct conn *c, int reason);

/*
 * Whether a write has failed: nobody hears what is said here, though there may be input left that
 * was sent before. For who works long on an answer; a peer that has just gone is noticed by the
 * second write from then on.
 */
bool conn_is_deaf(const struct conn *c);
/*
 * Whether the peer has ended its side, also while the session is paused and reads nothing. It may
 * still want to read, so this is for what is only worth its cost while somebody certainly waits. A
 * system call.
 */
bool conn_has_left(const struct conn *c);

/* ---- listeners ---- */

enum conn_security {
	CONN_PLAIN,    /* TCP; the session may start TLS */
	CONN_TLS_ONLY, /* TLS from the first byte */
};

/*
 * A module's table of listeners; ends with key == NULL. `key` is its name in the [listen] section
 * of the INI file, `address` its default there; [connections] says how many it takes. The kernel
 * opens them when the module has started.
 */
struct conn_listener {
	const char *key;     /* "smtp" */
	const char *address; /* "127.0.0.1:2525" */
	const char *doc;     /* one line for the example INI file */
	enum conn_security security;
	size_t input_max;   /* bytes a session may leave unconsumed, until conn_set_limits */
	size_t output_high; /* bytes queued at which conn_write says stop */
	int64_t timeout_ms; /* until conn_set_timeout */
	/*
	 * Connections from one address, or /64 of IPv6; 0: any. The default of a setting: its row
	 * in [connections] is <key>_per_address. Loopback may have several times as many.
	 */
	int per_peer_max;
	/* A new connection: attach a session and greet, or conn_close. */
	void (*accept)(void *module, struct conn *c);
	/* What is sent before closing when a limit is reached, in the protocol's words; or NULL. */
	const char *busy_greeting;
};

/* ---- for tests ---- */

/* A connection to itself: what `near` writes, `far` reads. Neither has a session yet. */
void conn_pair(struct conn **near, struct conn **far);

#endif
