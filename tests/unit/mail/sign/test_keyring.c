/*
 * test_keyring.c: keys as rows: made where a domain lacks them and only there, opened by their own seal alone,
 * from state to state, and gone when their time is over.
 */
#include "sign/keyring.h"

#include "database.h"
#include "harness.h"
#include "hearth/error.h"

static const struct db_schema schema = { "mail", mail_migrations };

static struct keyring ring_on(struct db *db)
{
	struct keyring r = { .db = db, .ready = true };

	memset(r.seal, 7, sizeof(r.seal));
	return r;
}

static size_t count(struct db *db, const char *domain, enum mail_dkim_state state)
{
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n, found = 0;

	ck_assert_int_eq(keyring_list(db, slice_str(domain), a, &keys, &n), 0);
	for (size_t i = 0; i < n; i++)
		found += keys[i].state == state;
	arena_free(&a);
	return found;
}

/* One step on a row, as of a time. */
struct step {
	struct slice domain;
	int64_t now_ms, kept_before, revoked_before;
	int rc;
};

static int activate_all(struct db_tx *tx, void *arg)
{
	struct step *s = arg;
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc = mail_store_dkim_list(tx, s->domain, a, &keys, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		if (keys[i].state == MAIL_DKIM_WAITS)
			rc = mail_store_dkim_activate(tx, &keys[i], s->now_ms);
	/* Twice is once: it does not wait any more. */
	s->rc = n ? mail_store_dkim_activate(tx, &keys[n - 1], s->now_ms) : 0;
	arena_free(&a);
	return rc;
}

static int revoke_first(struct db_tx *tx, void *arg)
{
	struct step *s = arg;
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc = mail_store_dkim_list(tx, s->domain, a, &keys, &n);

	if (rc == 0)
		rc = mail_store_dkim_change(
			tx, keys[0].id, keys[0].state, MAIL_DKIM_REVOKED, s->now_ms);
	arena_free(&a);
	return rc;
}

static int prune(struct db_tx *tx, void *arg)
{
	const struct step *s = arg;

	return mail_store_dkim_prune(tx, s->kept_before, s->revoked_before);
}

START_TEST(a_domain_gets_what_it_lacks_and_no_more)
{
	struct db *db = database_new(&schema);
	struct keyring ring = ring_on(db);
	size_t made = 0;

	ck_assert_int_eq(keyring_make(&ring, SLICE("One.test"), MAIL_DKIM_SIGNS, &made), 0);
	ck_assert_uint_eq(made, 2);
	ck_assert_int_eq(keyring_make(&ring, SLICE("one.test"), MAIL_DKIM_SIGNS, &made), 0);
	ck_assert_uint_eq(made, 2);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_SIGNS), 2);
	ck_assert_int_eq(keyring_make(&ring, SLICE("one.test"), MAIL_DKIM_WAITS, &made), 0);
	ck_assert_int_eq(keyring_make(&ring, SLICE("one.test"), MAIL_DKIM_WAITS, &made), 0);
	ck_assert_uint_eq(made, 4);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_WAITS), 2);
	ck_assert_uint_eq(count(db, "two.test", MAIL_DKIM_SIGNS), 0);
	ring.ready = false;
	ck_assert_int_eq(
		keyring_make(&ring, SLICE("two.test"), MAIL_DKIM_SIGNS, &made), HEARTH_EDENIED);
	db_close(&db);
}
END_TEST

START_TEST(a_key_goes_from_state_to_state_and_then_away)
{
	struct db *db = database_new(&schema);
	struct keyring ring = ring_on(db);
	struct step s = { .domain = SLICE("one.test"), .now_ms = 1000 };
	size_t made = 0;

	ck_assert_int_eq(keyring_make(&ring, s.domain, MAIL_DKIM_SIGNS, &made), 0);
	ck_assert_int_eq(keyring_make(&ring, s.domain, MAIL_DKIM_WAITS, &made), 0);
	ck_assert_int_eq(db_write_wait(db, activate_all, &s), 0);
	ck_assert_int_eq(s.rc, HEARTH_ECONFLICT);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_KEPT), 2);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_SIGNS), 2);
	s.now_ms = 2000;
	ck_assert_int_eq(db_write_wait(db, revoke_first, &s), 0);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_REVOKED), 1);
	s.kept_before = s.revoked_before = 1000;
	ck_assert_int_eq(db_write_wait(db, prune, &s), 0);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_KEPT), 1);
	s.kept_before = s.revoked_before = 1001;
	ck_assert_int_eq(db_write_wait(db, prune, &s), 0);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_KEPT), 0);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_REVOKED), 1);
	s.revoked_before = 2001;
	ck_assert_int_eq(db_write_wait(db, prune, &s), 0);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_REVOKED), 0);
	ck_assert_uint_eq(count(db, "one.test", MAIL_DKIM_SIGNS), 2);
	db_close(&db);
}
END_TEST

START_TEST(a_private_half_opens_by_its_own_seal_for_its_own_row_alone)
{
	struct db *db = database_new(&schema);
	struct keyring ring = ring_on(db), other = ring_on(db);
	struct arena *a = arena_new();
	struct strbuf half = { 0 };
	struct mail_dkim_key *keys, moved;
	size_t n, made = 0;

	other.seal[0]++;
	ck_assert_int_eq(keyring_make(&ring, SLICE("one.test"), MAIL_DKIM_SIGNS, &made), 0);
	ck_assert_int_eq(keyring_list(db, SLICE("one.test"), a, &keys, &n), 0);
	ck_assert_uint_eq(n, 2);
	for (size_t i = 0; i < n; i++) {
		EVP_PKEY *key = keyring_load(&ring, &keys[i]);

		ck_assert_ptr_nonnull(key);
		strbuf_reset(&half);
		ck_assert(sign_key_public(key, &half));
		ck_assert(slice_eq(strbuf_slice(&half), keys[i].public_half));
		EVP_PKEY_free(key);
		ck_assert_ptr_null(keyring_load(&other, &keys[i]));
		moved = keys[i];
		moved.domain = SLICE("two.test");
		ck_assert_ptr_null(keyring_load(&ring, &moved));
		moved = keys[i];
		moved.secret = slice_head(moved.secret, moved.secret.n - 1);
		ck_assert_ptr_null(keyring_load(&ring, &moved));
		moved.secret = SLICE("");
		ck_assert_ptr_null(keyring_load(&ring, &moved));
	}
	strbuf_free(&half);
	arena_free(&a);
	db_close(&db);
}
END_TEST

TEST_MAIN("keyring", a_domain_gets_what_it_lacks_and_no_more,
	a_key_goes_from_state_to_state_and_then_away,
	a_private_half_opens_by_its_own_seal_for_its_own_row_alone)
