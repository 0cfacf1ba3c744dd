/*
 * fts_sqlite.c: full-text search on SQLite's FTS5: an index that keeps only which token is in which
 * document (no text, no positions, no sizes), so it is small and answers with candidates. Inside a
 * db_fn, on a database thread.
 */
#include "db/sqlite/sqlite.h"
#include "db/tokenizer.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define NEEDLE_TOKENS 32 /* of a longer needle; fewer tokens only mean more candidates */

struct statement_text {
	char sql[160 + 2 * FTS_NAME_MAX];
};

/* Puts the name, which SQL takes no parameter for, in the place of each @. */
static struct statement_text with_name(const char *format, const char *name)
{
	struct statement_text t;
	size_t n = 0;

	for (const char *f = format; *f; f++) {
		size_t part = *f == '@' ? strlen(name) : 1;

		INVARIANT(n + part < sizeof(t.sql));
		memcpy(t.sql + n, *f == '@' ? name : f, part);
		n += part;
	}
	t.sql[n] = '\0';
	return t;
}

static int create_index(struct db_tx *tx, const char *name)
{
	struct statement_text t =
		with_name("CREATE VIRTUAL TABLE IF NOT EXISTS @ USING fts5"
			  "(text, content='', columnsize=0, detail=none, tokenize='hearth')",
			name);
	int rc = db_run(tx, t.sql);

	return rc < 0 ? rc : 0;
}

static int put_document(struct db_tx *tx, const char *name, int64_t document, struct slice text)
{
	struct statement_text t = with_name("INSERT INTO @ (rowid, text) VALUES ($1, $2)", name);
	int rc = db_run(tx, t.sql, db_int(document), db_text(text));

	return rc < 0 ? rc : 0;
}

static int remove_document(struct db_tx *tx, const char *name, int64_t document, struct slice text)
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
static int clear_index(struct db_tx *tx, const char *name)
{
	struct statement_text clear = with_name("INSERT INTO @ (@) VALUES ('delete-all')", name);
	struct statement_text drop = with_name("DROP TABLE @", name);
	const struct connection *c = tx->connection;
	int rc = db_run(tx, clear.sql);

	if (rc < 0)
		rc = db_run(tx, drop.sql);
	if (rc >= 0)
		rc = create_index(tx, name);
	if (rc == 0 && c->index_broken)
		atomic_store(c->index_broken, false);
	return rc;
}

static int check_index(struct db_tx *tx, const char *name)
{
	struct statement_text t = with_name("INSERT INTO @ (@) VALUES ('integrity-check')", name);
	int rc = db_run(tx, t.sql);

	return rc < 0 ? rc : 0;
}

static bool is_broken(void *state)
{
	struct sqlite_db *s = state;

	return atomic_load(&s->index_broken);
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

static int find_documents(struct db_tx *tx, const char *name, struct slice needle, int64_t above,
	fts_fn *each, void *arg)
{
	struct query q = { 0 };
	int rc;

	tokens_each(needle, add_token, &q);
	rc = find(tx, name, strbuf_slice(&q.text), above, each, arg);
	strbuf_free(&q.text);
	return rc;
}

/* ---- what an index has ---- */

struct each_token {
	fts_token_fn *fn;
	void *arg;
};

static int give_token(struct db_rows *rows, void *arg)
{
	const struct each_token *each = arg;

	return each->fn(each->arg, db_col_int(rows, 1), db_col_text(rows, 0));
}

/* FTS5 shows it by a table that has to be made: in memory, of this connection alone. */
static int tokens_of(
	struct db_tx *tx, const char *database, const char *name, fts_token_fn *fn, void *arg)
{
	struct each_token each = { fn, arg };
	struct strbuf sql = { 0 }, why = { 0 };
	int rc;

	strbuf_printf(&sql,
		"PRAGMA query_only = OFF; DROP TABLE IF EXISTS temp.tokens; CREATE VIRTUAL TABLE "
		"temp.tokens USING fts5vocab('%s', '%s', 'instance')",
		database, name);
	rc = connection_script(tx->connection, sql.p, &why);
	if (rc == 0)
		rc = db_each(tx, give_token, &each, "SELECT term, doc FROM temp.tokens");
	strbuf_free(&sql);
	strbuf_free(&why);
	return rc;
}

const struct fts_engine fts_sqlite = {
	.create = create_index,
	.put = put_document,
	.remove = remove_document,
	.clear = clear_index,
	.check = check_index,
	.find = find_documents,
	.tokens = tokens_of,
	.broken = is_broken,
};
