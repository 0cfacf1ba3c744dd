/*
 * fts.c: full-text search on SQLite's FTS5: an index that keeps only which token is in which
 * document (no text, no positions, no sizes), so it is small and answers with candidates. Inside a
 * db_fn, on a database thread.
 */
#include "hearth/fts.h"

#include <ctype.h>

#include "db/sqlite/tokenizer.h"
#include "db/sqlite/work.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define NAME_MAX_BYTES 48
#define NEEDLE_TOKENS  32 /* of a longer needle; fewer tokens only mean more candidates */

struct statement_text {
	char sql[160 + 2 * NAME_MAX_BYTES];
};

/* Puts the name, which SQL takes no parameter for, in the place of each @. */
static struct statement_text with_name(const char *format, const char *name)
{
	struct statement_text t;
	size_t n = 0;

	INVARIANT(name[0] && strlen(name) <= NAME_MAX_BYTES);
	for (const char *c = name; *c; c++)
		INVARIANT(isalpha((unsigned char)*c) || *c == '_');
	for (const char *f = format; *f; f++) {
		size_t part = *f == '@' ? strlen(name) : 1;

		INVARIANT(n + part < sizeof(t.sql));
		memcpy(t.sql + n, *f == '@' ? name : f, part);
		n += part;
	}
	t.sql[n] = '\0';
	return t;
}

int fts_create(struct db_tx *tx, const char *name)
{
	struct statement_text t =
		with_name("CREATE VIRTUAL TABLE IF NOT EXISTS @ USING fts5"
			  "(text, content='', columnsize=0, detail=none, tokenize='hearth')",
			name);
	int rc = db_run(tx, t.sql);

	return rc < 0 ? rc : 0;
}

int fts_put(struct db_tx *tx, const char *name, int64_t document, struct slice text)
{
	struct statement_text t = with_name("INSERT INTO @ (rowid, text) VALUES ($1, $2)", name);
	int rc = db_run(tx, t.sql, db_int(document), db_text(text));

	return rc < 0 ? rc : 0;
}

int fts_remove(struct db_tx *tx, const char *name, int64_t document, struct slice text)
{
	struct statement_text t =
		with_name("INSERT INTO @ (@, rowid, text) VALUES ('delete', $1, $2)", name);
	int rc = db_run(tx, t.sql, db_int(document), db_text(text));

	return rc < 0 ? rc : 0;
}

/* ---- an index that is broken ---- */

/*
 * Leaves nothing of it but what a new one has. An index that cannot even be opened is dropped and
 * created; that fails while anything else is wrong with the file.
 */
int fts_clear(struct db_tx *tx, const char *name)
{
	struct statement_text clear = with_name("INSERT INTO @ (@) VALUES ('delete-all')", name);
	struct statement_text drop = with_name("DROP TABLE @", name);
	int rc = db_run(tx, clear.sql);

	if (rc < 0)
		rc = db_run(tx, drop.sql);
	if (rc >= 0)
		rc = fts_create(tx, name);
	if (rc == 0)
		atomic_store(&db_tx_db(tx)->index_broken, false);
	return rc;
}

int fts_check(struct db_tx *tx, const char *name)
{
	struct statement_text t = with_name("INSERT INTO @ (@) VALUES ('integrity-check')", name);
	int rc = db_run(tx, t.sql);

	return rc < 0 ? rc : 0;
}

bool fts_broken(struct db *db)
{
	return atomic_load(&db->index_broken);
}

/* ---- finding ---- */

struct query {
	struct strbuf text; /* "abc" "bcd" …: FTS5 reads it as an AND */
	int tokens;
};

static int add_token(void *arg, struct slice token, size_t offset)
{
	struct query *q = arg;

	(void)offset;
	strbuf_addc(&q->text, '"');
	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] == '"')
			strbuf_addc(&q->text, '"');
		strbuf_addc(&q->text, token.p[i]);
	}
	strbuf_adds(&q->text, "\" ");
	return ++q->tokens == NEEDLE_TOKENS;
}

static int find(struct db_tx *tx, const char *name, struct slice query, int64_t above, fts_fn *each,
	void *arg)
{
	struct statement_text t = with_name(
		"SELECT rowid FROM @ WHERE @ MATCH $1 AND rowid > $2 ORDER BY rowid", name);
	struct db_rows rows;
	int rc = db_query(tx, &rows, t.sql, db_text(query), db_int(above));

	while (rc == 0 && (rc = db_next(&rows)) > 0)
		rc = each(arg, db_col_int(&rows, 0));
	db_end(&rows);
	return rc;
}

int fts_find(struct db_tx *tx, const char *name, struct slice needle, int64_t above, fts_fn *each,
	void *arg)
{
	struct query q = { 0 };
	int rc = HEARTH_EUNSUPPORTED;

	tokens_each(needle, add_token, &q);
	if (q.tokens > 0)
		rc = find(tx, name, strbuf_slice(&q.text), above, each, arg);
	strbuf_free(&q.text);
	return rc;
}
