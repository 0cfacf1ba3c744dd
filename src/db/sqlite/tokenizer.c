/*
 * tokenizer.c: the one tokenizer of the house, and its entry as "hearth" in SQLite's FTS5. Pure.
 */
#include "db/sqlite/tokenizer.h"

#include <sqlite3.h>

#include "db/sqlite/connection.h"
#include "hearth/text.h"

/* Where the next character begins. */
static size_t next_character(struct slice s, size_t i)
{
	uint32_t code_point;
	size_t n = utf8_decode(slice_skip(s, i), &code_point);

	return i == s.n ? i : i + (n ? n : 1);
}

int tokens_each(struct slice text, token_fn *each, void *arg)
{
	size_t first = 0, second = next_character(text, first),
	       third = next_character(text, second);
	int rc = 0;

	while (third < text.n && rc == 0) {
		size_t end = next_character(text, third);
		struct slice token = slice_of(text.p + first, end - first);

		if (slice_chr(token, '\0') < 0)
			rc = each(arg, token, first);
		first = second;
		second = third;
		third = end;
	}
	return rc;
}

/* ---- FTS5 ---- */

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

int tokenizer_register(sqlite3 *sqlite)
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
