/*
 * test_envelope.c: which part of a text is indexed as sender, recipients and subject, which keys look
 * there, and that a row of the table answers as the whole text would.
 */
#include "search/envelope.h"

#include "database.h"
#include "harness.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "search/index.h"
#include "search/text.h"

static const char message[] = "Received: by from@nowhere.example\r\n"
			      "From: Ann Example <ann@one.example>\r\n"
			      "To: Bob <bob@two.example>\r\n"
			      "Cc: carol@three.example\r\n"
			      "Subject: Re: =?UTF-8?Q?=C3=84pfel?=\r\n"
			      "X-Subject: something else\r\n"
			      "\r\n"
			      "dave@four.example wrote\r\n";

static struct mail_document document_of(struct arena *a)
{
	struct strbuf head = { 0 }, body = { 0 };
	struct mail_document d;

	mail_message_text(SLICE(message), &head, &body);
	d = (struct mail_document){ .head_size = head.n };
	strbuf_add(&head, strbuf_slice(&body));
	d.text = arena_slice(a, strbuf_slice(&head));
	strbuf_free(&head);
	strbuf_free(&body);
	return d;
}

static struct mail_search_for key(
	enum mail_search_where where, const char *field, const char *needle)
{
	return (struct mail_search_for){ where, slice_str(field), slice_str(needle) };
}

START_TEST(keys_have_a_kind)
{
	static const struct {
		enum mail_search_where where;
		const char *field;
		enum mail_envelope_kind kind;
	} keys[] = {
		{ MAIL_SEARCH_ENVELOPE, "From", MAIL_ENVELOPE_SENDER },
		{ MAIL_SEARCH_ENVELOPE, "To", MAIL_ENVELOPE_RECIPIENTS },
		{ MAIL_SEARCH_ENVELOPE, "Bcc", MAIL_ENVELOPE_RECIPIENTS },
		{ MAIL_SEARCH_FIELD, "subject", MAIL_ENVELOPE_SUBJECT },
		{ MAIL_SEARCH_FIELD, "From", MAIL_ENVELOPE_NONE }, /* as it is written */
		{ MAIL_SEARCH_TEXT, "", MAIL_ENVELOPE_NONE },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct mail_search_for one = key(keys[i].where, keys[i].field, "x");

		ck_assert_int_eq(mail_envelope_kind_of(&one), keys[i].kind);
	}
}
END_TEST

/* ---- the table and its index ---- */

static const struct db_schema schema = { "mail_search", mail_search_migrations };

struct trial {
	struct arena *a;
	struct mail_search_for key;
	bool in_row, in_text; /* it answers yes */
	int64_t *contents;
	size_t n;
	int status;
};

static int put(struct db_tx *tx, void *arg)
{
	struct trial *t = arg;
	struct mail_document d = document_of(t->a);
	int rc = fts_create(tx, MAIL_INDEX);

	if (rc == 0)
		rc = fts_create(tx, MAIL_ENVELOPE_INDEX);
	if (rc == 0)
		rc = db_run(tx, "INSERT INTO index_state (one, version, generation, built_to)"
				" VALUES (1, 4, 1, 9223372036854775807)");
	for (int64_t content = 7; content < 10 && rc >= 0; content++)
		rc = mail_envelope_put(tx, content, &d);
	return rc < 0 ? rc : mail_envelope_remove(tx, 8);
}

static int ask(struct db_tx *tx, void *arg)
{
	struct trial *t = arg;
	struct mail_folded_key folded = mail_key_fold(t->a, &t->key);
	struct mail_document whole = document_of(t->a), row = { 0 };
	int rc = mail_envelope_load(tx, 7, t->a, &row);

	t->in_row = rc == 0 && mail_document_contains(&row, &folded);
	t->in_text = mail_document_contains(&whole, &folded);
	t->status = mail_envelope_candidates(tx, &t->key, t->a, &t->contents, &t->n, 5);
	return rc;
}

START_TEST(a_row_answers_as_the_whole_text)
{
	static const struct {
		enum mail_search_where where;
		const char *field, *needle;
		bool found;
	} keys[] = {
		{ MAIL_SEARCH_ENVELOPE, "From", "ANN EXAMPLE <ann@", true },
		{ MAIL_SEARCH_ENVELOPE, "From", "bob@two", false },
		{ MAIL_SEARCH_ENVELOPE, "From", "nowhere", false },
		{ MAIL_SEARCH_ENVELOPE, "To", "bob@two", true },
		{ MAIL_SEARCH_ENVELOPE, "Cc", "carol@three", true },
		{ MAIL_SEARCH_FIELD, "Subject", "\xC3\xA4pfel", true },
		{ MAIL_SEARCH_FIELD, "Subject", "something", false },
		{ MAIL_SEARCH_FIELD, "Subject", "four", false },
	};
	struct db *db = database_new(&schema);
	struct trial t = { .a = arena_new() };

	ck_assert_int_eq(db_write_wait(db, put, &t), 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		t.key = key(keys[i].where, keys[i].field, keys[i].needle);
		ck_assert_int_eq(db_read_wait(db, ask, &t), 0);
		ck_assert_msg(t.in_row == keys[i].found && t.in_text == keys[i].found, "%s %s",
			keys[i].field, keys[i].needle);
		ck_assert_int_eq(t.status, 0);
		ck_assert_uint_eq(t.n, keys[i].found ? 2 : 0);
		if (t.n)
			ck_assert(t.contents[0] == 7 && t.contents[1] == 9);
	}
	arena_free(&t.a);
	db_close(&db);
}
END_TEST

START_TEST(what_the_index_cannot_say_it_does_not)
{
	struct db *db = database_new(&schema);
	struct trial t = { .a = arena_new() };

	ck_assert_int_eq(db_write_wait(db, put, &t), 0);
	t.key = key(MAIL_SEARCH_ENVELOPE, "From", "an"); /* shorter than a token */
	ck_assert_int_eq(db_read_wait(db, ask, &t), 0);
	ck_assert_int_eq(t.status, HEARTH_EUNSUPPORTED);
	t.key = key(MAIL_SEARCH_TEXT, "", "ann@one");
	ck_assert_int_eq(db_read_wait(db, ask, &t), 0);
	ck_assert_int_eq(t.status, HEARTH_EUNSUPPORTED);
	arena_free(&t.a);
	db_close(&db);
}
END_TEST

TEST_MAIN("envelope", keys_have_a_kind, a_row_answers_as_the_whole_text,
	what_the_index_cannot_say_it_does_not)
