/*
 * Tokens in the database: which kinds open what, when they expire, what of an account ends and what
 * is told of it, and how use is noted.
 */
#include "harness.h"

#include "account/account.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "session/mfa_challenge.h"
#include "session/session.h"

#include <stdio.h>

#define T0       INT64_C(1700000000000)
#define MINUTE   INT64_C(60000)
#define WEB_ONLY (1u << AUTH_TOKEN_SESSION | 1u << AUTH_TOKEN_API)

extern const struct hearth_module auth_module;

static struct db *db;
static int64_t ann, ben;

/* What one test does, in one write transaction. */
static void within(db_fn *fn)
{
	ck_assert_int_eq(db_write_wait(db, fn, NULL), 0);
}

static int add_accounts(struct db_tx *tx, void *arg)
{
	(void)arg;
	ck_assert_int_eq(auth_store_add(tx, "ann@x.test", "h", AUTH_MODERATOR, T0, &ann), 0);
	ck_assert_int_eq(auth_store_add(tx, "ben@x.test", "h", AUTH_MEMBER, T0, &ben), 0);
	return 0;
}

static void open_fresh(void)
{
	clock_fake(T0, 1000000);
	db = database_new(auth_module.schemas);
	within(add_accounts);
}

static void close_it(void)
{
	db_close(&db);
	clock_fake(-1, 0);
}

static int64_t add(struct db_tx *tx, int64_t account, enum auth_token_kind kind, const char *hex,
	int64_t expires_ms)
{
	const struct auth_token t = { .account = account,
		.kind = kind,
		.scopes = ACCOUNTS_SCOPE_MAIL | ACCOUNTS_SCOPE_IMAP,
		.name = SLICE("n"),
		.device = SLICE("d"),
		.peer = SLICE("192.0.2.1"),
		.created_ms = T0,
		.expires_ms = expires_ms };
	int64_t id = 0;

	ck_assert_int_eq(auth_store_add_token(tx, &t, hex, &id), 0);
	ck_assert_int_gt(id, 0);
	return id;
}

static int find(struct db_tx *tx, const char *hex, unsigned kinds, int64_t now, struct account *out)
{
	int64_t expires;

	return auth_store_find_token(tx, hex, kinds, now, out, &expires);
}

