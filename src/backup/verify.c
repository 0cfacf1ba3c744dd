/*
 * verify.c: `hearth verify`: looks at everything that is stored, beside a running server too.
 *
 *   which databases there are, and whether they belong together (ledger.h)
 *   ─▶ in one cut of them: pages and indexes of each; what the modules' rows keep to; search
 *      indexes
 *   ─▶ the bytes of every blob, while nothing is deleted
 *
 * Each damage is one line on standard output, with the account it is of where that is known; of
 * more than DAMAGES_MAX only how many. On a command's main thread. Memory: a row, or one piece of a blob, at a time.
 */
#include "backup/verify_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/cut.h"
#include "hearth/error.h"

#define DAMAGES_MAX 1000 /* lines; more are only counted */

/* ---- telling ---- */

void verify_tell(struct verifying *v, const char *format, ...)
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
	if (v->address && db_one(&v->tx, &rows, v->address, db_int(account)) == 0) {
		strbuf_printf(out, "%.*s: ", SLICE_ARG(db_col_text(&rows, 0)));
		db_end(&rows);
	} else {
		strbuf_printf(out, "account %lld: ", (long long)account);
	}
}

/* A damage that a row describes: account, then where. */
void verify_tell_row(struct verifying *v, struct db_rows *rows, const char *what)
{
	struct strbuf who = { 0 };
	struct slice place = db_col_text(rows, 1);

	strbuf_adds(&who, "");
	add_account(v, &who, db_col_int(rows, 0));
	verify_tell(v, "%s%s (%.*s)", who.p ? who.p : "", what, SLICE_ARG(place));
	strbuf_free(&who);
}

int verify_tell_each(struct db_rows *rows, void *arg)
{
	struct telling *t = arg;

	verify_tell_row(t->v, rows, t->what);
	t->told = true;
	return 0;
}

/* ---- the databases ---- */

static void drop(struct verifying *v, size_t i)
{
	memmove(v->dbs.names[i], v->dbs.names[i + 1],
		(v->dbs.count - i - 1) * sizeof(v->dbs.names[0]));
	v->dbs.count--;
	v->incomplete = true;
}

bool verify_has(const struct verifying *v, const char *name)
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
		struct db_tx tx;
		int rc = cut_open(v->data, &name, 1, &tx, &why);

		if (rc < 0) {
			verify_tell(v, "%s.db cannot be read: %s", name, why.p ? why.p : "");
			drop(v, i);
		} else {
			cut_close(&tx);
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
	rc = db_one(&v->tx, &rows, sql.p);
	strbuf_free(&sql);
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	snprintf(id->folder, sizeof(id->folder), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	id->commits = db_col_int(&rows, 1);
	return db_end(&rows);
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
		if (!verify_has(v, l->entries[i].name))
			strbuf_printf(
				&damage, "%s.db is missing or unreadable\n", l->entries[i].name);
	rest = strbuf_slice(&damage);
	while (rest.n && (line = slice_split(&rest, '\n')).n) {
		verify_tell(v, "%.*s", SLICE_ARG(line));
		v->incomplete = true;
	}
	strbuf_free(&damage);
}

struct pages {
	struct verifying *v;
	const char *name;
};

static void tell_page(void *arg, struct slice what, const char *behind)
{
	const struct pages *p = arg;

	verify_tell(p->v, "%s.db: %.*s%s", p->name, SLICE_ARG(what), behind);
}

/* Pages, indexes and foreign keys of one database. */
static void check_pages(struct verifying *v, const char *name)
{
	struct pages p = { v, name };
	int rc = cut_check(&v->tx, name, tell_page, &p);

	if (rc < 0)
		verify_tell(v, "%s.db cannot be read through: %s", name, error_name(rc));
}

/* ---- what modules know ---- */

static void run_rule(struct verifying *v, const struct hearth_rule *rule)
{
	struct telling t = { v, rule->what, false };
	int rc = db_each(&v->tx, verify_tell_each, &t, rule->sql);

	/* A table that is not there was told with its database. */
	if (rc < 0 && !v->incomplete)
		verify_tell(v, "cannot look whether %s: %s", rule->what, error_name(rc));
}

/* Rows of accounts that are not there: their numbers would be given out again. */
static void check_accounts(struct verifying *v, const struct hearth_checks *c)
{
	struct db_rows rows, one;
	int rc = db_query(&v->tx, &rows, c->accounts);

	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		int64_t account = db_col_int(&rows, 0);
		int found = db_one(&v->tx, &one, v->address, db_int(account));

		if (found == HEARTH_ENOTFOUND)
			verify_tell(v, "account %lld: it has rows in %s.db, and is no account",
				(long long)account, c->database);
		else if (found == 0)
			db_end(&one);
	}
	db_end(&rows);
}

static void check_blob_names(struct verifying *v, const struct hearth_checks *c)
{
	struct strbuf sql = { 0 };
	struct telling t = { v, "a blob is missing in blob.db", false };

	strbuf_printf(&sql,
		"SELECT account, place || ', blob ' || key FROM (%s) WHERE key NOT IN"
		" (SELECT key FROM blob.blob)",
		c->blobs);
	db_each(&v->tx, verify_tell_each, &t, sql.p);
	strbuf_free(&sql);
}

static void check_kept(struct verifying *v, const struct hearth_kept *kept)
{
	struct arena *a = arena_new();
	struct db_rows rows;
	int rc = db_query(&v->tx, &rows, kept->sql);

	while (rc >= 0 && (rc = db_next(&rows)) > 0) {
		if (kept->look(&rows, a) < 0)
			verify_tell_row(v, &rows, kept->what);
		arena_reset(a);
	}
	db_end(&rows);
	arena_free(&a);
	if (rc < 0)
		verify_tell(v, "what rows keep cannot be read through: %s", error_name(rc));
}

static void check_module(struct verifying *v, const struct hearth_checks *c)
{
	if (!verify_has(v, c->database))
		return;
	for (const struct hearth_rule *r = c->rules; r && r->what; r++)
		run_rule(v, r);
	if (c->accounts && v->address)
		check_accounts(v, c);
	if (c->blobs && verify_has(v, "blob"))
		check_blob_names(v, c);
	for (const struct hearth_index *i = c->indexes; i && i->name; i++)
		if (verify_has(v, i->database))
			verify_check_index(v, i);
	if (c->kept)
		check_kept(v, c->kept);
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
		if ((*c)->address && verify_has(v, (*c)->database))
			v->address = (*c)->address;
	for (const struct hearth_checks *const *c = v->checks; *c; c++)
		check_module(v, *c);
	if (verify_has(v, "blob"))
		verify_check_blobs(v, hold);
}

static int verify(struct verifying *v)
{
	struct backup_hold hold = { .id = 0 };
	struct strbuf why = { 0 };
	struct ledger l;
	int rc = ledger_open(&l, v->data, &why);

	if (rc < 0)
		verify_tell(v, "%s", why.p);
	ledger_unlock(&l);
	rc = backup_list_dbs(v->data, &v->dbs);
	if (rc == 0) {
		open_each(v);
		if (verify_has(v, "blob"))
			backup_hold_begin(&hold, v->data);
		rc = cut_open(v->data, v->dbs.list, v->dbs.count, &v->tx, &why);
		if (rc < 0)
			verify_tell(
				v, "the databases cannot be read together: %s", why.p ? why.p : "");
	}
	if (rc == 0)
		check_all(v, &l, &hold);
	cut_close(&v->tx);
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
