/*
 * conn_internal.h: what the files of a connection share: conn.c (life, time), conn_input.c,
 * conn_out.c, conn_pace.c (least rates) and conn_turns.c. On the loop.
 */
#ifndef HEARTH_SRC_CONN_INTERNAL_H
#define HEARTH_SRC_CONN_INTERNAL_H

#include "hearth/exec.h"
#include "hearth/list.h"
#include "net/net.h"

/*
 * Once a round of the loop has lasted so long, what sockets bring is put off to a later turn of
 * their connection.
 */
#define CONN_READS_US 6000

enum conn_state {
	CONN_OPEN,
	CONN_FLUSHING, /* closed by the session, or by a peer that has no more to say */
	CONN_GONE,     /* `closed` is due */
};

/* A piece of output: a reference, of which the first `done` bytes are sent. */
struct conn_piece {
	struct conn_piece *next;
	struct buf *b;
	size_t done;
};

struct conn {
	struct conn_info info;
	struct conn_setup setup;
	const struct conn_events *events; /* NULL until conn_attach */
	void *ctx;
	struct layer *top;
	struct list_node all;  /* among all connections */
	struct list_node turn; /* among those that have something to do in a later turn */

	enum conn_state state;
	int reason; /* for `closed` */
	int calls;  /* how deep in the session's functions we are */
	bool paused;
	bool ended;     /* the peer sends no more */
	bool offer_due; /* input waits for the next turn; also after conn_attach, conn_resume */
	bool start_tls; /* when all is sent */
	struct ssl_st *client_tls; /* … as client, prepared; NULL: as server */
	bool sending;              /* the layer has not taken all: it calls conn_sent */
	bool full;   /* conn_write said stop: `drained` is due, and no input is offered */
	bool polite; /* GONE with all sent */

	struct strbuf in; /* what the session did not consume; no memory when empty */
	int64_t input_us; /* when the oldest of it, or what is offered now, was read */
	struct conn_piece *first, **last;
	struct strbuf tail; /* copies behind the last piece, still growing */
	size_t out_n;       /* bytes of all pieces and the tail */
	size_t clear_n;     /* start_tls: as many of them go out in clear */
	size_t input_max, output_high;

	uint64_t round;   /* of the loop, in which … */
	int64_t used_us;  /* … the session has worked for so long */
	int64_t begun_us; /* its present call, while it looks at input; 0 */

	int64_t timeout_ms; /* 0: none */
	int64_t alive_us;   /* the last sign of life */
	struct timer timer;

	/* conn_pace.c */
	int64_t grace_us, patience_us; /* 0: no pace is kept; what is left of it */
	int64_t waiting_us;            /* since when we wait; 0: the peer waits for us */
	int64_t bytes_per_s;
	struct {
		int64_t grace_us, patience_us;
		int64_t waiting_us; /* since when output is queued, or was counted; 0: none is */
		int64_t bytes_per_s;
		size_t seen; /* bytes of the send under way that count as taken already */
	} take;
};

/* Sends what the layer takes, and does what waited for that: TLS, closing, `drained`. */
void conn_flush(struct conn *c);
/* Drops all output. */
void conn_out_clear(struct conn *c);
/* The layer below is done with n bytes, and can take more. */
void conn_sent(void *above, size_t n);

/* The connection is over: `closed` follows in a later turn. */
void conn_gone(struct conn *c, int reason, bool polite);
/* Puts it on the list of those with something to do later. */
void conn_later(struct conn *c);
/* Has what is stored offered in a later turn; until then nothing is read. */
void conn_offer_later(struct conn *c);
/* No turn is on its way: the loop may end before it gets there. */
void conn_turns_forget(void);
/* What it has put off: input that waits, reading again, output, or its end. */
void conn_take_turn(struct conn *c);
/* Offers to the session what came and what is stored; `in` may be empty. */
void conn_take_input(struct conn *c, struct slice in);
/* Reads or not, as things stand now. */
void conn_update_reading(struct conn *c);
/* Sends what is queued, and takes no more input; then it closes. */
void conn_begin_flushing(struct conn *c, int reason);
/* What the layer on top calls. */
extern const struct layer_up conn_layer_up;
/* A sign of life came. */
void conn_alive(struct conn *c);
/* conn_pace.c: n bytes came; the session paused or went on; how long the peer has left. */
void conn_pace_take(struct conn *c, size_t n);
void conn_pace_pause(struct conn *c, bool paused);
int64_t conn_pace_left_us(const struct conn *c);
/* The same of what is written: output is queued; n bytes of it are done with; how long is left. */
void conn_take_queued(struct conn *c);
void conn_take_done(struct conn *c, size_t n);
int64_t conn_take_left_us(struct conn *c);
/* The timer is due in so much at the latest. */
void conn_timer_within(struct conn *c, int64_t us);
/* Puts TLS on top; all output is sent. */
void conn_push_tls(struct conn *c);

#endif
