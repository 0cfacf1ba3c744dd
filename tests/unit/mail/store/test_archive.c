/*
 * Archives of groups (store/archive.h): a mail is in one once, threads are found in whichever order and whatever is
 * missing, what is beyond the quota goes by who wrote it, and nothing is kept of a group that is gone.
 */
#include "store/archive.h"

#include <stdio.h>

#include "database.h"
#include "harness.h"
#include "hearth/error.h"
#include "store/internal.h"

enum { GROUP = 7, DATE = 1700000000, SIZE = 1000, TRACE = 4 };

static const struct db_schema schema = { "mail", mail_migrations };

static struct mail_content mail(const char *key, const char *msgid, const char *answers)
{
	return (struct mail_content){ .blob_key = slice_str(key),
		.blob_size = SIZE,
		.trace = SLICE("a:b\n"),
		.message = SLICE("m"),
		.subject = slice_str(key),
		.msgid = slice_str(msgid),
		.answers = slice_str(answers) };
}

static struct mail_archive_room room;

static int add(
	struct db_tx *tx, int64_t group, const struct mail_content *c, int64_t quota, bool drops)
{
	room = (struct mail_archive_room){ .quota = quota, .drops = drops };
	return mail_store_archive_add(tx, group, c, DATE, &room);
}

static void keep(struct db_tx *tx, const char *key, const char *msgid, const char *answers)
{
	struct mail_content c = mail(key, msgid, answers);

	ck_assert_int_eq(add(tx, GROUP, &c, 0, true), 0);
}

static uint32_t uid_of(struct db_tx *tx, const char *name)
{
	uint32_t uid = 0;
	int rc = mail_store_archive_find(tx, GROUP, slice_str(name), &uid);

	ck_assert(rc == 0 || (rc == HEARTH_ENOTFOUND && uid == 0));
	return uid;
}

static int64_t id_of(struct db_tx *tx, const char *name)
{
	int64_t id = 0;

	ck_assert_int_eq(db_get_int(tx, &id, "SELECT id FROM message WHERE uid = $1",
				 db_int(uid_of(tx, name))),
		0);
	return id;
}

/* How many are in the thread of one. */
static size_t thread_of(struct db_tx *tx, const char *name)
{
	uint32_t uids[MAIL_ARCHIVE_THREAD];
	size_t n = 0;

	ck_assert_int_eq(mail_store_archive_thread(tx, GROUP, id_of(tx, name), uids, &n), 0);
	for (size_t i = 1; i < n; i++)
		ck_assert_uint_lt(uids[i - 1], uids[i]);
	return n;
}

static int once(struct db_tx *tx, void *arg)
{
	struct mail_content other = mail("scope/one", "x", "");
	int64_t used = 0;

	(void)arg;
	keep(tx, "one", "a@x", "");
	keep(tx, "one", "a@x", "");
	ck_assert_int_eq(add(tx, GROUP, &other, 0, false), 0);
	ck_assert_int_eq(mail_store_used(tx, mail_archive_account(GROUP), &used), 0);
	ck_assert_int_eq(used, SIZE + TRACE);
	/* Of another group it is another. */
	ck_assert_int_eq(add(tx, GROUP + 1, &other, 0, false), 0);
	ck_assert_int_eq(mail_store_used(tx, mail_archive_account(GROUP + 1), &used), 0);
	ck_assert_int_eq(used, SIZE + TRACE);
	return 0;
}

START_TEST(a_mail_is_in_it_once)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, once, NULL), 0);
	db_close(&db);
}
END_TEST

