/*
 * verify_index.c: whether search indexes have what their texts have. Of each document the hashes of
 * its tokens are added up over the index, and held against the digest of its text (fts.h): so an
 * index of millions of tokens takes two numbers a document. On a command's main thread.
 */
#include "backup/verify_internal.h"

#include <stdlib.h>

#include "db/fts_digest.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/map.h"

/* What an index holds of a document, and what it should: a sum over its tokens. */
struct tokens {
	uint64_t there, wanted;
};

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
		struct tokens *t = tokens_of(documents, db_col_int(&rows, 0));

		if (index->text)
			t->wanted = (uint64_t)fts_digest(index->text(&rows, a));
		else
			t->wanted = (uint64_t)db_col_int(&rows, 1);
		arena_reset(a);
	}
	db_end(&rows);
	arena_free(&a);
	return rc;
}

static int add_token(void *documents, int64_t document, struct slice token)
{
	tokens_of(documents, document)->there += fts_token_hash(token);
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
