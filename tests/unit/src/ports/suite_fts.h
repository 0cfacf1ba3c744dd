/*
 * suite_fts.h: what fts.h promises, as tests that any implementation is run through.
 *
 * It knows nothing but include/hearth. The program that includes it defines before that what
 * suite_db.h lists, and puts SUITE_FTS in its list of tests.
 */
#ifndef HEARTH_TESTS_SUITE_FTS_H
#define HEARTH_TESTS_SUITE_FTS_H

#include "harness.h"
#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/fts.h"

static const char *const fts_migrations[] = {
	"CREATE TABLE document (id {id}, text TEXT NOT NULL);", NULL
};
static const struct db_schema fts_schema = { "search", fts_migrations };

static int create_index(struct db_tx *tx, void *arg)
{
	return fts_create(tx, arg ? arg : "document_text");
}

static struct db *fts_fresh(void)
{
	struct strbuf why = { 0 };
	struct db *db = NULL;

	suite_db_fresh();
	if (suite_db_open(&fts_schema, &db, &why) < 0)
		ck_abort_msg("cannot open: %s", why.p);
	strbuf_free(&why);
	ck_assert_int_eq(db_write_wait(db, create_index, NULL), 0);
	ck_assert_int_eq(db_write_wait(db, create_index, NULL), 0);
	return db;
}

/* ---- putting, removing, finding ---- */

struct document {
	int64_t id;
	struct slice text;
	int and_then; /* what the function returns afterwards */
};

static int put_fn(struct db_tx *tx, void *arg)
{
	const struct document *d = arg;
	int rc = fts_put(tx, "document_text", d->id, d->text);

	return rc < 0 ? rc : d->and_then;
}

static int remove_fn(struct db_tx *tx, void *arg)
{
	const struct document *d = arg;
	int rc = fts_remove(tx, "document_text", d->id, d->text);

	return rc < 0 ? rc : d->and_then;
}

static void put(struct db *db, int64_t id, const char *text)
{
	struct document d = { id, slice_str(text), 0 };

	ck_assert_int_eq(db_write_wait(db, put_fn, &d), 0);
}

#define FOUND_MAX 512

struct search {
	const char *index;
	struct slice needle;
	int64_t above;
	int64_t found[FOUND_MAX];
	int n, stop_at;
	int status;
};

static int note_found(void *arg, int64_t document)
{
	struct search *s = arg;

	ck_assert_int_lt(s->n, FOUND_MAX);
	ck_assert(s->n == 0 || s->found[s->n - 1] < document);
	s->found[s->n++] = document;
	return s->n == s->stop_at ? 42 : 0;
}

static int search_fn(struct db_tx *tx, void *arg)
{
	struct search *s = arg;

	s->n = 0;
	s->status = fts_find(
		tx, s->index ? s->index : "document_text", s->needle, s->above, note_found, s);
	return 0;
}

static struct search search(struct db *db, const char *needle)
{
	struct search s = { .needle = slice_str(needle) };

	ck_assert_int_eq(db_read_wait(db, search_fn, &s), 0);
	return s;
}

static bool finds(struct db *db, const char *needle, int64_t id)
{
	struct search s = search(db, needle);

	ck_assert_int_eq(s.status, 0);
	for (int i = 0; i < s.n; i++)
		if (s.found[i] == id)
			return true;
	return false;
}

/* ---- tests ---- */