static int threads(struct db_tx *tx, void *arg)
{
	char many[2000] = "", msgid[32];

	(void)arg;
	keep(tx, "root", "root@x", "");
	keep(tx, "by references", "two@x", "root@x");
	keep(tx, "by in-reply-to", "three@x", "two@x"); /* its References were lost on the way */
	keep(tx, "beside", "beside@x", "");
	ck_assert_uint_eq(thread_of(tx, "by in-reply-to"), 3);
	ck_assert_uint_eq(thread_of(tx, "root"), 3);
	ck_assert_uint_eq(thread_of(tx, "beside"), 1);
	/* What they answer is not here: before it was kept, or not yet. */
	keep(tx, "answer", "four@x", "gone@x between@x");
	keep(tx, "another", "five@x", "gone@x");
	ck_assert_uint_eq(thread_of(tx, "answer"), 2);
	keep(tx, "late", "gone@x", "");
	ck_assert_uint_eq(thread_of(tx, "late"), 3);
	/* Nobody's id, twice the same id, one that answers itself. */
	keep(tx, "nameless", "", "");
	keep(tx, "nameless, too", "", "");
	ck_assert_uint_eq(thread_of(tx, "nameless"), 1);
	keep(tx, "again", "root@x", "root@x");
	ck_assert_uint_eq(thread_of(tx, "again"), 4);
	/* Of what is answered the nearest are looked for. */
	for (int i = 0; i < 50; i++) {
		snprintf(msgid, sizeof(msgid), "%s%d@far", i ? " " : "", i);
		strncat(many, msgid, sizeof(many) - strlen(many) - 1);
	}
	keep(tx, "far", "49@far", "");
	keep(tx, "far away", "28@far", "");
	keep(tx, "of many", "m@x", many);
	ck_assert_uint_eq(thread_of(tx, "far"), 2);
	ck_assert_uint_eq(thread_of(tx, "far away"), 1);
	for (int i = 0; i < MAIL_ARCHIVE_THREAD; i++) {
		snprintf(msgid, sizeof(msgid), "n%d", i);
		keep(tx, msgid, msgid, "root@x");
	}
	ck_assert_uint_eq(thread_of(tx, "n0"), MAIL_ARCHIVE_THREAD);
	return 0;
}

START_TEST(threads_are_found)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, threads, NULL), 0);
	db_close(&db);
}
END_TEST

static int full(struct db_tx *tx, void *arg)
{
	int64_t quota = 3 * (SIZE + TRACE), used = 0;
	struct mail_content c;
	char key[16];

	(void)arg;
	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		c = mail(key, key, "");
		ck_assert_int_eq(add(tx, GROUP, &c, quota, true), 0);
	}
	ck_assert(room.kept == 1 && room.dropped == 1 && room.refused == 0);
	ck_assert_uint_eq(uid_of(tx, "key 1"), 0);
	ck_assert_uint_eq(uid_of(tx, "key 2"), 3);
	ck_assert_uint_eq(uid_of(tx, "key 4"), 5);
	/* Nothing goes for what a stranger writes; it comes in while there is room. */
	c = mail("stranger's", "", "");
	ck_assert_int_eq(add(tx, GROUP, &c, quota, false), 0);
	ck_assert(room.kept == 0 && room.dropped == 0 && room.refused == 1);
	ck_assert_uint_eq(uid_of(tx, "stranger's"), 0);
	ck_assert_uint_eq(uid_of(tx, "key 2"), 3);
	ck_assert_int_eq(mail_store_archive_remove(tx, GROUP, id_of(tx, "key 3")), 0);
	ck_assert_int_eq(add(tx, GROUP, &c, quota, false), 0);
	ck_assert_uint_ne(uid_of(tx, "stranger's"), 0);
	/* One that is larger than all of it leaves it as it is; of a smaller quota as many go as must. */
	c = mail("large", "", "");
	c.blob_size = (uint64_t)quota;
	ck_assert_int_eq(add(tx, GROUP, &c, quota, true), 0);
	ck_assert_uint_eq(uid_of(tx, "large"), 0);
	c = mail("last", "", "");
	ck_assert_int_eq(add(tx, GROUP, &c, SIZE + TRACE, true), 0);
	ck_assert_uint_ne(uid_of(tx, "last"), 0);
	ck_assert_int_eq(mail_store_used(tx, mail_archive_account(GROUP), &used), 0);
	ck_assert_int_eq(used, SIZE + TRACE);
	return 0;
}

START_TEST(what_is_beyond_the_quota_goes)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, full, NULL), 0);
	db_close(&db);
}
END_TEST

/* How many there are, but for what goes by and by. */
static uint64_t in_archive(struct db_tx *tx)
{
	int64_t n = 0;

	ck_assert_int_eq(db_get_int(tx, &n,
				 "SELECT count(*) FROM message m JOIN mailbox b ON b.id = m.mailbox"
				 " WHERE b.deleted = 0"),
		0);
	return (uint64_t)n;
}

