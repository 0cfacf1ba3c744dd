/*
 * ladder.h: so many attempts are free, then each has to wait twice as long as the one before. For
 * whatever can be guessed; one ladder for each name, network or both, in the shared cache.
 *
 *   free ──attempt number `free`──▶ wait 1 s ──attempt──▶ wait 2 s ──▶ … ──▶ wait 15 min
 *     ▲                                │
 *     └── forgotten, or none for the window after a wait
 *
 * While a wait lasts every attempt is refused unseen, and counts for nothing. An attempt counts
 * when it begins, so that those made at once count too: of those behind the free ones one is let
 * through for each wait. What turns out to be right is given back.
 */
#ifndef AUTH_LADDER_H
#define AUTH_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/cache.h"

#define LADDER_WAIT_MS     INT64_C(1000) /* the first */
#define LADDER_WAIT_MAX_MS (INT64_C(15) * 60 * 1000)

/* status 0: go ahead; HEARTH_EBUSY: not before retry_ms have passed (> 0). */
typedef void ladder_fn(void *arg, int status, int64_t retry_ms);

/* One attempt on one ladder; lies in its owner until `done` was called, or the last use below. */
struct ladder_step {
	struct cache *cache;
	int64_t free;
	int64_t window_ms;
	ladder_fn *done;
	void *arg;
	enum { LADDER_NONE, LADDER_COUNTED, LADDER_CLAIMED } taken;
	bool again; /* lost to another attempt at the same time */
	char count_key[96], wait_key[96];
	char before[48], claim[48]; /* values of the wait: as found (empty: none), as set */
};

/*
 * Begins an attempt on the ladder named by a kind ("name") and what is counted, of any bytes.
 * `free` attempts within the window are free. On the loop; `done` there, later. A cache that does
 * not answer lets everybody through: it must not shut them all out.
 */
void ladder_take(struct ladder_step *s, struct cache *cache, const char *kind, struct slice what,
	int64_t free, int64_t window_ms, ladder_fn *done, void *arg);
/* This attempt shall not have counted; for steps that were let through, and others, once. */
void ladder_return(struct ladder_step *s);
/* Nothing on this ladder shall have counted. */
void ladder_forget(struct ladder_step *s);
/* A short key for the cache, without what it stands for: "auth.KIND:HEX". */
void ladder_key(const char *kind, struct slice what, char key[96]);

#endif