static int use_kinds(struct db_tx *tx, void *arg)
{
	struct account a;
	int64_t id = add(tx, ann, AUTH_TOKEN_SESSION, "s", T0 + MINUTE);

	(void)arg;
	add(tx, ann, AUTH_TOKEN_DEVICE, "device", 0);
	add(tx, ann, AUTH_TOKEN_APP, "a", 0);
	ck_assert_int_eq(find(tx, "s", WEB_ONLY, T0, &a), 0);
	ck_assert_int_eq(a.id, ann);
	ck_assert_int_eq(a.token, id);
	ck_assert_uint_eq(a.scopes, ACCOUNTS_SCOPE_MAIL | ACCOUNTS_SCOPE_IMAP);
	ck_assert(a.moderator && !a.admin);
	ck_assert_int_eq(find(tx, "s", WEB_ONLY, T0 + MINUTE, &a), HEARTH_ENOTFOUND);
	ck_assert_int_eq(find(tx, "d", WEB_ONLY, T0, &a), HEARTH_ENOTFOUND);
	ck_assert_int_eq(find(tx, "a", WEB_ONLY, T0, &a), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_find_app_password(tx, "a", ACCOUNTS_VIA_IMAP, &a), 0);
	ck_assert_int_eq(
		auth_store_find_app_password(tx, "a", ACCOUNTS_VIA_SMTP, &a), HEARTH_ENOTFOUND);
	ck_assert_int_eq(
		auth_store_find_app_password(tx, "s", ACCOUNTS_VIA_IMAP, &a), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_set_disabled(tx, ann, true), 0);
	ck_assert_int_eq(find(tx, "s", WEB_ONLY, T0, &a), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(kinds_open_what_they_are_for)
{
	open_fresh();
	within(use_kinds);
	close_it();
}
END_TEST

static int64_t count(struct db_tx *tx, int64_t account, enum auth_token_kind kind)
{
	int64_t n = -1;

	ck_assert_int_eq(auth_store_count_tokens(tx, account, kind, &n), 0);
	return n;
}

static int end_some(struct db_tx *tx, void *arg)
{
	struct auth_revocation what = { .account = ann };
	int64_t n, one, two;

	(void)arg;
	one = add(tx, ann, AUTH_TOKEN_SESSION, "1", 0);
	two = add(tx, ann, AUTH_TOKEN_SESSION, "2", 0);
	add(tx, ann, AUTH_TOKEN_SESSION, "3", 0);
	add(tx, ann, AUTH_TOKEN_DEVICE, "4", 0);
	add(tx, ben, AUTH_TOKEN_SESSION, "5", 0);

	what.id = one;
	what.account = ben;
	ck_assert_int_eq(auth_store_revoke(tx, &what, &n), 0);
	ck_assert_int_eq(n, 0); /* not his */
	what = (struct auth_revocation){ .account = ann, .id = one, .kinds = 1u << AUTH_TOKEN_API };
	ck_assert_int_eq(auth_store_revoke(tx, &what, &n), 0);
	ck_assert_int_eq(n, 0); /* not of this kind */
	what.kinds = 1u << AUTH_TOKEN_SESSION;
	ck_assert_int_eq(auth_store_revoke(tx, &what, &n), 0);
	ck_assert_int_eq(n, 1);
	what = (struct auth_revocation){
		.account = ann, .kinds = 1u << AUTH_TOKEN_SESSION, .except = two
	};
	ck_assert_int_eq(auth_store_revoke(tx, &what, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_SESSION), 1);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_DEVICE), 1);
	ck_assert_int_eq(auth_store_revoke_all(tx, ann), 0);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_SESSION), 0);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_DEVICE), 0);
	ck_assert_int_eq(count(tx, ben, AUTH_TOKEN_SESSION), 1);
	return 0;
}

START_TEST(ending_takes_what_was_meant)
{
	open_fresh();
	within(end_some);
	close_it();
}
END_TEST

static int hold(struct db_tx *tx, void *arg)
{
	const struct auth_revocation all = { .account = ann };
	struct account who = { .id = ann };

	(void)arg;
	who.token = add(tx, ann, AUTH_TOKEN_SESSION, "1", 0);
	ck_assert_int_eq(auth_store_still_held(tx, &who), 0);
	who.id = ben;
	ck_assert_int_eq(auth_store_still_held(tx, &who), HEARTH_ECONFLICT);
	who.id = ann;
	ck_assert_int_eq(auth_store_revoke(tx, &all, NULL), 0);
	ck_assert_int_eq(auth_store_still_held(tx, &who), HEARTH_ECONFLICT);
	return 0;
}

START_TEST(what_was_ended_is_not_held)
{
	open_fresh();
	within(hold);
	close_it();
}
END_TEST

struct seen {
	int64_t used_ms;
	char peer[64];
};

static void note(void *arg, const struct auth_token *t)
{
	struct seen *s = arg;

	s->used_ms = t->used_ms;
	snprintf(s->peer, sizeof(s->peer), "%.*s", SLICE_ARG(t->peer));
}

static int use_often(struct db_tx *tx, void *arg)
{
	int64_t id = add(tx, ann, AUTH_TOKEN_API, "t", 0);
	struct seen s;

	(void)arg;
	auth_store_touch_token(tx, id, T0 + MINUTE, "198.51.100.7");
	auth_store_list_tokens(tx, ann, AUTH_TOKEN_API, note, &s);
	ck_assert_int_eq(s.used_ms, T0);
	ck_assert_str_eq(s.peer, "192.0.2.1");
	auth_store_touch_token(tx, id, T0 + 6 * MINUTE, "198.51.100.7");
	auth_store_list_tokens(tx, ann, AUTH_TOKEN_API, note, &s);
	ck_assert_int_eq(s.used_ms, T0 + 6 * MINUTE);
	ck_assert_str_eq(s.peer, "198.51.100.7");
	return 0;
}

