/*
 * verify_index.c: whether search indexes have what their texts have. Of each document the hashes of
 * its tokens are added up, once over its text and once over the index, and the sums compared: so an
 * index of millions of tokens takes two numbers a document. On a command's main thread.
 */
#include "backup/verify_internal.h"

#include <stdlib.h>

#include "db/tokenizer.h"
#include "hearth/error.h"
#include "hearth/map.h"

/* What an index holds of a document, and what it should: a sum over its tokens. */
struct tokens {
	uint64_t there, wanted;
};

static uint64_t token_hash(struct slice token)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a, then spread, since hashes are added up */

	for (size_t i = 0; i < token.n; i++)
		h = (h ^ (unsigned char)token.p[i]) * 1099511628211u;
	h ^= h >> 31;
	return h * 0x9e3779b97f4a7c15u;
}

struct wanted {
	struct map *seen; /* tokens of this document */
	uint64_t sum;
};

static int want_token(void *arg, struct slice token, size_t offset)
{
	struct wanted *w = arg;

	(void)offset;
	if (!map_set(w->seen, token, w))
		w->sum += token_hash(token);
	return 0;
}

static struct tokens *tokens_of(struct map *documents, int64_t id)
{
	struct tokens *t = map_get_u64(documents, (uint64_t)id);

	if (!t) {
		t = mem_zalloc(sizeof(*t));
		map_set_u64(documents, (uint64_t)id, t);
	}
	return t;
}

static int read_documents(
	struct verifying *v, const struct hearth_index *index, struct map *documents)
{
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(&v->tx, &rows, index->documents);

	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		struct wanted w = { .seen = map_new() };
		int64_t id = db_col_int(&rows, 0);
		struct slice text = { 0 };

		if (index->text(&rows, a, &text) < 0)
			verify_tell(v, "the search index's text of document %lld is damaged",
				(long long)id);
		tokens_each(text, want_token, &w);
		tokens_of(documents, id)->wanted = w.sum;
		map_free(&w.seen);
		arena_reset(a);
	}
	db_end(&rows);
	arena_free(&a);
	return rc;
}

static int add_token(void *documents, int64_t document, struct slice token)
{
	tokens_of(documents, document)->there += token_hash(token);
	return 0;
}

/* Every token of every document, as the index has them. */
static int read_index(struct verifying *v, const struct hearth_index *index, struct map *documents)
{
	return v->tx.engine->fts->tokens(
		&v->tx, index->database, index->name, add_token, documents);
}

void verify_check_index(struct verifying *v, const struct hearth_index *index)
{
	struct map *documents = map_new();
	int rc = read_documents(v, index, documents);
	int64_t wrong = 0;
	size_t it = 0;
	void *value;

	if (rc >= 0)
		rc = read_index(v, index, documents);
	if (rc < 0)
		verify_tell(v, "the search index %s cannot be read through: %s", index->name,
			error_name(rc));
	while (map_next(documents, &it, NULL, &value)) {
		const struct tokens *t = value;

		wrong += rc >= 0 && t->there != t->wanted;
		free(value);
	}
	map_free(&documents);
	if (wrong > 0)
		verify_tell(v, "the search index %s has not what %lld texts have", index->name,
			(long long)wrong);
}
