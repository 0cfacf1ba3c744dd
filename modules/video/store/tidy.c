/*
 * tidy.c: forgets GOPs that every rendition has had.
 *
 *   RESTING ──each TIDY_MS──▶ LOOKING ──blobs found──▶ FORGETTING ──▶ LOOKING …
 *      ▲                         └── none ──┐
 *      └────────────────────────────────────┘
 *
 * With its row a blob is released, and goes some time later (blob.h). The timer and what follows on
 * the loop, the statements on database threads; at most what video_store_finished_gops finds at
 * once is in memory.
 */
#include "store/tidy.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

#define TIDY_MS   (INT64_C(5) * 60 * 1000)
#define FIRST_MS  1000                     /* after the start */
#define MARGIN_MS (INT64_C(5) * 60 * 1000) /* a GOP is put some time before it is finished */

struct blob_key {
	struct blob_key *next;
	struct slice key;
};

struct tidy {
	struct video *v;
	struct timer timer;
	bool busy; /* the database has it in hand */
	int64_t before_ms;
	struct arena *arena; /* for the keys */
	struct blob_key *keys;
};

static void look(void *arg);
static void look_on(struct tidy *t);

static int found(void *arg, struct slice blob)
{
	struct tidy *t = arg;
	struct blob_key *k = ARENA_NEW(t->arena, struct blob_key);

	k->key = slice_str(arena_strdup(t->arena, blob));
	k->next = t->keys;
	t->keys = k;
	return 0;
}

static int find(struct db_tx *tx, void *arg)
{
	struct tidy *t = arg;

	t->keys = NULL;
	return video_store_finished_gops(tx, t->before_ms, found, t);
}

static int forget(struct db_tx *tx, void *arg)
{
	struct tidy *t = arg;
	int rc = 0;

	INVARIANT(t->busy && t->keys);
	for (struct blob_key *k = t->keys; k && rc == 0; k = k->next)
		if ((rc = video_store_forget_gop(tx, k->key, t->before_ms)) == 0)
			rc = blob_release(tx, k->key.p, 0);
	return rc;
}

static void rest(struct tidy *t, int status)
{
	INVARIANT(t->busy);
	t->busy = false;
	hearth_release(t->v->h);
	if (status < 0)
		log_warn("video", "cannot tidy up now", "why", "%s", error_name(status), NULL);
	timer_start(&t->timer, TIDY_MS, 0, look, t);
}

static void on_forgotten(void *arg, int status)
{
	struct tidy *t = arg;

	if (status < 0)
		rest(t, status);
	else
		look_on(t);
}

static void on_found(void *arg, int status)
{
	struct tidy *t = arg;

	if (status < 0 || !t->keys) {
		rest(t, status);
		return;
	}
	status = db_write(t->v->db, forget, on_forgotten, t);
	if (status < 0)
		rest(t, status);
}

static void look_on(struct tidy *t)
{
	int rc;

	arena_reset(t->arena);
	rc = db_read(t->v->db, find, on_found, t);
	if (rc < 0)
		rest(t, rc);
}

static void look(void *arg)
{
	struct tidy *t = arg;

	INVARIANT(!t->busy);
	if (t->v->draining)
		return;
	if (!t->v->does_chores) {
		timer_start(&t->timer, TIDY_MS, 0, look, t);
		return;
	}
	t->before_ms = clock_wall_ms() - blob_grace_ms(t->v->blob) - MARGIN_MS;
	t->busy = true;
	hearth_hold(t->v->h);
	look_on(t);
}

struct tidy *tidy_new(struct video *v)
{
	struct tidy *t = mem_zalloc(sizeof(*t));

	t->v = v;
	t->arena = arena_new();
	timer_start(&t->timer, FIRST_MS, 0, look, t);
	return t;
}

void tidy_free(struct tidy **t)
{
	timer_stop(&(*t)->timer);
	/* Where the drain was cut short, the database still has it. */
	if (!(*t)->busy) {
		arena_free(&(*t)->arena);
		free(*t);
	}
	*t = NULL;
}
