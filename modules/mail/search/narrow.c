/*
 * search/narrow.c: unites what the index finds with what it does not know yet (narrow.h).
 *
 *   contents of events that are kept ─▶ of those set aside, and what the index finds ─▶ together
 *
 * In this order: whatever is in no event any more when the events are read has been taken by the
 * index, and a later look at the index sees it.
 *
 * On a worker, which waits for two readers; UNKNOWN_MAX contents of events, and of the index as
 * many as the caller takes.
 */
#include "search/narrow.h"

#include <stdlib.h>

#include "hearth/bus.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "search/envelope.h"

#define UNKNOWN_MAX 2000 /* contents the index does not know yet; with more it is too far behind */

struct narrowing {
	const struct mail_search_for *key;
	struct arena *a;
	int64_t *found;
	size_t n, max;
	int64_t unknown[UNKNOWN_MAX];
	size_t unknown_n;
};

static int note_event(void *arg, struct slice payload)
{
	struct narrowing *w = arg;
	struct arena *a = arena_new();
	struct json *doc;
	int rc = json_read(a, payload, &doc, NULL);

	if (w->unknown_n == UNKNOWN_MAX)
		rc = HEARTH_EUNSUPPORTED;
	if (rc == 0)
		rc = json_get_i64(doc, "content", 1, INT64_MAX, &w->unknown[w->unknown_n]);
	w->unknown_n += rc == 0;
	arena_free(&a);
	return rc;
}

/* In mail; may run again. */
static int read_events(struct db_tx *tx, void *arg)
{
	struct narrowing *w = arg;

	w->unknown_n = 0;
	return bus_kept(tx, "mail.content", note_event, w);
}

/* In mail_search. */
static int read_index(struct db_tx *tx, void *arg)
{
	struct narrowing *w = arg;
	int rc = bus_set_aside(tx, "mail.search", note_event, w);

	return rc < 0 ? rc : mail_envelope_candidates(tx, w->key, w->a, &w->found, &w->n, w->max);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Both together, ascending, each once. */
static void unite(const struct narrowing *w, struct arena *a, int64_t **out, size_t *n)
{
	size_t count = w->n + w->unknown_n, kept = 0;

	INVARIANT(w->unknown_n <= UNKNOWN_MAX);
	int64_t *all = arena_alloc(a, (count + 1) * sizeof(*all));

	if (w->n)
		memcpy(all, w->found, w->n * sizeof(*all));
	if (w->unknown_n)
		memcpy(all + w->n, w->unknown, w->unknown_n * sizeof(*all));
	qsort(all, count, sizeof(*all), by_number);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || all[kept - 1] != all[i])
			all[kept++] = all[i];
	*out = all;
	*n = kept;
}

int mail_search_narrow(struct mail *m, int64_t account, const struct mail_search_for *key,
	size_t max, struct arena *a, int64_t **contents, size_t *n)
{
	struct narrowing *w = ARENA_NEW(a, struct narrowing);
	int rc;

	w->key = key;
	w->a = a;
	w->max = max;
	if (mail_envelope_kind_of(key) == MAIL_ENVELOPE_NONE)
		return HEARTH_EUNSUPPORTED;
	rc = db_read_wait(m->db, read_events, w);
	if (rc == 0)
		rc = db_read_long_wait(m->search_db, account, read_index, w);
	if (rc == 0)
		unite(w, a, contents, n);
	return rc;
}