START_TEST(use_is_noted_now_and_then)
{
	open_fresh();
	within(use_often);
	close_it();
}
END_TEST

static int let_expire(struct db_tx *tx, void *arg)
{
	int64_t n = 0;

	(void)arg;
	add(tx, ann, AUTH_TOKEN_SESSION, "old", T0 + MINUTE);
	add(tx, ann, AUTH_TOKEN_SESSION, "new", T0 + 3 * MINUTE);
	add(tx, ann, AUTH_TOKEN_SESSION, "ever", 0);
	ck_assert_int_eq(auth_store_expired_count(tx, T0 + 2 * MINUTE, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(auth_store_expire_tokens(tx, T0 + 2 * MINUTE, &n), 0);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_SESSION), 2);
	return 0;
}

/* Those unused the longest go, of this kind alone. */
static int make_room(struct db_tx *tx, void *arg)
{
	int64_t ids[5];

	(void)arg;
	for (int i = 0; i < 5; i++) {
		char hash[2] = { (char)('a' + i), 0 };

		ids[i] = add(tx, ann, AUTH_TOKEN_SESSION, hash, 0);
	}
	add(tx, ann, AUTH_TOKEN_DEVICE, "device", 0);
	ck_assert_int_eq(auth_store_touch_token(tx, ids[0], T0 + 60 * MINUTE, "192.0.2.9"), 0);
	ck_assert_int_eq(auth_store_make_room(tx, ann, AUTH_TOKEN_SESSION, 5), 0);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_SESSION), 5);
	ck_assert_int_eq(auth_store_make_room(tx, ann, AUTH_TOKEN_SESSION, 2), 0);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_SESSION), 2);
	ck_assert_int_eq(count(tx, ann, AUTH_TOKEN_DEVICE), 1);
	for (int i = 0; i < 5; i++) {
		int64_t owner;

		ck_assert_int_eq(auth_store_token_owner(tx, ids[i], &owner),
			i == 0 || i == 4 ? 0 : HEARTH_ENOTFOUND);
	}
	return 0;
}

START_TEST(one_too_many_ends_the_one_unused_the_longest)
{
	open_fresh();
	within(make_room);
	close_it();
}
END_TEST

START_TEST(what_expired_is_removed)
{
	open_fresh();
	within(let_expire);
	close_it();
}
END_TEST

static int change_password(struct db_tx *tx, void *arg)
{
	struct account before, after;

	(void)arg;
	ck_assert_int_eq(auth_store_find(tx, "ann@x.test", &before, NULL), 0);
	ck_assert_int_eq(auth_store_still_open(tx, &before), 0);
	ck_assert_int_eq(auth_store_add_ticket(tx, "ticket", ann, T0), 0);
	ck_assert_int_eq(auth_store_replace_hash(tx, ann, "h", "i"), 0); /* the same one, anew */
	ck_assert_int_eq(auth_store_still_open(tx, &before), 0);
	ck_assert_int_eq(auth_store_find_ticket(tx, "ticket", T0, &after), 0);
	ck_assert_int_eq(auth_store_set_hash(tx, ann, "j"), 0);
	ck_assert_int_eq(auth_store_still_open(tx, &before), HEARTH_EDENIED);
	ck_assert_int_eq(auth_store_revoke_all(tx, ann), 0);
	ck_assert_int_eq(auth_store_find_ticket(tx, "ticket", T0, &after), HEARTH_ENOTFOUND);
	ck_assert_int_eq(auth_store_find(tx, "ann@x.test", &after, NULL), 0);
	ck_assert_int_eq(auth_store_still_open(tx, &after), 0);
	ck_assert_int_eq(auth_store_set_disabled(tx, ann, true), 0);
	ck_assert_int_eq(auth_store_still_open(tx, &after), HEARTH_EDENIED);
	return 0;
}

