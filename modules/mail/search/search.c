/*
 * search.c: the slices of a search: what the index says of each key, then the envelopes of what is
 * open, then the messages. A slice runs on a database thread or a worker.
 */
#include "search/search.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/log.h"
#include "search/document.h"
#include "search/envelope.h"
#include "search/index.h"

#define ROWS_A_LOOK 64 /* between two looks at the clock */
#define SPARSE      8  /* times as many ids as contents: not worth going through the rows between */
#define BATCH_MAX   32 /* messages that are in hand at a time */
#define BATCH_BYTES (256u << 10) /* of their rows, but for the last */

static unsigned char *answer_of(const struct mail_search *s, size_t key, size_t i)
{
	return &s->answers[key * s->n + i];
}

/* Whether it must be known what contents[i] holds. */
static bool needs_text(const struct mail_search *s, size_t i)
{
	bool unknown = false;

	for (size_t k = 0; k < s->key_n && !unknown; k++)
		unknown = *answer_of(s, k, i) == MAIL_SEARCH_UNKNOWN;
	return unknown && (!s->open || s->open(s->arg, i));
}

/* Whether some of it is known by the envelope alone. */
static bool needs_envelope(const struct mail_search *s, size_t i)
{
	bool unknown = false;

	for (size_t k = 0; k < s->key_n && !unknown; k++)
		unknown = *answer_of(s, k, i) == MAIL_SEARCH_UNKNOWN &&
			  mail_envelope_kind_of(&s->keys[k]) != MAIL_ENVELOPE_NONE;
	return unknown;
}

/* By a text, or by its envelope alone. */
static void answer_all(
	const struct mail_search *s, size_t i, const struct mail_document *d, bool envelope_only)
{
	for (size_t k = 0; k < s->key_n; k++) {
		unsigned char *answer = answer_of(s, k, i);

		if (*answer != MAIL_SEARCH_UNKNOWN)
			continue;
		if (envelope_only && mail_envelope_kind_of(&s->keys[k]) == MAIL_ENVELOPE_NONE)
			continue;
		*answer = d && mail_document_contains(d, &s->folded[k]) ? MAIL_SEARCH_YES
									: MAIL_SEARCH_NO;
	}
}

/* ---- what the index knows ---- */

/* Goes on marking which contents are in the index: 1 when the slice ended before that did. */
static int mark_indexed(struct db_tx *tx, struct mail_search *s)
{
	struct db_rows rows;
	bool over = false;
	int rc =
		db_query(tx, &rows, "SELECT id FROM indexed WHERE id BETWEEN $1 AND $2 ORDER BY id",
			db_int(s->contents[s->at]), db_int(s->contents[s->n - 1]));

	if (rc < 0)
		return rc;
	for (size_t row = 0; s->at < s->n && !over && (rc = db_next(&rows)) > 0; row++) {
		int64_t id = db_col_int(&rows, 0);

		while (s->at < s->n && s->contents[s->at] < id)
			s->at++;
		if (s->at < s->n && s->contents[s->at] == id)
			s->indexed[s->at++] = true;
		over = row % ROWS_A_LOOK == 0 && db_slice_over(tx);
	}
	db_end(&rows);
	if (rc < 0)
		return rc;
	return over && s->at < s->n;
}

/* Few contents far apart: each is looked for by itself. */
static int mark_each(struct db_tx *tx, struct mail_search *s)
{
	for (; s->at < s->n; s->at++) {
		int64_t n = 0;
		int rc = db_get_int(tx, &n, "SELECT count(*) FROM indexed WHERE id = $1",
			db_int(s->contents[s->at]));

		if (rc < 0)
			return rc;
		s->indexed[s->at] = n > 0;
		if (s->at % ROWS_A_LOOK == 0 && db_slice_over(tx) && s->at + 1 < s->n) {
			s->at++;
			return 1;
		}
	}
	return 0;
}

static int mark(struct db_tx *tx, struct mail_search *s)
{
	bool sparse = s->contents[s->n - 1] - s->contents[0] > (int64_t)(SPARSE * s->n);
	int64_t built_to;
	int rc = s->at == 0 ? mail_index_state(tx, &built_to, &s->generation) : 0;

	if (rc < 0)
		return rc;
	return sparse ? mark_each(tx, s) : mark_indexed(tx, s);
}

