/*
 * tidy.c: blobs of attachments that nobody names: replaced, removed, or never finished. Each is
 * noted in preferences_litter in the transaction that lets go of it (or before it is put), and
 * deleted once the blob store obeys a deletion (blob_grace_ms). The blob goes before its row, so
 * what a crash leaves is found again.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "preferences/preferences.h"

#define MARGIN_MS (INT64_C(5) * 60 * 1000) /* a key is noted some time before its blob is put */

struct sweep {
	struct preferences *p;
	struct arena *arena;
	struct key {
		struct key *next;
		const char *blob;
	} * keys;
	int64_t before_ms;
};

static void found(void *arg, struct slice blob)
{
	struct sweep *s = arg;
	struct key *k = ARENA_NEW(s->arena, struct key);

	k->blob = arena_strdup(s->arena, blob);
	k->next = s->keys;
	s->keys = k;
}

static int find(struct db_tx *tx, void *arg)
{
	struct sweep *s = arg;

	s->keys = NULL;
	return preferences_litter(tx, s->before_ms, found, s);
}

/* One node of several does it. */
static int take_turn(struct db_tx *tx, void *arg)
{
	const struct sweep *s = arg;

	return lease_turn(
		hearth_leases(s->p->a->h), tx, "auth.preferences.tidy", PREFERENCES_TIDY_MS, NULL);
}

static int forget(struct db_tx *tx, void *arg)
{
	const struct sweep *s = arg;
	int rc = 0;

	for (const struct key *k = s->keys; k && rc == 0; k = k->next)
		rc = preferences_litter_forget(tx, slice_str(k->blob));
	return rc;
}

static void on_forgotten(void *arg, int status)
{
	struct sweep *s = arg;

	if (status < 0)
		log_warn("auth", "cannot tidy attachments up now", "why", "%s", error_name(status),
			NULL);
	arena_free(&s->arena);
	free(s);
}

static void on_turn(void *arg, int status)
{
	struct sweep *s = arg;

	for (const struct key *k = s->keys; k && status == 0; k = k->next)
		blob_delete(s->p->blob, k->blob);
	if (status == 0)
		status = db_write(s->p->a->db, forget, on_forgotten, s);
	else if (status == HEARTH_EBUSY)
		status = 1; /* another node is at it */
	if (status != 0)
		on_forgotten(s, status);
}

static void on_looked(void *arg, int status)
{
	struct sweep *s = arg;

	if (status == 0 && s->keys)
		status = db_write(s->p->a->db, take_turn, on_turn, s) == 0 ? 0 : HEARTH_EIO;
	if (status < 0 || !s->keys)
		on_forgotten(s, status);
}

void preferences_tidy(struct preferences *p)
{
	struct sweep *s = mem_zalloc(sizeof(*s));

	s->p = p;
	s->arena = arena_new();
	s->before_ms = clock_wall_ms() - blob_grace_ms(p->blob) - MARGIN_MS;
	if (db_read(p->a->db, find, on_looked, s) < 0)
		on_looked(s, HEARTH_EBUSY);
}
