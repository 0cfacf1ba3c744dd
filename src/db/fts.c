/*
 * fts.c: the port of full-text search: names and needles are looked at here, the rest is done by the
 * engine of the transaction (db/engine.h). Inside a db_fn, on a database thread.
 */
#include "hearth/fts.h"

#include <ctype.h>

#include "db/engine.h"
#include "db/tokenizer.h"
#include "hearth/error.h"
#include "hearth/log.h"

/* The engine; the name becomes a part of its statements. */
static const struct fts_engine *engine_for(const struct db_tx *tx, const char *name)
{
	INVARIANT(name[0] && strlen(name) <= FTS_NAME_MAX);
	for (const char *c = name; *c; c++)
		INVARIANT(isalpha((unsigned char)*c) || *c == '_');
	return tx->engine->fts;
}

int fts_create(struct db_tx *tx, const char *name)
{
	return engine_for(tx, name)->create(tx, name);
}

int fts_put(struct db_tx *tx, const char *name, int64_t document, struct slice text)
{
	return engine_for(tx, name)->put(tx, name, document, text);
}

int fts_remove(struct db_tx *tx, const char *name, int64_t document, struct slice text)
{
	return engine_for(tx, name)->remove(tx, name, document, text);
}

int fts_clear(struct db_tx *tx, const char *name)
{
	return engine_for(tx, name)->clear(tx, name);
}

int fts_check(struct db_tx *tx, const char *name)
{
	return engine_for(tx, name)->check(tx, name);
}

bool fts_broken(struct db *db)
{
	return db->engine->fts->broken(db->state);
}

static int any_token(void *arg, struct slice token, size_t offset)
{
	(void)arg;
	(void)token;
	(void)offset;
	return 1;
}

int fts_find(struct db_tx *tx, const char *name, struct slice needle, int64_t above, fts_fn *each,
	void *arg)
{
	const struct fts_engine *engine = engine_for(tx, name);

	if (!tokens_each(needle, any_token, NULL))
		return HEARTH_EUNSUPPORTED;
	return engine->find(tx, name, needle, above, each, arg);
}
