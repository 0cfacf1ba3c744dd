/*
 * When an authority wants a certificate renewed: its answer, whole, cut off at every byte, and with times
 * that are none; what it knows the certificate by; the moment that is chosen, and when it is asked again.
 */
#include "harness.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "acme/certs.h"
#include "acme/jws.h"
#include "acme/messages.h"
#include "acme/renewal_info.h"
#include "hearth/error.h"

static const char answer[] = "{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
			     "\"end\":\"2025-01-03T04:00:00Z\"},"
			     "\"explanationURL\":\"https://ca.test/why\"}";

START_TEST(a_window)
{
	struct arena *a = arena_new();
	struct acme_window w;

	ck_assert_int_eq(acme_read_window(a, SLICE(answer), &w), 0);
	ck_assert_int_eq(w.start_ms, INT64_C(1735790400000));
	ck_assert_int_eq(w.end_ms, INT64_C(1735876800000));
	ck_assert_str_eq(w.explanation, "https://ca.test/why");
	for (size_t n = 0; n < sizeof(answer) - 1; n++)
		ck_assert_int_eq(acme_read_window(a, slice_of(answer, n), &w), HEARTH_EINVAL);
	ck_assert_int_eq(acme_read_window(a, SLICE("{}"), &w), HEARTH_EINVAL);
	ck_assert_int_eq(acme_read_window(a, SLICE("[1]"), &w), HEARTH_EINVAL);
	arena_free(&a);
}
END_TEST

/* The beginning, with an end that is far off; 0: it was not taken. */
static int64_t start_of(const char *text)
{
	struct arena *a = arena_new();
	struct acme_window w;
	const char *body = arena_printf(a,
		"{\"suggestedWindow\":{\"start\":\"%s\",\"end\":\"2999-01-01T00:00:00Z\"}}", text);
	int rc = acme_read_window(a, slice_str(body), &w);

	arena_free(&a);
	return rc == 0 ? w.start_ms : 0;
}

START_TEST(times)
{
	static const char *const none[] = { "", "2025-01-02T04:00:00", "2025-01-02 04:00:00Z",
		"2025-13-02T04:00:00Z", "2025-01-02T04:00:00.Z", "2025-01-02T04:00:00+0100",
		"2025-01-02T04:00:00+24:00", "2025-01-02T04:00:00+01:60", "2025-01-02T04:00:00Zx",
		"2025-01-02T04:00:00*01:00", "1969-12-31T00:00:00Z", "2999-01-01T00:00:00Z",
		"2025-01-02T4:00:00Z1", "\\u0000025-01-02T04:00:00Z" };

	ck_assert_int_eq(start_of("2025-01-02T04:00:00z"), INT64_C(1735790400000));
	ck_assert_int_eq(start_of("2025-01-02T04:00:00.123456Z"), INT64_C(1735790400000));
	ck_assert_int_eq(start_of("2025-01-02T05:30:00+01:30"), INT64_C(1735790400000));
	ck_assert_int_eq(start_of("2025-01-02T02:30:00.5-01:30"), INT64_C(1735790400000));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(start_of(none[i]) == 0, "%s", none[i]);
}
END_TEST

/* The certificate of RFC 9773 4.1: its issuer's key and its number. */
static struct slice known_chain(struct arena *a, bool with_issuer)
{
	static const unsigned char issuer[] = { 0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41,
		0xe1, 0xb3, 0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4 };
	AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	EVP_PKEY *key = acme_key_new();
	X509 *cert = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	struct slice out;
	char *bytes;

	id->keyid = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(id->keyid, issuer, sizeof(issuer));
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), 0x87654321);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 60);
	X509_set_pubkey(cert, key);
	if (with_issuer)
		X509_add1_ext_i2d(cert, NID_authority_key_identifier, id, 0, X509V3_ADD_DEFAULT);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	PEM_write_bio_X509(bio, cert);
	out.n = (size_t)BIO_get_mem_data(bio, &bytes);
	out = arena_slice(a, slice_of(bytes, out.n));
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
	AUTHORITY_KEYID_free(id);
	return out;
}

