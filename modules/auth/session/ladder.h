/*
 * ladder.h: so many wrong ones are free, then each has to wait twice as long as the one before. For
 * whatever can be guessed; one ladder for each name, network or both.
 *
 *   free ──wrong number `free`──▶ wait 1 s ──wrong──▶ wait 2 s ──▶ … ──▶ wait 15 min
 *     ▲                              │
 *     └── forgotten, or none for the window after a wait
 *
 * Only what turned out to be wrong counts. What is being looked at takes a place meanwhile, and
 * there are never more places than wrong ones would still be free (behind those: one), so that
 * guesses made at once cannot climb past a wait; who finds no place waits for one (guess.c).
 *
 * The ladders are a table of their own, in this process and by the monotonic clock: nothing that
 * guesses drops an entry before its time, as a cache would, and no clock that is set moves a wait.
 * The table is bounded for each kind; what finds no room there shares one of a fixed number of
 * ladders with others, which is stricter, never looser. Keys are hashed under a key of this
 * process, so that nobody can choose whom to share with. A restart forgets; it costs who guesses
 * more than it gives. On the loop, all of it.
 */
#ifndef AUTH_LADDER_H
#define AUTH_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/list.h"
#include "hearth/str.h"

#define LADDER_WAIT_MS     INT64_C(1000) /* the first */
#define LADDER_WAIT_MAX_MS (INT64_C(15) * 60 * 1000)
#define LADDER_MAX         32768 /* of one kind; some 100 bytes each */
#define LADDER_SHARED      256   /* of one kind, for what finds no room */
#define LADDER_KEY         16

enum ladder_kind {
	LADDER_PAIR, /* a name and a network */
	LADDER_NAME,
	LADDER_NETWORK,
	LADDER_REGISTRATION,
	LADDER_KINDS,
};

struct ladder {
	unsigned char key[LADDER_KEY];
	enum ladder_kind kind;
	bool shared;
	int users;           /* who hold it (ladder_get) */
	int looking;         /* places taken */
	int64_t wrong;       /* within the window */
	int64_t until_ms;    /* of the wait; monotonic */
	int64_t forget_ms;   /* when wrong ones are forgotten; monotonic */
	struct list waiting; /* guess.c: for a place on this one */
	int queued;          /* guess.c: who wait anywhere and stand on this one */
	struct list_node age;
	struct ladder *next; /* of the same hash */
};

struct ladders;

/* The limits as [auth] has them: `free` for each kind. */
struct ladders *ladders_new(int64_t window_ms, const int64_t free[LADDER_KINDS]);
void ladders_free(struct ladders **);

/* The ladder of what is counted, of any bytes; to be given back with ladder_put. Never NULL. */
struct ladder *ladder_get(struct ladders *t, enum ladder_kind kind, struct slice what);
void ladder_put(struct ladders *t, struct ladder *l);

/* How long nothing may be looked at; 0: now. */
int64_t ladder_wait_ms(struct ladder *l);
/* Whether there is a place beside those that are taken. A pair has one at a time. */
bool ladder_has_place(const struct ladders *t, const struct ladder *l);
/* It was wrong: counts, and begins a wait behind the free ones. */
void ladder_wrong(struct ladders *t, struct ladder *l);
/* Nothing on it shall have counted; not for one that is shared: others' would be gone as well. */
void ladder_forget(struct ladder *l);
/* For metrics and tests: entries that are exact. */
size_t ladders_count(const struct ladders *t);

#endif