START_TEST(an_old_password_opens_nothing_in_hand)
{
	open_fresh();
	within(change_password);
	close_it();
}
END_TEST

/* What the last event of an end says of who was read then. */
static bool is_meant(struct db_tx *tx, const struct account *account)
{
	struct arena *a = arena_new();
	struct db_rows rows;
	struct json *doc;
	bool meant;

	ck_assert_int_eq(db_one(tx, &rows,
				 "SELECT payload FROM bus_outbox WHERE topic = 'auth.revoked'"
				 " ORDER BY position DESC LIMIT 1"),
		0);
	ck_assert_int_eq(json_read(a, db_col_bytes(&rows, 0), &doc, NULL), 0);
	meant = accounts_revoked(doc, account);
	db_end(&rows);
	arena_free(&a);
	return meant;
}

/* Without another password: all sessions are ended, or a factor comes. */
static int end_all(struct db_tx *tx, void *arg)
{
	const struct auth_revocation all = { .account = ann, .password = true };
	struct account before, after, other;

	(void)arg;
	ck_assert_int_eq(auth_store_find(tx, "ann@x.test", &before, NULL), 0);
	ck_assert_int_eq(auth_store_find(tx, "ben@x.test", &other, NULL), 0);
	ck_assert_int_eq(auth_store_revoke(tx, &all, NULL), 0);
	ck_assert_int_eq(auth_store_find(tx, "ann@x.test", &after, NULL), 0);
	/* Whose password was being checked meanwhile enters no more; who begins now does. */
	ck_assert_int_eq(auth_store_still_open(tx, &before), HEARTH_EDENIED);
	ck_assert_int_eq(auth_store_still_open(tx, &after), 0);
	ck_assert_int_eq(auth_store_still_open(tx, &other), 0);
	/* And the event, which comes later, ends the connection of the one, not of the other. */
	ck_assert(is_meant(tx, &before));
	ck_assert(!is_meant(tx, &after));
	ck_assert(!is_meant(tx, &other));
	return 0;
}

START_TEST(who_logs_in_after_an_end_is_not_meant)
{
	open_fresh();
	within(end_all);
	close_it();
}
END_TEST

START_TEST(scopes_are_read_and_written)
{
	static const char *const bad[] = { "", " ", "mails", "mail:write", "imap:read", "mail,game",
		"Mail", "mail:read:read", ":read", "m\xd0\xb0il" };
	struct strbuf out = { 0 };
	unsigned scopes;

	ck_assert_int_eq(auth_scopes_read(SLICE(" game:read  mail imap "), &scopes), 0);
	ck_assert_uint_eq(scopes, ACCOUNTS_SCOPE_MAIL | ACCOUNTS_SCOPE_IMAP |
					  ACCOUNTS_SCOPE_GAME << ACCOUNTS_SCOPE_READ_SHIFT);
	auth_scopes_write(scopes, &out);
	ck_assert_str_eq(out.p, "mail game:read imap");
	strbuf_free(&out);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(auth_scopes_read(slice_str(bad[i]), &scopes) == HEARTH_EINVAL, "%s",
			bad[i]);
}
END_TEST

