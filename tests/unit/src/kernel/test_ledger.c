/*
 * test_ledger.c: databases that belong together, and each way in which they do not.
 */
#include "db/database.h"
#include "harness.h"
#include "kernel/ledger.h"
#include "src/scratch.h"

#include <stdio.h>
#include <unistd.h>

#include "hearth/error.h"

#define A "0123456789abcdef0123456789abcdef"
#define B "ffffffffffffffffffffffffffffffff"

static struct ledger known(void)
{
	return (struct ledger){
		.fd = -1, .folder = A, .entries = { { "auth", 10 }, { "mail", 20 } }, .count = 2
	};
}

static struct ledger_db found(const char *name, bool existed, const char *folder, int64_t commits)
{
	struct ledger_db d = { .name = name, .existed = existed };

	snprintf(d.is.folder, sizeof(d.is.folder), "%s", folder);
	d.is.commits = commits;
	return d;
}

/* What is said of these two; "" when nothing is. */
static void judged(
	const struct ledger *l, struct ledger_db one, struct ledger_db two, const char *said)
{
	struct ledger_db dbs[] = { one, two };
	struct strbuf damage = { 0 };

	ledger_judge(l, dbs, 2, &damage);
	if (!*said)
		ck_assert_msg(damage.n == 0, "%s", damage.p);
	else
		ck_assert_msg(damage.n && strstr(damage.p, said), "%s: %s", said,
			damage.p ? damage.p : "");
	strbuf_free(&damage);
}

START_TEST(judges_by_the_ledger)
{
	struct ledger l = known();

	judged(&l, found("auth", true, A, 10), found("mail", true, A, 25), "");
	/* Killed while the first start made them: none was noted yet. */
	l.count = 0;
	judged(&l, found("auth", true, "", 3), found("mail", false, "", 0), "");
	l.count = 2;
	/* One that was never seen may be new, whoever else is there. */
	judged(&l, found("auth", true, A, 10), found("game", false, "", 0), "");
	judged(&l, found("auth", false, "", 0), found("mail", true, A, 20), "auth.db is missing");
	judged(&l, found("auth", true, "", 0), found("mail", true, A, 20), "auth.db is empty");
	judged(&l, found("auth", true, B, 10), found("mail", true, A, 20),
		"auth.db is from another");
	judged(&l, found("auth", true, A, 10), found("mail", true, A, 19),
		"mail.db is older than this folder: its last 1 commits");
	judged(&l, found("auth", true, A, 10), found("game", true, B, 1),
		"game.db is from another");
}
END_TEST

START_TEST(judges_without_a_ledger)
{
	struct ledger none = { .fd = -1 };

	judged(&none, found("auth", false, "", 0), found("mail", false, "", 0), "");
	judged(&none, found("auth", true, "", 0), found("mail", true, "", 5), "");
	judged(&none, found("auth", true, A, 1), found("mail", true, A, 5), "");
	judged(&none, found("auth", false, "", 0), found("mail", true, "", 5),
		"auth.db is missing");
	judged(&none, found("auth", true, "", 0), found("mail", true, A, 5), "auth.db is empty");
	judged(&none, found("auth", true, B, 0), found("mail", true, A, 5), "from another");
}
END_TEST

static const char *const scripts[] = { "CREATE TABLE t (n BIGINT)", NULL };
static const struct db_schema auth = { "auth", scripts }, mail = { "mail", scripts };

static int insert(struct db_tx *tx, void *arg)
{
	(void)arg;
	return db_run(tx, "INSERT INTO t (n) VALUES (1)") < 0 ? HEARTH_EIO : 0;
}

static int look_only(struct db_tx *tx, void *arg)
{
	int64_t n;

	(void)arg;
	return db_get_int(tx, &n, "SELECT count(*) FROM t");
}

static void open_db(const char *dir, const struct db_schema *schema, struct ledger_db *d)
{
	struct strbuf why = { 0 };

	*d = (struct ledger_db){ .name = schema->name, .existed = true };
	ck_assert_int_eq(db_open(dir, schema, &d->db, &why), 0);
	ck_assert_int_eq(identity_read(d->db, &d->is), 0);
}

/* Every commit that changes something is noted, and the next start sees it. */
START_TEST(notes_commits)
{
	const char *dir = scratch_new();
	struct ledger l;
	struct ledger_db dbs[2];
	struct strbuf why = { 0 }, damage = { 0 };
	int64_t before;

	ck_assert_int_eq(ledger_open(&l, dir, &why), 0);
	open_db(dir, &auth, &dbs[0]);
	open_db(dir, &mail, &dbs[1]);
	ck_assert_int_eq(ledger_take(&l, dbs, 2, false), 0);
	ck_assert_int_eq(db_write_wait(dbs[0].db, insert, NULL), 0);
	ck_assert_int_eq(ledger_read(&l), 0);
	before = ledger_find(&l, "auth")->commits;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(db_write_wait(dbs[0].db, insert, NULL), 0);
	ck_assert_int_eq(db_write_wait(dbs[0].db, look_only, NULL), 0);
	ck_assert_int_eq(ledger_read(&l), 0);
	ck_assert_int_eq(ledger_find(&l, "auth")->commits, before + 3);
	db_close(&dbs[0].db);
	db_close(&dbs[1].db);
	ledger_close(&l);

	ck_assert_int_eq(ledger_open(&l, dir, &why), 0);
	open_db(dir, &auth, &dbs[0]);
	open_db(dir, &mail, &dbs[1]);
	ck_assert_int_eq(dbs[0].is.commits, before + 3);
	ck_assert_str_eq(dbs[0].is.folder, l.folder);
	ledger_judge(&l, dbs, 2, &damage);
	ck_assert_uint_eq(damage.n, 0);
	db_close(&dbs[0].db);
	db_close(&dbs[1].db);
	ledger_close(&l);
}
END_TEST

START_TEST(knows_a_torn_one)
{
	const char *dir = scratch_new();
	char path[200];
	struct ledger l;
	struct strbuf why = { 0 };
	FILE *f;

	snprintf(path, sizeof(path), "%s/" LEDGER_FILE, dir);
	f = fopen(path, "w");
	fputs("hearth-data 1 0123", f);
	fclose(f);
	ck_assert_int_eq(ledger_open(&l, dir, &why), HEARTH_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(why.p, "damaged"));
	ledger_close(&l);
	strbuf_free(&why);
}
END_TEST

TEST_MAIN("ledger", judges_by_the_ledger, judges_without_a_ledger, notes_commits, knows_a_torn_one)
