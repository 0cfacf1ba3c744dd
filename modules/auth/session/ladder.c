/*
 * ladder.c: attempts that have to wait longer and longer (ladder.h).
 *
 * Two entries of the cache. A counter, for the free ones; and the wait, "LEVEL UNTIL" (UNTIL in
 * wall time, since nodes share it), which is there from the first attempt that is not free until
 * nobody tried for the window after it was over. It is changed by compare-and-set alone: of several
 * attempts at once, one has it.
 */
#include "session/ladder.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"

struct wait {
	int level;
	int64_t until_ms;
};

void ladder_key(const char *kind, struct slice what, char key[96])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];

	crypto_hash_sha256(hash, (const unsigned char *)(what.n ? what.p : ""), what.n);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(key, 96, "auth.%.20s:%s", kind, hex);
}

static int64_t wait_ms(int level)
{
	int64_t ms = LADDER_WAIT_MAX_MS;

	if (level < 20 && LADDER_WAIT_MS << level < ms)
		ms = LADDER_WAIT_MS << level;
	return ms;
}

static bool read_wait(const char *text, struct wait *w)
{
	return sscanf(text, "%d %" SCNd64, &w->level, &w->until_ms) == 2 && w->level >= -1;
}

/* The attempt is refused: it counted for nothing. */
static void refuse(struct ladder_step *s, int64_t retry_ms)
{
	ladder_return(s);
	s->done(s->arg, HEARTH_EBUSY, retry_ms > 0 ? retry_ms : LADDER_WAIT_MS);
}

static void look(struct ladder_step *s);

static void on_claim(void *arg, int status)
{
	struct ladder_step *s = arg;

	if (status != HEARTH_ECONFLICT) {
		if (status == 0)
			s->taken = LADDER_CLAIMED;
		s->done(s->arg, 0, 0);
		return;
	}
	s->again = true;
	look(s);
}

/* Takes the next wait, if it is still as `before` says; nobody else gets through until it is over.
 */
static void claim(struct ladder_step *s, int level)
{
	int64_t ms = wait_ms(level);
	struct slice before = slice_str(s->before);

	snprintf(s->claim, sizeof(s->claim), "%d %" PRId64, level, clock_wall_ms() + ms);
	cache_cas(s->cache, slice_str(s->wait_key), before.n ? before : (struct slice){ 0 },
		slice_str(s->claim), ms + s->window_ms, on_claim, s);
}

static void on_count(void *arg, int status, int64_t value)
{
	struct ladder_step *s = arg;

	if (status == 0)
		s->taken = LADDER_COUNTED;
	if (status == 0 && value >= s->free)
		claim(s, 0);
	else
		s->done(s->arg, 0, 0);
}

static void on_wait(void *arg, int status, struct buf *value)
{
	struct ladder_step *s = arg;
	struct wait w = { -1, 0 };
	int64_t left_ms;

	s->before[0] = 0;
	if (status == 0 && value->n < sizeof(s->before)) {
		memcpy(s->before, value->p, value->n);
		s->before[value->n] = 0;
	}
	if (status == 0 && read_wait(s->before, &w)) {
		left_ms = w.until_ms - clock_wall_ms();
		if (left_ms > 0 || s->again)
			refuse(s, left_ms);
		else
			claim(s, w.level + 1);
	} else if (s->again) {
		refuse(s, 0);
	} else if (status == 0 || status == HEARTH_ENOTFOUND) {
		cache_count(s->cache, slice_str(s->count_key), 1, s->window_ms, on_count, s);
	} else {
		s->done(s->arg, 0, 0);
	}
}

static void look(struct ladder_step *s)
{
	cache_get(s->cache, slice_str(s->wait_key), on_wait, s);
}

void ladder_take(struct ladder_step *s, struct cache *cache, const char *kind, struct slice what,
	int64_t free, int64_t window_ms, ladder_fn *done, void *arg)
{
	char name[24];

	*s = (struct ladder_step){
		.cache = cache, .free = free, .window_ms = window_ms, .done = done, .arg = arg
	};
	snprintf(name, sizeof(name), "tries.%.12s", kind);
	ladder_key(name, what, s->count_key);
	snprintf(name, sizeof(name), "wait.%.12s", kind);
	ladder_key(name, what, s->wait_key);
	look(s);
}

void ladder_return(struct ladder_step *s)
{
	char value[48];

	if (s->taken == LADDER_COUNTED)
		cache_count(s->cache, slice_str(s->count_key), -1, s->window_ms, NULL, NULL);
	/* A wait cannot be removed unless it is still this one: it is set to what it was. */
	snprintf(value, sizeof(value), "%s", s->before[0] ? s->before : "-1 0");
	if (s->taken == LADDER_CLAIMED)
		cache_cas(s->cache, slice_str(s->wait_key), slice_str(s->claim), slice_str(value),
			s->window_ms, NULL, NULL);
	s->taken = LADDER_NONE;
}

void ladder_forget(struct ladder_step *s)
{
	cache_remove(s->cache, slice_str(s->count_key), NULL, NULL);
	cache_remove(s->cache, slice_str(s->wait_key), NULL, NULL);
	s->taken = LADDER_NONE;
}