START_TEST(app_passwords_are_taken_as_people_type_them)
{
	char text[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX], again[AUTH_TOKEN_HEX];

	auth_app_password_make(text, hex);
	ck_assert_uint_eq(strlen(text), 24);
	ck_assert(auth_app_password_hash(slice_str(text), again));
	ck_assert_str_eq(hex, again);
	ck_assert(auth_app_password_hash(SLICE("ABCD efgh-jkmn-pqrs-tuvw"), hex));
	ck_assert(auth_app_password_hash(SLICE("abcdefghjkmnpqrstuvw"), again));
	ck_assert_str_eq(hex, again);
	ck_assert(!auth_app_password_hash(SLICE("abcdefghjkmnpqrstuv"), hex));
	ck_assert(!auth_app_password_hash(SLICE("abcdefghjkmnpqrstuvwx"), hex));
	ck_assert(!auth_app_password_hash(SLICE("abcdefghjkmnpqrstuv0"), hex));
	ck_assert(!auth_app_password_hash(SLICE("abcdefghjkmnpqrstuv\0"), hex));
	ck_assert(!auth_app_password_hash(SLICE(""), hex));
}
END_TEST

/* Whether it counts then, for who was shown by that token of that account. */
static bool proven(struct db_tx *tx, int64_t account, int64_t token, int64_t now_ms)
{
	const struct account who = { .id = account, .token = token };
	bool yes = true;

	ck_assert_int_eq(auth_store_is_proven(tx, &who, now_ms, 5 * MINUTE, &yes), 0);
	return yes;
}

static int prove(struct db_tx *tx, void *arg)
{
	int64_t one = add(tx, ann, AUTH_TOKEN_SESSION, "one", 0);
	int64_t two = add(tx, ann, AUTH_TOKEN_SESSION, "two", 0);
	int64_t api = add(tx, ann, AUTH_TOKEN_API, "api", 0);
	int64_t app = add(tx, ann, AUTH_TOKEN_APP, "app", 0);
	const int64_t all[] = { one, api, app };
	const struct auth_revocation password = { .account = ann, .except = one, .password = true };

	(void)arg;
	ck_assert(!proven(tx, ann, one, T0));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ck_assert_int_eq(auth_store_note_proven(
					 tx, &(struct account){ .id = ann, .token = all[i] }, T0),
			0);
	ck_assert(proven(tx, ann, one, T0));
	ck_assert(proven(tx, ann, one, T0 + 5 * MINUTE - 1));
	ck_assert(!proven(tx, ann, one, T0 + 5 * MINUTE));
	ck_assert(!proven(tx, ann, one, T0 - 1)); /* a clock that was set back */
	ck_assert(!proven(tx, ann, two, T0));
	ck_assert(!proven(tx, ben, one, T0));
	ck_assert(!proven(tx, ann, api, T0) && !proven(tx, ann, app, T0));
	ck_assert(!proven(tx, ann, 0, T0)); /* shown by the password alone */
	/* The session that changes the password stays, but not what it has shown. */
	ck_assert_int_eq(auth_store_revoke(tx, &password, NULL), 0);
	ck_assert(!proven(tx, ann, one, T0));
	ck_assert_int_eq(
		auth_store_still_held(tx, &(struct account){ .id = ann, .token = one }), 0);
	/* And one that ends takes it along. */
	ck_assert_int_eq(
		auth_store_note_proven(tx, &(struct account){ .id = ann, .token = one }, T0), 0);
	ck_assert(proven(tx, ann, one, T0));
	ck_assert_int_eq(auth_store_revoke_all(tx, ann), 0);
	ck_assert(!proven(tx, ann, one, T0));
	return 0;
}

START_TEST(a_proof_is_its_sessions_and_lasts_some_minutes)
{
	open_fresh();
	within(prove);
	close_it();
}
END_TEST

TEST_MAIN("tokens", kinds_open_what_they_are_for, ending_takes_what_was_meant,
	what_was_ended_is_not_held, a_proof_is_its_sessions_and_lasts_some_minutes,
	use_is_noted_now_and_then, what_expired_is_removed,
	one_too_many_ends_the_one_unused_the_longest, an_old_password_opens_nothing_in_hand,
	who_logs_in_after_an_end_is_not_meant, scopes_are_read_and_written,
	app_passwords_are_taken_as_people_type_them)
