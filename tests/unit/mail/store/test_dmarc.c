/*
 * test_dmarc.c: messages counted by day and difference (store/dmarc.h): the same ones in one row, others
 * in rows of their own, by domain, up to the bound; read in pieces; forgotten.
 */
#include "store/dmarc.h"

#include "database.h"
#include "harness.h"
#include "hearth/error.h"

static struct db *db;
static const struct db_schema schema = { "mail", mail_migrations };

static const struct mail_dmarc_row row = { .day = 20000,
	.domain = SLICE("example.org"),
	.record = SLICE("v=DMARC1; p=reject"),
	.source = SLICE("192.0.2.1"),
	.header_from = SLICE("news.example.org"),
	.envelope_from = SLICE("bounce.example.net"),
	.disposition = MAIL_DISPOSITION_REJECT,
	.spf = true,
	.reason = SLICE("local_policy"),
	.results = SLICE("[]") };

static int count_some(struct db_tx *tx, void *arg)
{
	struct mail_dmarc_row other = row;
	int rc = 0;

	(void)arg;
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = mail_store_dmarc_count(tx, &row);
	other.source = SLICE("2001:db8::1");
	if (rc == 0)
		rc = mail_store_dmarc_count(tx, &other);
	other.domain = SLICE("a.example");
	if (rc == 0)
		rc = mail_store_dmarc_count(tx, &other);
	other.day++;
	return rc < 0 ? rc : mail_store_dmarc_count(tx, &other);
}

static int read_back(struct db_tx *tx, void *arg)
{
	struct arena *a = arena_new();
	struct mail_dmarc_row rows[4];
	struct slice domains[4];
	int64_t day;
	size_t n;

	(void)arg;
	ck_assert_int_eq(mail_store_dmarc_first_day(tx, &day), 0);
	ck_assert_int_eq(day, 20000);
	ck_assert_int_eq(mail_store_dmarc_domains(tx, 20000, SLICE(""), 4, a, domains, &n), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert(slice_eq(domains[0], SLICE("a.example")));
	ck_assert_int_eq(
		mail_store_dmarc_domains(tx, 20000, SLICE("a.example"), 4, a, domains, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(mail_store_dmarc_rows(tx, 20000, row.domain, 0, 1, a, rows, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(rows[0].count, 3);
	ck_assert(slice_eq(rows[0].record, row.record) && slice_eq(rows[0].source, row.source));
	ck_assert(slice_eq(rows[0].header_from, row.header_from));
	ck_assert(slice_eq(rows[0].envelope_from, row.envelope_from));
	ck_assert(slice_eq(rows[0].reason, row.reason) && slice_eq(rows[0].results, row.results));
	ck_assert(rows[0].disposition == MAIL_DISPOSITION_REJECT && rows[0].spf && !rows[0].dkim);
	ck_assert_int_eq(
		mail_store_dmarc_rows(tx, 20000, row.domain, rows[0].id, 4, a, rows, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(rows[0].count, 1);
	arena_free(&a);
	return 0;
}

static int forget_all(struct db_tx *tx, void *arg)
{
	int64_t day;

	(void)arg;
	ck_assert_int_eq(mail_store_dmarc_forget(tx, 20000, row.domain), 0);
	ck_assert_int_eq(mail_store_dmarc_prune(tx, 20001 + MAIL_DMARC_DAYS), 0);
	ck_assert_int_eq(mail_store_dmarc_first_day(tx, &day), 0);
	ck_assert_int_eq(day, 20001);
	return 0;
}

START_TEST(messages_are_counted)
{
	db = database_new(&schema);
	ck_assert_int_eq(db_write_wait(db, count_some, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, read_back, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, forget_all, NULL), 0);
	db_close(&db);
}
END_TEST

static int flood(struct db_tx *tx, void *arg)
{
	struct mail_dmarc_row r = row;
	int rc = 0;
	char source[32];

	(void)arg;
	for (int i = 0; i < MAIL_DMARC_DOMAIN_ROWS_MAX + 10 && rc == 0; i++) {
		snprintf(source, sizeof(source), "2001:db8::%x", i);
		r.source = slice_str(source);
		rc = mail_store_dmarc_count(tx, &r);
	}
	/* What was counted before still is. */
	r.source = SLICE("2001:db8::1");
	return rc < 0 ? rc : mail_store_dmarc_count(tx, &r);
}

static int look_at_flood(struct db_tx *tx, void *arg)
{
	int64_t n = 0;

	(void)arg;
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT count(*) FROM dmarc_row"), 0);
	ck_assert_int_eq(n, MAIL_DMARC_DOMAIN_ROWS_MAX);
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT max(count) FROM dmarc_row"), 0);
	ck_assert_int_eq(n, 2);
	return 0;
}

START_TEST(a_flood_is_bounded)
{
	db = database_new(&schema);
	ck_assert_int_eq(db_write_wait(db, flood, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, look_at_flood, NULL), 0);
	db_close(&db);
}
END_TEST

/* Of many domains together, too: what is not counted leaves nothing. */
static int fill_day(struct db_tx *tx, void *arg)
{
	struct mail_dmarc_row r = row;
	int rc = db_run(tx, "INSERT INTO dmarc_day (day, domain, rows) VALUES ($1, '', $2)",
		db_int(row.day), db_int(MAIL_DMARC_ROWS_MAX - 1));

	(void)arg;
	if (rc >= 0)
		rc = mail_store_dmarc_count(tx, &r);
	r.domain = SLICE("another.example");
	if (rc >= 0)
		rc = mail_store_dmarc_count(tx, &r);
	r = row;
	r.source = SLICE("192.0.2.2");
	return rc < 0 ? rc : mail_store_dmarc_count(tx, &r);
}

static int look_at_day(struct db_tx *tx, void *arg)
{
	int64_t n = 0;

	(void)arg;
	ck_assert_int_eq(db_get_int(tx, &n, "SELECT count(*) FROM dmarc_row"), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(
		db_get_int(tx, &n, "SELECT count(*) FROM dmarc_day WHERE domain <> ''"), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(
		db_get_int(tx, &n, "SELECT rows FROM dmarc_day WHERE domain = 'example.org'"), 0);
	ck_assert_int_eq(n, 1);
	return 0;
}

static int only_the_sum(struct db_tx *tx, void *arg)
{
	int64_t day;

	(void)arg;
	ck_assert_int_eq(mail_store_dmarc_forget(tx, row.day, row.domain), 0);
	ck_assert_int_eq(mail_store_dmarc_first_day(tx, &day), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(a_day_is_bounded)
{
	db = database_new(&schema);
	ck_assert_int_eq(db_write_wait(db, fill_day, NULL), 0);
	ck_assert_int_eq(db_read_wait(db, look_at_day, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, only_the_sum, NULL), 0);
	db_close(&db);
}
END_TEST

TEST_MAIN("dmarc rows", messages_are_counted, a_flood_is_bounded, a_day_is_bounded)
