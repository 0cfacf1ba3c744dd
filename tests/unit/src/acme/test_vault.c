/*
 * How ACME's keys are stored: sealed for what each is of, whatever bit of it is another; plain ones of
 * before; and without the key of secrets.
 */
#include "harness.h"

#include "acme/vault.h"
#include "hearth/error.h"

static const struct slice pem =
	SLICE("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n");

START_TEST(what_is_sealed_is_for_its_owner)
{
	struct acme_vault v = { .ready = true, .key = { 1, 2, 3 } }, other = { .ready = true };
	struct arena *a = arena_new();
	struct slice stored = acme_vault_close(&v, a, VAULT_ORDER, pem), out;

	ck_assert_uint_eq(stored.n, pem.n + SECRET_OVERHEAD);
	ck_assert(!acme_vault_is_plain(stored));
	ck_assert_int_eq(acme_vault_take(&v, a, VAULT_ORDER, stored, &out), 0);
	ck_assert(slice_eq(out, pem));
	ck_assert_int_eq(acme_vault_take(&v, a, VAULT_CERTIFICATE, stored, &out), HEARTH_ECORRUPT);
	ck_assert_uint_eq(out.n, 0);
	ck_assert_int_eq(acme_vault_take(&other, a, VAULT_ORDER, stored, &out), HEARTH_ECORRUPT);
	for (size_t n = 1; n < stored.n; n++)
		ck_assert_int_eq(acme_vault_take(&v, a, VAULT_ORDER, slice_head(stored, n), &out),
			HEARTH_ECORRUPT);
	for (size_t i = 0; i < stored.n; i++) {
		char *copy = arena_alloc(a, stored.n);

		memcpy(copy, stored.p, stored.n);
		copy[i] ^= 1;
		ck_assert_int_eq(
			acme_vault_take(&v, a, VAULT_ORDER, slice_of(copy, stored.n), &out),
			HEARTH_ECORRUPT);
	}
	arena_free(&a);
}
END_TEST

START_TEST(plain_ones_and_no_key)
{
	struct acme_vault none = { 0 }, v = { .ready = true };
	struct arena *a = arena_new();
	struct slice out, sealed = acme_vault_close(&v, a, VAULT_ORDER, pem);

	ck_assert(acme_vault_is_plain(pem));
	ck_assert(!acme_vault_is_plain(SLICE("")));
	ck_assert_int_eq(acme_vault_take(&v, a, VAULT_ORDER, pem, &out), 0);
	ck_assert(slice_eq(out, pem));
	ck_assert_int_eq(acme_vault_take(&none, a, VAULT_ORDER, pem, &out), 0);
	ck_assert(slice_eq(out, pem));
	ck_assert_int_eq(acme_vault_take(&none, a, VAULT_ORDER, sealed, &out), HEARTH_ECORRUPT);
	ck_assert_int_eq(acme_vault_take(&v, a, VAULT_ORDER, SLICE(""), &out), 0);
	ck_assert_uint_eq(out.n, 0);
	/* Nothing to seal with, or nothing to seal. */
	ck_assert(slice_eq(acme_vault_close(&none, a, VAULT_ORDER, pem), pem));
	ck_assert_uint_eq(acme_vault_close(&v, a, VAULT_ORDER, SLICE("")).n, 0);
	arena_free(&a);
}
END_TEST

TEST_MAIN("acme vault", what_is_sealed_is_for_its_owner, plain_ones_and_no_key)
