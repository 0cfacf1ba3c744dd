/*
 * cut.c: cuts by the program's engine (cut.h). On a command's main thread.
 */
#include "db/cut.h"

int cut_new(
	const char *dir, const char *const *names, size_t n, struct cut **out, struct strbuf *why)
{
	const struct cut_engine *engine = db_engine()->cut;
	int rc;

	*out = NULL;
	rc = engine->begin(dir, names, n, out, why);
	if (rc == 0)
		(*out)->engine = engine;
	return rc;
}

void cut_release(struct cut *c, size_t i)
{
	c->engine->release(c, i);
}

void cut_free(struct cut **c)
{
	if (*c)
		(*c)->engine->end(*c);
	*c = NULL;
}

int cut_identity(struct cut *c, size_t i, struct identity *out, struct strbuf *why)
{
	return c->engine->identity(c, i, out, why);
}

int cut_size(struct cut *c, size_t i, int64_t *bytes, struct strbuf *why)
{
	return c->engine->size(c, i, bytes, why);
}

int cut_copy(struct cut *c, size_t i, const char *to, cut_progress_fn *each, void *arg,
	struct strbuf *why)
{
	return c->engine->copy(c, i, to, each, arg, why);
}

int cut_open(
	const char *dir, const char *const *names, size_t n, struct db_tx *tx, struct strbuf *why)
{
	*tx = (struct db_tx){ .engine = db_engine() };
	return tx->engine->cut->open(dir, names, n, &tx->connection, why);
}

int cut_open_copy(const char *path, struct db_tx *tx, struct strbuf *why)
{
	*tx = (struct db_tx){ .engine = db_engine() };
	return tx->engine->cut->open_copy(path, &tx->connection, why);
}

void cut_close(struct db_tx *tx)
{
	if (tx->connection)
		tx->engine->cut->close(tx->connection);
	tx->connection = NULL;
}

int cut_check(struct db_tx *tx, const char *name, cut_complaint_fn *each, void *arg)
{
	return tx->engine->cut->check(tx, name, each, arg);
}

int cut_hold_blobs(const char *dir, int64_t id, int64_t until_ms, struct strbuf *why)
{
	return db_engine()->cut->hold_blobs(dir, id, until_ms, why);
}