struct candidates {
	struct mail_search *s;
	struct db_tx *tx;
	enum mail_envelope_kind kind; /* of the key; NONE: the index of whole texts is asked */
	size_t seen;
};

static int note_candidate(void *arg, int64_t id)
{
	struct candidates *c = arg;
	struct mail_search *s = c->s;

	INVARIANT(c->s->phase == MAIL_SEARCH_INDEX);
	if (c->kind != MAIL_ENVELOPE_NONE) {
		int kind = (int)(id % MAIL_ENVELOPE_KINDS);

		id /= MAIL_ENVELOPE_KINDS;
		if (kind != (int)c->kind) {
			/* The content's own may be the next. */
			s->above = kind < (int)c->kind ? id - 1 : id;
			return ++c->seen % ROWS_A_LOOK == 0 && db_slice_over(c->tx);
		}
	}
	s->above = id;
	while (s->at < s->n && s->contents[s->at] < id)
		s->at++;
	if (s->at == s->n)
		return 2;
	if (s->contents[s->at] == id)
		s->candidates[s->at++] = true;
	return ++c->seen % ROWS_A_LOOK == 0 && db_slice_over(c->tx);
}

static void begin_key(struct mail_search *s)
{
	s->at = 0;
	s->above = s->contents[0] - 1;
	memset(s->candidates, 0, s->n * sizeof(*s->candidates));
}

/* What is in the index and was not found by it does not have the key. */
static void end_key(struct mail_search *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->indexed[i] && !s->candidates[i])
			*answer_of(s, s->key, i) = MAIL_SEARCH_NO;
}

/* Goes on asking the index about a key: 1 when the slice ended before that did. */
static int ask_index(struct db_tx *tx, struct mail_search *s)
{
	const struct mail_folded_key *key = &s->folded[s->key];
	struct slice needle = key->needle.n ? key->needle : key->field;
	struct candidates c = { s, tx, mail_envelope_kind_of(&s->keys[s->key]), 0 };
	int64_t built_to, generation;
	int rc = mail_index_state(tx, &built_to, &generation);

	/* One that was begun anew meanwhile has lost what was marked as in it. */
	if (rc == 0 && generation != s->generation) {
		memset(s->indexed, 0, s->n * sizeof(*s->indexed));
		begin_key(s);
		s->generation = generation;
	}
	if (rc == 0 && c.kind == MAIL_ENVELOPE_NONE)
		rc = fts_find(tx, MAIL_INDEX, needle, s->above, note_candidate, &c);
	else if (rc == 0)
		rc = fts_find(tx, MAIL_ENVELOPE_INDEX, needle,
			s->above * MAIL_ENVELOPE_KINDS + MAIL_ENVELOPE_KINDS - 1, note_candidate,
			&c);
	if (rc == 1)
		return 1;
	/* Too short for the index, or it is broken: every text is a candidate. */
	if (rc == 0 || rc == 2)
		end_key(s);
	return rc == HEARTH_EUNSUPPORTED || rc == HEARTH_ECORRUPT || rc >= 0 ? 0 : rc;
}

/* ---- envelopes ---- */

static int envelopes_slice(struct db_tx *tx, void *arg)
{
	struct mail_search *s = arg;

	for (size_t i; (i = s->at) < s->n; s->at++) {
		struct mail_document d = { 0 };
		int rc;

		if (db_slice_over(tx))
			return 1;
		if (!s->indexed[i] || !needs_envelope(s, i) || !needs_text(s, i))
			continue;
		rc = mail_envelope_load(tx, s->contents[i], s->scratch, &d);
		if (rc == 0)
			answer_all(s, i, &d, true);
		arena_reset(s->scratch);
		if (rc < 0 && rc != HEARTH_ENOTFOUND)
			return rc;
	}
	s->phase = MAIL_SEARCH_MESSAGES;
	s->at = 0;
	return 1;
}

static int index_slice(struct db_tx *tx, void *arg)
{
	struct mail_search *s = arg;
	int rc = 0;

	if (s->phase == MAIL_SEARCH_MARKING) {
		rc = mark(tx, s);
		if (rc)
			return rc;
		s->phase = MAIL_SEARCH_INDEX;
		begin_key(s);
	}
	while (s->key < s->key_n && !db_slice_over(tx)) {
		rc = ask_index(tx, s);
		if (rc)
			return rc;
		s->key++;
		begin_key(s);
	}
	if (s->key < s->key_n)
		return 1;
	s->phase = MAIL_SEARCH_ENVELOPES;
	s->at = 0;
	return envelopes_slice(tx, s);
}

