/*
 * backoff.h: exponential backoff: so many wrong ones are free, then each has to wait twice as long
 * as the one before. For whatever can be guessed; one for each name, network or both.
 *
 *   free ──wrong number `free`──▶ wait 1 s ──wrong──▶ wait 2 s ──▶ … ──▶ wait 15 min
 *     ▲                              │
 *     └── forgotten, or none for the window after a wait
 *
 * Only what turned out to be wrong counts. What is being looked at takes a place meanwhile, and
 * there are never more places than wrong ones would still be free (behind those: one), so that
 * guesses made at once cannot get past a wait; who finds no place waits for one (login_throttle.c).
 *
 * The backoffs are a table of their own, in this process and by the monotonic clock: nothing that
 * guesses drops an entry before its time, as a cache would, and no clock that is set moves a wait.
 * The table is bounded for each kind; what finds no room there shares one of a fixed number of
 * backoffs with others, which is stricter, never looser. Keys are hashed under a key of this
 * process, so that nobody can choose whom to share with. A restart forgets; it costs who guesses
 * more than it gives. What other nodes count comes by throttle_share.h. On the loop, all of it.
 */
#ifndef AUTH_BACKOFF_H
#define AUTH_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/list.h"
#include "hearth/str.h"

#define BACKOFF_WAIT_MS     INT64_C(1000) /* the first */
#define BACKOFF_WAIT_MAX_MS (INT64_C(15) * 60 * 1000)
#define BACKOFF_MAX         32768 /* of one kind; some 100 bytes each */
#define BACKOFF_SHARED      256   /* of one kind, for what finds no room */
#define BACKOFF_KEY         16

enum backoff_kind {
	BACKOFF_PAIR, /* a name and a network */
	BACKOFF_NAME,
	BACKOFF_NETWORK,
	BACKOFF_REGISTRATION,
	BACKOFF_KINDS,
};

struct backoff {
	unsigned char key[BACKOFF_KEY];
	enum backoff_kind kind;
	bool shared;
	int users;           /* who hold it (backoff_get) */
	int looking;         /* places taken */
	int64_t wrong;       /* within the window */
	int64_t until_ms;    /* of the wait; monotonic */
	int64_t forget_ms;   /* when wrong ones are forgotten; monotonic */
	struct list waiting; /* login_throttle.c: for a place on this one */
	int queued;          /* login_throttle.c: who wait anywhere and stand on this one */
	struct list_node age;
	struct backoff *next; /* of the same hash */
};

struct backoffs;

/* The limits as [auth] has them: `free` for each kind. */
struct backoffs *backoffs_new(int64_t window_ms, const int64_t free[BACKOFF_KINDS]);
void backoffs_free(struct backoffs **);

/* What is counted, any bytes, as the hash that all nodes know it by. */
void backoff_what(struct slice bytes, unsigned char what[BACKOFF_KEY]);
/* Its backoff; to be given back with backoff_put. Never NULL. */
struct backoff *backoff_get(
	struct backoffs *t, enum backoff_kind kind, const unsigned char what[BACKOFF_KEY]);
void backoff_put(struct backoffs *t, struct backoff *b);

/* How long nothing may be looked at; 0: now. */
int64_t backoff_wait_ms(struct backoff *b);
/* Whether there is a place beside those that are taken. A pair has one at a time. */
bool backoff_has_place(const struct backoffs *t, const struct backoff *b);
/* It was wrong: counts, and begins a wait behind the free ones. */
void backoff_wrong(struct backoffs *t, struct backoff *b);
/* Nothing on it shall have counted; not for one that is shared: others' would be gone as well. */
void backoff_forget(struct backoff *b);

#endif
