/*
 * verify.c: `hearth verify`: looks at everything that is stored, beside a running server too.
 *
 *   which databases there are, and whether they belong together (ledger.h)
 *   ─▶ in one cut of them: pages and indexes of each; what the modules' rows keep to; search
 *      indexes
 *   ─▶ the bytes of every blob, while nothing is deleted
 *
 * Each damage is one line on standard output, with the account it is of where that is known. On a
 * command's main thread.
 */
#include "backup/verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "backup/backup.h"
#include "backup/files.h"
#include "blob/check.h"
#include "db/sqlite/cut.h"
#include "db/sqlite/tokenizer.h"
#include "db/sqlite/work.h"
#include "hearth/error.h"
#include "hearth/map.h"

#define DAMAGES_MAX 1000 /* lines; more are only counted */

struct verifying {
	const char *data;
	const struct hearth_checks *const *checks; /* ends with NULL */
	struct backup_dbs dbs;                     /* those that can be read */
	struct db_tx tx;                           /* on all of them */
	const char *address;                       /* SQL, or NULL */
	bool incomplete; /* a database is missing or cannot be read: rules may not run */
	int64_t damages;
};

/* ---- telling ---- */

static void tell(struct verifying *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void tell(struct verifying *v, const char *format, ...)
{
	va_list ap;

	if (++v->damages > DAMAGES_MAX)
		return;
	progress_end();
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

/* Appends "ann@example.org: " for an account. */
static void add_account(struct verifying *v, struct strbuf *out, int64_t account)
{
	struct db_rows rows;

	if (account <= 0)
		return;
	if (v->address && db_query(&v->tx, &rows, v->address, db_int(account)) == 0) {
		if (db_next(&rows) > 0)
			strbuf_printf(out, "%.*s: ", SLICE_ARG(db_col_text(&rows, 0)));
		else
			strbuf_printf(out, "account %lld: ", (long long)account);
		db_end(&rows);
	} else {
		strbuf_printf(out, "account %lld: ", (long long)account);
	}
}

/* A damage that a row describes: account, then where. */
static void tell_row(struct verifying *v, struct db_rows *rows, const char *what)
{
	struct strbuf who = { 0 };
	struct slice place = db_col_text(rows, 1);

	strbuf_adds(&who, "");
	add_account(v, &who, db_col_int(rows, 0));
	tell(v, "%s%s (%.*s)", who.p ? who.p : "", what, SLICE_ARG(place));
	strbuf_free(&who);
}

/* ---- the databases ---- */

static void drop(struct verifying *v, size_t i)
{
	memmove(v->dbs.names[i], v->dbs.names[i + 1],
		(v->dbs.count - i - 1) * sizeof(v->dbs.names[0]));
	v->dbs.count--;
	v->incomplete = true;
}

static bool has(const struct verifying *v, const char *name)
{
	for (size_t i = 0; i < v->dbs.count; i++)
		if (strcmp(v->dbs.names[i], name) == 0)
			return true;
	return false;
}

/* Leaves those that can be opened. */
static void open_each(struct verifying *v)
{
	for (size_t i = 0; i < v->dbs.count;) {
		const char *name = v->dbs.names[i];
		struct strbuf why = { 0 };
		struct connection *c;
		int rc = cut_attach(v->data, &name, 1, &c, &why);

		if (rc < 0) {
			tell(v, "%s.db cannot be read: %s", name, why.p ? why.p : "");
			drop(v, i);
		} else {
			connection_close(&c);
			i++;
		}
		strbuf_free(&why);
	}
}

static int read_identity(struct verifying *v, const char *name, struct identity *id)
{
	struct strbuf sql = { 0 };
	struct db_rows rows;
	int rc;

	*id = (struct identity){ .commits = 0 };
	strbuf_printf(&sql, "SELECT folder, commits FROM %s.identity WHERE one = 1", name);
	rc = db_query(&v->tx, &rows, sql.p);
	if (rc == 0 && (rc = db_next(&rows)) > 0) {
		snprintf(id->folder, sizeof(id->folder), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
		id->commits = db_col_int(&rows, 1);
	}
	db_end(&rows);
	strbuf_free(&sql);
	return rc < 0 ? rc : 0;
}

/* What the ledger has against them. `l` was read before the cut. */
static void judge(struct verifying *v, const struct ledger *l)
{
	struct ledger_db found[BACKUP_DBS_MAX];
	struct strbuf damage = { 0 };
	struct slice rest, line;

	for (size_t i = 0; i < v->dbs.count; i++) {
		found[i] = (struct ledger_db){ .name = v->dbs.names[i], .existed = true };
		read_identity(v, v->dbs.names[i], &found[i].is);
	}
	ledger_judge(l, found, v->dbs.count, &damage);
	for (size_t i = 0; i < l->count; i++)
		if (!has(v, l->entries[i].name))
			strbuf_printf(
				&damage, "%s.db is missing or unreadable\n", l->entries[i].name);
	rest = strbuf_slice(&damage);
	while (rest.n && (line = slice_split(&rest, '\n')).n) {
		tell(v, "%.*s", SLICE_ARG(line));
		v->incomplete = true;
	}
	strbuf_free(&damage);
}

/* Pages, indexes and foreign keys of one database. */
static void check_pages(struct verifying *v, const char *name)
{
	for (size_t i = 0; i < 2; i++) {
		struct strbuf sql = { 0 };
		struct db_rows rows;
		int rc;

		strbuf_printf(&sql,
			i ? "PRAGMA %s.foreign_key_check" : "PRAGMA %s.integrity_check(20)", name);
		rc = db_query(&v->tx, &rows, sql.p);
		while (rc >= 0 && (rc = db_next(&rows)) > 0)
			if (!slice_eq(db_col_text(&rows, 0), SLICE("ok")))
				tell(v, "%s.db: %.*s%s", name, SLICE_ARG(db_col_text(&rows, 0)),
					i ? ": a row names one that is not there" : "");
		db_end(&rows);
		if (rc < 0)
			tell(v, "%s.db cannot be read through: %s", name, error_name(rc));
		strbuf_free(&sql);
	}
}

/* ---- what modules know ---- */

static void run_rule(struct verifying *v, const struct hearth_rule *rule)
{
	struct db_rows rows;
	int rc = db_query(&v->tx, &rows, rule->sql);

	while (rc >= 0 && (rc = db_next(&rows)) > 0)
		tell_row(v, &rows, rule->what);
	db_end(&rows);
	/* A table that is not there was told with its database. */
	if (rc < 0 && !v->incomplete)
		tell(v, "cannot look whether %s: %s", rule->what, error_name(rc));
}

/* Rows of accounts that are not there: their numbers would be given out again. */
static void check_accounts(struct verifying *v, const struct hearth_checks *c)
{
	struct db_rows rows, one;
	int rc = db_query(&v->tx, &rows, c->accounts);

	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		int64_t account = db_col_int(&rows, 0);

		if (db_query(&v->tx, &one, v->address, db_int(account)) == 0 && db_next(&one) == 0)
			tell(v, "account %lld: it has rows in %s.db, and is no account",
				(long long)account, c->database);
		db_end(&one);
	}
	db_end(&rows);
}

static void check_blob_names(struct verifying *v, const struct hearth_checks *c)
{
	struct strbuf sql = { 0 };
	struct db_rows rows;
	int rc;

	strbuf_printf(&sql,
		"SELECT account, place || ', blob ' || key FROM (%s) WHERE key NOT IN"
		" (SELECT key FROM blob.blob)",
		c->blobs);
	rc = db_query(&v->tx, &rows, sql.p);
	while (rc >= 0 && (rc = db_next(&rows)) > 0)
		tell_row(v, &rows, "a blob is missing in blob.db");
	db_end(&rows);
	strbuf_free(&sql);
}

/* ---- search indexes ---- */

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
			tell(v, "the search index's text of document %lld is damaged",
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

/* Every token of every document, as the index has them. */
static int read_index(struct verifying *v, const struct hearth_index *index, struct map *documents)
{
	struct strbuf sql = { 0 }, why = { 0 };
	struct db_rows rows;
	int rc;

	strbuf_printf(&sql,
		"PRAGMA query_only = OFF; DROP TABLE IF EXISTS temp.tokens; CREATE VIRTUAL TABLE "
		"temp.tokens USING"
		" fts5vocab('%s', '%s', 'instance')",
		index->database, index->name);
	rc = connection_script(v->tx.connection, sql.p, &why);
	if (rc == 0)
		rc = db_query(&v->tx, &rows, "SELECT term, doc FROM temp.tokens");
	if (rc == 0) {
		while ((rc = db_next(&rows)) > 0)
			tokens_of(documents, db_col_int(&rows, 1))->there +=
				token_hash(db_col_text(&rows, 0));
		db_end(&rows);
	}
	strbuf_free(&sql);
	strbuf_free(&why);
	return rc;
}

static void check_index(struct verifying *v, const struct hearth_index *index)
{
	struct map *documents = map_new();
	int rc = read_documents(v, index, documents);
	int64_t wrong = 0;
	size_t it = 0;
	void *value;

	if (rc >= 0)
		rc = read_index(v, index, documents);
	if (rc < 0)
		tell(v, "the search index %s cannot be read through: %s", index->name,
			error_name(rc));
	while (map_next(documents, &it, NULL, &value)) {
		const struct tokens *t = value;

		wrong += rc >= 0 && t->there != t->wanted;
		free(value);
	}
	map_free(&documents);
	if (wrong > 0)
		tell(v, "the search index %s has not what %lld texts have", index->name,
			(long long)wrong);
}

static void check_kept(struct verifying *v, const struct hearth_kept *kept)
{
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(&v->tx, &rows, kept->sql);

	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		if (kept->look(&rows, a) < 0)
			tell_row(v, &rows, kept->what);
		arena_reset(a);
	}
	db_end(&rows);
	arena_free(&a);
	if (rc < 0)
		tell(v, "what rows keep cannot be read through: %s", error_name(rc));
}

static void check_module(struct verifying *v, const struct hearth_checks *c)
{
	if (!has(v, c->database))
		return;
	for (const struct hearth_rule *r = c->rules; r && r->what; r++)
		run_rule(v, r);
	if (c->accounts && v->address)
		check_accounts(v, c);
	if (c->blobs && has(v, "blob"))
		check_blob_names(v, c);
	for (const struct hearth_index *i = c->indexes; i && i->name; i++)
		if (has(v, i->database))
			check_index(v, i);
	if (c->kept)
		check_kept(v, c->kept);
}

/* ---- blobs ---- */

/* Whose it is, by the rows that name it. */
static void tell_blob(struct verifying *v, const char *key, const char *what)
{
	bool told = false;

	for (const struct hearth_checks *const *c = v->checks; *c; c++) {
		struct strbuf sql = { 0 };
		struct db_rows rows;

		if (!(*c)->blobs || !has(v, (*c)->database))
			continue;
		strbuf_printf(&sql,
			"SELECT account, place || ', blob ' || key FROM (%s) WHERE key = $1",
			(*c)->blobs);
		if (db_query(&v->tx, &rows, sql.p, db_str(key)) == 0)
			while (db_next(&rows) > 0) {
				tell_row(v, &rows, what);
				told = true;
			}
		db_end(&rows);
		strbuf_free(&sql);
	}
	if (!told)
		tell(v, "%s (nobody's blob %s)", what, key);
}

static void check_blob(struct verifying *v, struct blob_checker *checker, struct db_rows *rows)
{
	struct slice hash = db_col_bytes(rows, 2);
	struct blob_row row = { .stored = db_col_bytes(rows, 4) };
	int rc;

	snprintf(row.info.key, sizeof(row.info.key), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	row.info.size = (uint64_t)db_col_int(rows, 1);
	snprintf(row.file, sizeof(row.file), "%.*s", SLICE_ARG(db_col_text(rows, 3)));
	if (hash.n == BLOB_HASH)
		memcpy(row.hash, hash.p, BLOB_HASH);
	rc = hash.n == BLOB_HASH ? blob_check(checker, &row) : HEARTH_ECORRUPT;
	if (rc < 0)
		tell_blob(v, row.info.key,
			rc == HEARTH_ENOTFOUND  ? "a blob's file is missing"
			: rc == HEARTH_ECORRUPT ? "a blob is damaged"
						: "a blob cannot be read");
}

static void check_blobs(struct verifying *v, struct backup_hold *hold)
{
	struct blob_checker *checker;
	struct db_rows rows;
	int64_t total = 0, done = 0;
	int rc = blob_checker_new(v->data, &checker);

	if (rc < 0) {
		tell(v, "the folder blob cannot be read");
		return;
	}
	db_get_int(&v->tx, &total, "SELECT count(*) FROM blob.blob");
	rc = db_query(&v->tx, &rows, "SELECT key, size, hash, file, stored FROM blob.blob");
	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		check_blob(v, checker, &rows);
		progress("blobs", ++done, total, 0);
		backup_hold_go_on(hold);
	}
	db_end(&rows);
	blob_checker_free(&checker);
	if (rc < 0)
		tell(v, "blob.db cannot be read through: %s", error_name(rc));
}

/* ---- the whole ---- */

static void check_all(struct verifying *v, const struct ledger *l, struct backup_hold *hold)
{
	judge(v, l);
	for (size_t i = 0; i < v->dbs.count; i++) {
		progress("databases", (int64_t)i, (int64_t)v->dbs.count, 0);
		check_pages(v, v->dbs.names[i]);
	}
	for (const struct hearth_checks *const *c = v->checks; *c; c++)
		if ((*c)->address && has(v, (*c)->database))
			v->address = (*c)->address;
	for (const struct hearth_checks *const *c = v->checks; *c; c++)
		check_module(v, *c);
	if (has(v, "blob"))
		check_blobs(v, hold);
}

static int verify(struct verifying *v)
{
	struct backup_hold hold = { .id = 0 };
	struct strbuf why = { 0 };
	struct ledger l;
	int rc = ledger_open(&l, v->data, &why);

	if (rc < 0)
		tell(v, "%s", why.p);
	ledger_unlock(&l);
	rc = backup_list_dbs(v->data, &v->dbs);
	if (rc == 0) {
		open_each(v);
		if (has(v, "blob"))
			backup_hold_begin(&hold, v->data);
		rc = cut_attach(v->data, v->dbs.list, v->dbs.count, &v->tx.connection, &why);
		if (rc < 0)
			tell(v, "the databases cannot be read together: %s", why.p ? why.p : "");
	}
	if (rc == 0)
		check_all(v, &l, &hold);
	connection_close(&v->tx.connection);
	backup_hold_end(&hold);
	ledger_close(&l);
	strbuf_free(&why);
	return rc;
}

int backup_verify_data(const char *data, const struct hearth_checks *const *checks)
{
	struct verifying v = { .data = data, .checks = checks };
	int rc = verify(&v);

	progress_end();
	if (v.damages > DAMAGES_MAX)
		printf("and %lld more\n", (long long)(v.damages - DAMAGES_MAX));
	if (rc == 0 && v.damages == 0)
		printf("%s: all is well\n", data);
	return rc == 0 && v.damages == 0 ? 0 : 1;
}