/* ---- messages ---- */

/* Some that are open, as their rows have them: one question for them all. */
struct mail_search_batch {
	struct mail_content contents[BATCH_MAX]; /* in `a` */
	size_t at[BATCH_MAX];                    /* of each, in the search's contents */
	size_t n, next;                          /* next: the first that was not looked through */
	size_t end; /* in the search's contents: where the next begins */
	struct arena *a;
};

/* Loads what is open from s->at on, up to b->end. May be run again. */
static int load_batch(struct db_tx *tx, void *arg)
{
	struct mail_search *s = arg;
	struct mail_search_batch *b = s->batch;

	arena_reset(b->a);
	b->n = b->next = 0;
	b->end = s->at;
	for (size_t i = s->at; i < s->n && b->n < BATCH_MAX && arena_size(b->a) < BATCH_BYTES;
		i++) {
		int rc = HEARTH_ENOTFOUND;

		b->end = i + 1;
		if (!needs_text(s, i))
			continue;
		rc = mail_store_content(tx, s->contents[i], b->a, &b->contents[b->n]);
		if (rc == 0)
			b->at[b->n++] = i;
		else if (rc == HEARTH_ENOTFOUND)
			answer_all(s, i, NULL, false);
		else
			return rc;
	}
	return 0;
}

static int look_through(struct mail_search *s, const struct mail_content *content, size_t i)
{
	struct mail_document d = { 0 };
	int rc;

	if (!needs_text(s, i))
		return 0;
	rc = mail_document_of(s->m, s->contents[i], content, s->scratch, &d);
	if (rc == 0 || rc == HEARTH_ENOTFOUND)
		answer_all(s, i, rc == 0 ? &d : NULL, false);
	arena_reset(s->scratch);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static int messages_slice(struct mail_search *s)
{
	int64_t end_ms = clock_mono_ms() + DB_SLICE_MS;
	struct mail_search_batch *b = s->batch;

	for (;;) {
		int rc = 0;

		if (b->next == b->n && s->at < s->n)
			rc = db_read_long_wait(s->m->db, s->account, load_batch, s);
		if (rc < 0)
			return rc;
		s->at = b->end;
		if (b->next == b->n)
			break;
		rc = look_through(s, &b->contents[b->next], b->at[b->next]);
		b->next++;
		if (rc < 0)
			return rc;
		if (clock_mono_ms() >= end_ms)
			return 1;
	}
	s->phase = MAIL_SEARCH_DONE;
	return 0;
}

/* ---- the whole ---- */

void mail_search_begin(struct mail_search *s)
{
	INVARIANT(s->m && s->a && s->account > 0);
	s->answers = arena_zalloc(s->a, s->key_n * s->n + 1);
	s->indexed = arena_zalloc(s->a, s->n + 1);
	s->candidates = arena_zalloc(s->a, s->n + 1);
	s->folded = arena_alloc(s->a, (s->key_n + 1) * sizeof(*s->folded));
	for (size_t k = 0; k < s->key_n; k++)
		s->folded[k] = mail_key_fold(s->a, &s->keys[k]);
	s->scratch = arena_new();
	s->batch = ARENA_NEW(s->a, struct mail_search_batch);
	s->batch->a = arena_new();
	s->phase = s->n && s->key_n ? MAIL_SEARCH_MARKING : MAIL_SEARCH_DONE;
}

int mail_search_slice(struct mail_search *s)
{
	switch (s->phase) {
	case MAIL_SEARCH_MARKING:
	case MAIL_SEARCH_INDEX:
		return db_read_long_wait(s->m->search_db, s->account, index_slice, s);
	case MAIL_SEARCH_ENVELOPES:
		return db_read_long_wait(s->m->search_db, s->account, envelopes_slice, s);
	case MAIL_SEARCH_MESSAGES: return messages_slice(s);
	case MAIL_SEARCH_DONE: break;
	}
	return 0;
}

void mail_search_end(struct mail_search *s)
{
	arena_free(&s->scratch);
	if (s->batch)
		arena_free(&s->batch->a);
}