START_TEST(what_it_is_known_by)
{
	struct arena *a = arena_new();

	ck_assert_str_eq(
		certs_renewal_id(a, known_chain(a, true)), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	ck_assert_ptr_null(certs_renewal_id(a, known_chain(a, false)));
	ck_assert_ptr_null(certs_renewal_id(a, SLICE("none")));
	ck_assert_ptr_null(certs_renewal_id(a, SLICE("")));
	arena_free(&a);
}
END_TEST

START_TEST(the_moment)
{
	const struct acme_window w = { .start_ms = 1000, .end_ms = 1004 };
	struct acme_record r = { .renew_ms = 77, .not_after_ms = 5000 };
	bool seen[4] = { false };

	for (int i = 0; i < 1000; i++) {
		int64_t at = acme_choose_moment(&r, &w);

		ck_assert_int_ge(at, w.start_ms);
		ck_assert_int_lt(at, w.end_ms);
		seen[at - w.start_ms] = true;
	}
	ck_assert(seen[0] && seen[1] && seen[2] && seen[3]);
	/* The same window: what was chosen, or ordered, stays. */
	r.window_start_ms = w.start_ms;
	r.window_end_ms = w.end_ms;
	ck_assert_int_eq(acme_choose_moment(&r, &w), 77);
	r.window_end_ms++;
	ck_assert_int_ne(acme_choose_moment(&r, &w), 77);
}
END_TEST

/* It holds for 60 s, of which the last six are not waited for. */
START_TEST(never_behind_its_end)
{
	const int64_t end = 1000000, latest = end - 6000;
	struct arena *a = arena_new();
	struct acme_record r = { .not_after_ms = end, .chain = known_chain(a, true) };
	struct acme_window w = { .start_ms = latest - 2, .end_ms = INT64_C(253402300799000) };
	bool seen[2] = { false };

	ck_assert_int_eq(certs_life_ms(r.chain), 60000);
	ck_assert_int_eq(certs_life_ms(SLICE("none")), 0);
	for (int i = 0; i < 1000; i++) {
		int64_t at = acme_choose_moment(&r, &w);

		ck_assert(at == latest - 2 || at == latest - 1);
		seen[at - w.start_ms] = true;
	}
	ck_assert(seen[0] && seen[1]);
	w.start_ms = w.end_ms - 1;
	ck_assert_int_eq(acme_choose_moment(&r, &w), latest);
	/* Also what was chosen before, of the same window. */
	r.window_start_ms = w.start_ms;
	r.window_end_ms = w.end_ms;
	r.renew_ms = w.start_ms;
	ck_assert_int_eq(acme_choose_moment(&r, &w), latest);
	r.renew_ms = 0;
	ck_assert_int_eq(acme_choose_moment(&r, &w), 0);
	arena_free(&a);
}
END_TEST

START_TEST(when_it_is_asked_again)
{
	ck_assert_int_eq(acme_ask_pause_ms(0), INT64_C(6) * 3600000);
	ck_assert_int_eq(acme_ask_pause_ms(1), 60000);
	ck_assert_int_eq(acme_ask_pause_ms(7200), 7200000);
	ck_assert_int_eq(acme_ask_pause_ms(INT64_C(7) * 86400), INT64_C(86400000));
	ck_assert_int_eq(acme_ask_again_ms(1, 0), 60000);
	ck_assert_int_eq(acme_ask_again_ms(2, 0), 120000);
	ck_assert_int_eq(acme_ask_again_ms(2, 3600), 3600000);
	ck_assert_int_eq(acme_ask_again_ms(4, 30), 480000);
	ck_assert_int_eq(acme_ask_again_ms(INT64_MAX, 0), INT64_C(6) * 3600000);
}
END_TEST

TEST_MAIN("acme renewal info", a_window, times, what_it_is_known_by, the_moment,
	never_behind_its_end, when_it_is_asked_again)