START_TEST(fts_finds_parts_of_words_in_any_script)
{
	struct db *db = fts_fresh();

	put(db, 1, "der dampfschifffahrtskapitän");
	put(db, 2, "会議は明日の午後です");
	put(db, 3, "привет мир");
	put(db, 4, "naïve 🙂🙃🙂 café");
	ck_assert(finds(db, "schifffahrt", 1));
	ck_assert(finds(db, "kapitän", 1));
	ck_assert(finds(db, "会議は", 2));
	ck_assert(finds(db, "明日の午", 2));
	ck_assert(finds(db, "вет м", 3));
	ck_assert(finds(db, "🙂🙃🙂", 4));
	ck_assert(finds(db, "ïve", 4));
	ck_assert(!finds(db, "会議の", 2));
	ck_assert(!finds(db, "schiffart", 1));
	ck_assert_int_eq(search(db, "absent").n, 0);
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_refuses_needles_of_less_than_three_characters)
{
	struct db *db = fts_fresh();

	put(db, 1, "abc 会議は");
	ck_assert_int_eq(search(db, "").status, HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(search(db, "a").status, HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(search(db, "ab").status, HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(search(db, "会議").status, HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(search(db, "🙂🙃").status, HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(search(db, "abc").status, 0);
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_takes_any_needle_literally)
{
	static const char *const needles[] = {
		"say \"hi\"",
		"\"\"\"",
		"a AND b",
		"NOT x",
		"foo*",
		"^start",
		"text:foo",
		"(bar)",
		"a-b-c",
		"NEAR(a b)",
		"'; DROP TABLE document; --",
		"100%_",
		"\\\\\\",
		"{x}",
		"$1,",
	};
	struct db *db = fts_fresh();
	char text[200];

	for (size_t i = 0; i < sizeof(needles) / sizeof(needles[0]); i++) {
		snprintf(text, sizeof(text), "before %s after", needles[i]);
		put(db, (int64_t)i + 1, text);
	}
	for (size_t i = 0; i < sizeof(needles) / sizeof(needles[0]); i++)
		ck_assert_msg(finds(db, needles[i], (int64_t)i + 1), "%s", needles[i]);
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_bears_bytes_that_are_no_text)
{
	struct db *db = fts_fresh();
	struct document zero = { .id = 1, .text = SLICE("abc\0def") },
			bytes = { .id = 2, .text = SLICE("\xff\xfe\x80\x80gh\xc3") };
	struct search s = { .needle = SLICE("c\0d") };

	ck_assert_int_eq(db_write_wait(db, put_fn, &zero), 0);
	ck_assert_int_eq(db_write_wait(db, put_fn, &bytes), 0);
	ck_assert(finds(db, "abc", 1));
	ck_assert(finds(db, "def", 1));
	ck_assert(finds(db, "\xff\xfe\x80\x80g", 2));
	ck_assert(finds(db, "\x80gh", 2));
	ck_assert_int_eq(db_read_wait(db, search_fn, &s), 0);
	ck_assert_int_eq(s.status, HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(db_write_wait(db, remove_fn, &zero), 0);
	ck_assert(!finds(db, "def", 1));
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_forgets_what_is_removed)
{
	struct db *db = fts_fresh();
	struct document d = { .id = 7, .text = SLICE("a document that goes") };

	put(db, 6, "a document that stays");
	ck_assert_int_eq(db_write_wait(db, put_fn, &d), 0);
	ck_assert_int_eq(search(db, "document").n, 2);
	ck_assert_int_eq(db_write_wait(db, remove_fn, &d), 0);
	ck_assert_int_eq(search(db, "document").n, 1);
	ck_assert(finds(db, "document", 6));
	ck_assert_int_eq(db_write_wait(db, put_fn, &d), 0);
	ck_assert(finds(db, "that goes", 7));
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_digests_what_a_text_is_to_an_index)
{
	struct strbuf many = { 0 };
	int64_t few;

	ck_assert_int_eq(fts_digest(SLICE("abcabc")), fts_digest(SLICE("bcabca")));
	ck_assert_int_eq(fts_digest(SLICE("abcd")), fts_digest(SLICE("abcdabcda")) -
							    fts_digest(SLICE("cda")) -
							    fts_digest(SLICE("dab")));
	ck_assert_int_ne(fts_digest(SLICE("abcd")), fts_digest(SLICE("abcb")));
	ck_assert_int_eq(fts_digest(SLICE("ab")), 0);
	ck_assert_int_eq(fts_digest((struct slice){ 0 }), 0);
	/* More different tokens than it has room for at first; then all of them again. */
	for (int i = 0; i < 30000; i++)
		strbuf_printf(&many, "%04x ", i);
	few = fts_digest(slice_head(strbuf_slice(&many), 5000));
	ck_assert_int_ne(few, fts_digest(strbuf_slice(&many)));
	few = fts_digest(strbuf_slice(&many));
	strbuf_add(&many, slice_head(strbuf_slice(&many), many.n / 2));
	ck_assert_int_eq(few, fts_digest(slice_head(strbuf_slice(&many), many.n - 3)));
	strbuf_free(&many);
}
END_TEST

START_TEST(fts_is_part_of_the_transaction)
{
	struct db *db = fts_fresh();
	struct document lost = { 1, SLICE("never seen"), HEARTH_EIO },
			kept = { 2, SLICE("often seen"), 0 };
	struct document not_removed = { 2, SLICE("often seen"), HEARTH_EIO };

	ck_assert_int_eq(db_write_wait(db, put_fn, &lost), HEARTH_EIO);
	ck_assert_int_eq(db_write_wait(db, put_fn, &kept), 0);
	ck_assert_int_eq(db_write_wait(db, remove_fn, &not_removed), HEARTH_EIO);
	ck_assert_int_eq(search(db, "seen").n, 1);
	ck_assert(finds(db, "often", 2));
	suite_db_close(&db);
}
END_TEST

static int put_and_search(struct db_tx *tx, void *arg)
{
	struct search *s = arg;

	ck_assert_int_eq(fts_put(tx, "document_text", 1, SLICE("written a moment ago")), 0);
	return search_fn(tx, s);
}

START_TEST(fts_search_sees_its_own_transaction)
{
	struct db *db = fts_fresh();
	struct search s = { .needle = SLICE("moment") };

	ck_assert_int_eq(db_write_wait(db, put_and_search, &s), 0);
	ck_assert_int_eq(s.n, 1);
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_search_begins_where_told)
{
	struct db *db = fts_fresh();
	struct search s = { .needle = SLICE("same"), .above = 4 };

	for (int i = 1; i <= 10; i++)
		put(db, i, "the same text");
	ck_assert_int_eq(db_read_wait(db, search_fn, &s), 0);
	ck_assert_int_eq(s.n, 6);
	ck_assert_int_eq(s.found[0], 5);
	suite_db_close(&db);
}
END_TEST

/* ---- texts that are none, and an index that holds them ---- */

static int check_fn(struct db_tx *tx, void *arg)
{
	(void)arg;
	return fts_check(tx, "document_text");
}

/* As UTF-16 looks to who takes it for something else. */
static struct strbuf widened(const char *text)
{
	struct strbuf b = { 0 };

	for (; *text; text++) {
		strbuf_addc(&b, *text);
		strbuf_addc(&b, '\0');
	}
	return b;
}

static void put_bytes(struct db *db, int64_t id, const struct strbuf *b)
{
	struct document d = { .id = id, .text = strbuf_slice(b) };

	ck_assert_int_eq(db_write_wait(db, put_fn, &d), 0);
}

/* Enough commits that segments are merged several times. */
START_TEST(fts_merges_whatever_was_put)
{
	static const char *const odd[] = {
		"\xed\xa0\x80\xed\xb0\x80",                 /* surrogates */
		"\xef\xbf\xbe\xef\xbf\xbf\xf4\x8f\xbf\xbf", /* no characters */
		"\xc0\x80\xc0\x80\xc0\x80",                 /* NUL written too long */
		"\xff\xfe\xff\xfe\xff\xfe",                 /* byte order marks */
		"\xf0\x9f\xf0\x9f\xe4\xbd",                 /* begun, not ended */
	};
	struct db *db = fts_fresh();
	struct strbuf text = { 0 }, runs = { 0 };
	char plain[64];

	for (int i = 0; i < 100000; i++)
		strbuf_addc(&runs, (char)(i % 7 ? '\x80' : '\xe4'));
	put_bytes(db, 1, &runs);
	for (int i = 2; i < 300; i++) {
		snprintf(plain, sizeof(plain), "plain text of document %d", i);
		if (i % 3 == 0)
			text = widened(plain);
		else
			strbuf_adds(&text, plain);
		strbuf_adds(&text, odd[i % 5]);
		put_bytes(db, i, &text);
		strbuf_free(&text);
	}
	ck_assert_int_eq(db_write_wait(db, check_fn, NULL), 0);
	ck_assert(!fts_broken(db));
	ck_assert(finds(db, "of document 298", 298));
	ck_assert(finds(db, odd[299 % 5], 299));
	strbuf_free(&text);
	strbuf_free(&runs);
	suite_db_close(&db);
}
END_TEST

static int clear_fn(struct db_tx *tx, void *arg)
{
	(void)arg;
	return fts_clear(tx, "document_text");
}

START_TEST(fts_clear_leaves_an_empty_index)
{
	struct db *db = fts_fresh();

	put(db, 1, "here before");
	ck_assert_int_eq(db_write_wait(db, clear_fn, NULL), 0);
	ck_assert_int_eq(search(db, "before").n, 0);
	put(db, 1, "here after");
	ck_assert(finds(db, "after", 1));
	ck_assert_int_eq(db_write_wait(db, check_fn, NULL), 0);
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_search_ends_when_told)
{
	struct db *db = fts_fresh();
	struct search s = { .needle = SLICE("same"), .stop_at = 3 };

	for (int i = 1; i <= 10; i++)
		put(db, i, "the same text");
	ck_assert_int_eq(db_read_wait(db, search_fn, &s), 0);
	ck_assert_int_eq(s.n, 3);
	ck_assert_int_eq(s.status, 42);
	ck_assert_int_eq(search(db, "same").n, 10);
	suite_db_close(&db);
}
END_TEST

START_TEST(fts_indexes_are_apart)
{
	struct db *db = fts_fresh();
	struct search s = { .index = "other_text", .needle = SLICE("here") };

	ck_assert_int_eq(db_write_wait(db, create_index, (void *)"other_text"), 0);
	put(db, 1, "only here");
	ck_assert_int_eq(db_read_wait(db, search_fn, &s), 0);
	ck_assert_int_eq(s.status, 0);
	ck_assert_int_eq(s.n, 0);
	suite_db_close(&db);
}
END_TEST

/* ---- nothing is missed: random texts over few letters, so that needles are found often ---- */

#define TEXTS    120
#define TEXT_MAX 60
#define NEEDLES  400

static size_t random_text(unsigned *seed, char *out, int letters)
{
	static const char *const alphabet[] = { "a", "b", "ä", "会", "\"", " ", "🙂" };
	size_t n = 0;

	for (int i = 0; i < letters; i++) {
		const char *letter = alphabet[rand_r(seed) % 7];

		memcpy(out + n, letter, strlen(letter));
		n += strlen(letter);
	}
	out[n] = '\0';
	return n;
}

static int rewrite_fn(struct db_tx *tx, void *arg)
{
	struct document *d = arg;

	for (int i = 0; i < TEXTS; i++) {
		int rc = fts_put(tx, "document_text", d[i].id, d[i].text);

		/* Every third one is removed, and every ninth one put again. */
		if (rc == 0 && i % 3 == 0)
			rc = fts_remove(tx, "document_text", d[i].id, d[i].text);
		if (rc == 0 && i % 9 == 0)
			rc = fts_put(tx, "document_text", d[i].id, d[i].text);
		if (rc < 0)
			return rc;
	}
	return 0;
}

START_TEST(fts_misses_nothing)
{
	static char texts[TEXTS][TEXT_MAX * 4 + 1];
	struct document d[TEXTS];
	struct db *db = fts_fresh();
	unsigned seed = 11;

	for (int i = 0; i < TEXTS; i++) {
		size_t n = random_text(&seed, texts[i], rand_r(&seed) % TEXT_MAX);

		d[i] = (struct document){ .id = i * 7 + 1, .text = slice_of(texts[i], n) };
	}
	ck_assert_int_eq(db_write_wait(db, rewrite_fn, d), 0);
	for (int k = 0; k < NEEDLES; k++) {
		char needle[TEXT_MAX * 4 + 1];
		struct search s;
		int at = 0;

		random_text(&seed, needle, 3 + rand_r(&seed) % 4);
		s = search(db, needle);
		ck_assert_int_eq(s.status, 0);
		for (int i = 0; i < TEXTS; i++) {
			bool there = i % 3 != 0 || i % 9 == 0, found;

			found = at < s.n && s.found[at] == d[i].id;
			at += found;
			ck_assert(there || !found);
			if (there && strstr(texts[i], needle))
				ck_assert_msg(found, "'%s' in '%s'", needle, texts[i]);
		}
		ck_assert_int_eq(at, s.n);
	}
	suite_db_close(&db);
}
END_TEST

#define SUITE_FTS                                                                                  \
	fts_finds_parts_of_words_in_any_script, fts_refuses_needles_of_less_than_three_characters, \
		fts_takes_any_needle_literally, fts_bears_bytes_that_are_no_text,                  \
		fts_forgets_what_is_removed, fts_digests_what_a_text_is_to_an_index,               \
		fts_is_part_of_the_transaction, fts_search_sees_its_own_transaction,               \
		fts_search_begins_where_told, fts_search_ends_when_told,                           \
		fts_merges_whatever_was_put, fts_clear_leaves_an_empty_index,                      \
		fts_indexes_are_apart, fts_misses_nothing

#endif