static int gone(struct db_tx *tx, void *arg)
{
	struct arena *a = arena_new();
	struct mail_message m;
	uint32_t uids[MAIL_ARCHIVE_THREAD];
	bool done = false;
	char key[16];
	size_t n = 0;
	int64_t id;

	(void)arg;
	keep(tx, "one", "a@x", "");
	id = id_of(tx, "one");
	ck_assert_int_eq(mail_store_archive_message(tx, GROUP, id, MAIL_WANT_SUMMARY, a, &m), 0);
	ck_assert(slice_eq(m.content.subject, SLICE("one")) && m.flags == MAIL_SEEN);
	ck_assert_int_eq(mail_store_archive_message(tx, GROUP + 1, id, MAIL_WANT_META, a, &m),
		HEARTH_ENOTFOUND);
	ck_assert_int_eq(mail_store_archive_remove(tx, GROUP + 1, id), HEARTH_ENOTFOUND);
	ck_assert_int_eq(mail_store_archive_remove(tx, GROUP, id), 0);
	ck_assert_int_eq(mail_store_archive_remove(tx, GROUP, id), HEARTH_ENOTFOUND);
	keep(tx, "two", "b@x", "");
	ck_assert_int_eq(mail_store_archive_clear(tx, GROUP), 0);
	ck_assert_int_eq(mail_store_archive_clear(tx, GROUP), HEARTH_ENOTFOUND);
	ck_assert_uint_eq(uid_of(tx, "two"), 0);
	keep(tx, "three", "c@x", "");
	ck_assert_uint_ne(uid_of(tx, "three"), 0);
	/* One with many is hidden at once, and goes by and by. */
	for (int i = 0; i < 150; i++) {
		snprintf(key, sizeof(key), "many %d", i);
		keep(tx, key, key, "c@x");
	}
	id = id_of(tx, "many 149");
	ck_assert_int_eq(mail_store_archive_clear(tx, GROUP), 0);
	ck_assert_uint_eq(uid_of(tx, "many 149"), 0);
	ck_assert_int_eq(mail_store_archive_thread(tx, GROUP, id, uids, &n), HEARTH_ENOTFOUND);
	ck_assert_int_eq(
		mail_store_archive_message(tx, GROUP, id, MAIL_WANT_META, a, &m), HEARTH_ENOTFOUND);
	ck_assert_int_eq(mail_store_archive_remove(tx, GROUP, id), HEARTH_ENOTFOUND);
	/* What is written meanwhile is kept, also what was there before: in no thread of those that go. */
	keep(tx, "many 149", "many 149", "c@x");
	ck_assert_uint_ne(uid_of(tx, "many 149"), 0);
	ck_assert_uint_eq(thread_of(tx, "many 149"), 1);
	keep(tx, "many 149", "many 149", "c@x");
	ck_assert_uint_eq(in_archive(tx), 1);
	/* With its group: also what comes while it goes. */
	ck_assert_int_eq(mail_store_erase(tx, mail_archive_account(GROUP)), 0);
	while (!done)
		ck_assert_int_eq(
			mail_store_erase_some(tx, mail_archive_account(GROUP), 1, &done), 0);
	keep(tx, "four", "d@x", "");
	ck_assert_uint_eq(uid_of(tx, "four"), 0);
	arena_free(&a);
	return 0;
}

START_TEST(what_is_removed_is_gone)
{
	struct db *db = database_new(&schema);

	ck_assert_int_eq(db_write_wait(db, gone, NULL), 0);
	db_close(&db);
}
END_TEST

START_TEST(a_name_is_the_hash_of_the_bytes)
{
	ck_assert(slice_eq(mail_archive_name(SLICE("mail/ab12")), SLICE("ab12")));
	ck_assert(slice_eq(mail_archive_name(SLICE("ab12")), SLICE("ab12")));
	ck_assert_uint_eq(mail_archive_name(SLICE("")).n, 0);
}
END_TEST

TEST_MAIN("archive", a_mail_is_in_it_once, threads_are_found, what_is_beyond_the_quota_goes,
	what_is_removed_is_gone, a_name_is_the_hash_of_the_bytes)
