/*
 * fts_tokenizer.c: the tokenizer of the house, as "hearth" in SQLite's FTS5. On the thread of the
 * connection.
 */
#include <sqlite3.h>

#include "db/sqlite/connection.h"
#include "db/tokenizer.h"

struct sink {
	void *context;
	int (*token)(void *, int, const char *, int, int, int);
};

static int give(void *arg, struct slice token, size_t offset)
{
	const struct sink *s = arg;

	return s->token(s->context, 0, token.p, (int)token.n, (int)offset, (int)(offset + token.n));
}

static int create(void *context, const char **args, int n, Fts5Tokenizer **out)
{
	static char the_only_one;

	(void)context;
	(void)args;
	(void)n;
	*out = (Fts5Tokenizer *)&the_only_one;
	return SQLITE_OK;
}

static void destroy(Fts5Tokenizer *tokenizer)
{
	(void)tokenizer;
}

static int tokenize(Fts5Tokenizer *tokenizer, void *context, int why, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int))
{
	struct sink sink = { context, token };

	(void)tokenizer;
	(void)why;
	return tokens_each(slice_of(text, (size_t)n), give, &sink);
}

int fts_tokenizer_register(sqlite3 *sqlite)
{
	fts5_tokenizer methods = { create, destroy, tokenize };
	fts5_api *api = NULL;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(sqlite, "SELECT fts5(?1)", -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_pointer(stmt, 1, &api, "fts5_api_ptr", NULL);
	sqlite3_step(stmt);
	rc = sqlite3_finalize(stmt);
	if (rc != SQLITE_OK)
		return rc;
	return api ? api->xCreateTokenizer(api, "hearth", NULL, &methods, NULL) : SQLITE_ERROR;
}
