/*
 * Signatures that others can check, thumbprints and bindings against known ones, requests and
 * certificates as OpenSSL reads them.
 */
#include "harness.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "acme/certs.h"
#include "acme/challenge.h"
#include "acme/jws.h"
#include "acme/messages.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/text.h"

/* The key of RFC 7515 A.3. */
static const char pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
			  "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n"
			  "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
			  "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
			  "-----END EC PRIVATE KEY-----\n";
static const char jwk[] = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":"
			  "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
			  "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";

static EVP_PKEY *known_key(void)
{
	EVP_PKEY *key = acme_key_read(SLICE(pem));

	ck_assert_ptr_nonnull(key);
	return key;
}

START_TEST(a_public_key)
{
	EVP_PKEY *key = known_key(), *again;
	struct strbuf out = { 0 }, text = { 0 };

	ck_assert(jws_public(key, &out));
	ck_assert_str_eq(out.p, jwk);
	strbuf_reset(&out);
	ck_assert(jws_thumbprint(key, &out));
	/* SHA-256 of the line above, by `openssl dgst`. */
	ck_assert_str_eq(out.p, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
	ck_assert_uint_lt(out.n, ACME_THUMBPRINT_MAX);
	ck_assert(acme_key_write(key, &text));
	again = acme_key_read(strbuf_slice(&text));
	ck_assert_int_eq(EVP_PKEY_eq(key, again), 1);
	ck_assert_ptr_null(acme_key_read(SLICE("no key")));
	EVP_PKEY_free(key);
	EVP_PKEY_free(again);
	strbuf_free(&out);
	strbuf_free(&text);
}
END_TEST

/* The two numbers back into DER, for OpenSSL to check. */
static bool verifies(EVP_PKEY *key, struct slice text, struct slice signature)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct strbuf raw = { 0 };
	unsigned char *der = NULL;
	int n, ok;

	ck_assert_int_eq(base64url_decode(&raw, signature), 0);
	ck_assert_uint_eq(raw.n, 64);
	ECDSA_SIG_set0(sig, BN_bin2bn((unsigned char *)raw.p, 32, NULL),
		BN_bin2bn((unsigned char *)raw.p + 32, 32, NULL));
	n = i2d_ECDSA_SIG(sig, &der);
	EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key);
	ok = EVP_DigestVerify(ctx, der, (size_t)n, (const unsigned char *)text.p, text.n);
	EVP_MD_CTX_free(ctx);
	ECDSA_SIG_free(sig);
	OPENSSL_free(der);
	strbuf_free(&raw);
	return ok == 1;
}

static struct json *open_jws(
	struct arena *a, EVP_PKEY *key, const struct jws *what, struct strbuf *payload)
{
	struct strbuf out = { 0 }, head = { 0 };
	struct slice protected, body, signature;
	struct json *o, *h;

	ck_assert(jws_sign(key, what, &out));
	ck_assert_int_eq(json_read(a, strbuf_slice(&out), &o, NULL), 0);
	ck_assert_int_eq(json_get_text(o, "protected", &protected), 0);
	ck_assert_int_eq(json_get_text(o, "payload", &body), 0);
	ck_assert_int_eq(json_get_text(o, "signature", &signature), 0);
	ck_assert(verifies(key,
		slice_str(arena_printf(a, "%.*s.%.*s", SLICE_ARG(protected), SLICE_ARG(body))),
		signature));
	ck_assert_int_eq(base64url_decode(&head, protected), 0);
	ck_assert_int_eq(base64url_decode(payload, body), 0);
	ck_assert_int_eq(json_read(a, strbuf_slice(&head), &h, NULL), 0);
	strbuf_free(&out);
	strbuf_free(&head);
	return h;
}

START_TEST(signed_requests)
{
	struct arena *a = arena_new();
	EVP_PKEY *key = acme_key_new();
	struct jws what = {
		.url = "https://ca.test/o", .nonce = "n-1", .payload = SLICE("{\"x\":1}")
	};
	struct strbuf payload = { 0 };
	struct slice text;
	struct json *head;

	for (int i = 0; i < 50; i++) { /* some signatures have leading zeros */
		strbuf_reset(&payload);
		head = open_jws(a, key, &what, &payload);
	}
	ck_assert_str_eq(payload.p, "{\"x\":1}");
	ck_assert_int_eq(json_get_text(head, "alg", &text), 0);
	ck_assert_str_eq(text.p, "ES256");
	ck_assert_int_eq(json_get_text(head, "nonce", &text), 0);
	ck_assert_str_eq(text.p, "n-1");
	ck_assert_int_eq(json_get_text(head, "url", &text), 0);
	ck_assert_str_eq(text.p, "https://ca.test/o");
	ck_assert_ptr_nonnull(json_get(head, "jwk"));
	ck_assert_ptr_null(json_get(head, "kid"));
	what.kid = "https://ca.test/a/1";
	what.payload = (struct slice){ 0 };
	strbuf_reset(&payload);
	head = open_jws(a, key, &what, &payload);
	ck_assert_uint_eq(payload.n, 0);
	ck_assert_ptr_null(json_get(head, "jwk"));
	ck_assert_int_eq(json_get_text(head, "kid", &text), 0);
	EVP_PKEY_free(key);
	strbuf_free(&payload);
	arena_free(&a);
}
END_TEST

START_TEST(a_binding)
{
	struct arena *a = arena_new();
	EVP_PKEY *key = known_key();
	struct strbuf out = { 0 }, text = { 0 };
	struct slice part;
	struct json *o;

	ck_assert(jws_bind(key, "kid-1", "c2VjcmV0", "https://ca.test/a", &out));
	ck_assert_int_eq(json_read(a, strbuf_slice(&out), &o, NULL), 0);
	ck_assert_int_eq(json_get_text(o, "payload", &part), 0);
	ck_assert_int_eq(base64url_decode(&text, part), 0);
	ck_assert_str_eq(text.p, jwk);
	strbuf_reset(&text);
	ck_assert_int_eq(json_get_text(o, "protected", &part), 0);
	ck_assert_int_eq(base64url_decode(&text, part), 0);
	ck_assert_str_eq(
		text.p, "{\"alg\":\"HS256\",\"kid\":\"kid-1\",\"url\":\"https://ca.test/a\"}");
	ck_assert_int_eq(json_get_text(o, "signature", &part), 0);
	ck_assert_uint_eq(part.n, 43);
	ck_assert(!jws_bind(key, "kid-1", "not base64!", "https://ca.test/a", &out));
	ck_assert(!jws_bind(key, "kid-1", "", "https://ca.test/a", &out));
	EVP_PKEY_free(key);
	strbuf_free(&out);
	strbuf_free(&text);
	arena_free(&a);
}
END_TEST

START_TEST(a_request)
{
	static const char *const names[] = { "a.test", "b.test" };
	EVP_PKEY *key = acme_key_new();
	struct strbuf der = { 0 };
	const unsigned char *p;
	STACK_OF(X509_EXTENSION) * extensions;
	GENERAL_NAMES *all;
	X509_REQ *rq;

	ck_assert(certs_request(key, names, 2, &der));
	p = (const unsigned char *)der.p;
	rq = d2i_X509_REQ(NULL, &p, (long)der.n);
	ck_assert_ptr_nonnull(rq);
	ck_assert_int_eq(X509_REQ_verify(rq, key), 1);
	extensions = X509_REQ_get_extensions(rq);
	all = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	ck_assert_int_eq(sk_GENERAL_NAME_num(all), 2);
	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(rq);
	EVP_PKEY_free(key);
	strbuf_free(&der);
}
END_TEST

START_TEST(a_challenge_certificate)
{
	unsigned char digest[32] = { 1, 2, 3 };
	EVP_PKEY *key = acme_key_new();
	X509 *cert = certs_challenge(key, "a.test", digest);
	ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	X509_EXTENSION *extension;
	const ASN1_OCTET_STRING *value;
	int at;

	ck_assert_ptr_nonnull(cert);
	ck_assert_int_eq(X509_check_host(cert, "a.test", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_verify(cert, key), 1);
	at = X509_get_ext_by_OBJ(cert, kind, -1);
	ck_assert_int_ge(at, 0);
	extension = X509_get_ext(cert, at);
	ck_assert_int_eq(X509_EXTENSION_get_critical(extension), 1);
	value = X509_EXTENSION_get_data(extension);
	/* An OCTET STRING of 32 bytes in the extension's own. */
	ck_assert_int_eq(ASN1_STRING_length(value), 34);
	ck_assert_mem_eq(ASN1_STRING_get0_data(value), "\x04\x20\x01\x02\x03", 5);
	ASN1_OBJECT_free(kind);
	X509_free(cert);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_chain_that_came)
{
	struct arena *a = arena_new();
	EVP_PKEY *key = acme_key_new(), *other = acme_key_new();
	unsigned char digest[32] = { 0 };
	X509 *cert = certs_challenge(key, "a.test", digest);
	BIO *bio = BIO_new(BIO_s_mem());
	struct certs_found found;
	const char *why;
	char *text;
	long n;

	PEM_write_bio_X509(bio, cert);
	n = BIO_get_mem_data(bio, &text);
	ck_assert_int_eq(certs_read(a, slice_of(text, (size_t)n), key, &found, &why), 0);
	ck_assert_int_eq(found.not_after_ms - found.not_before_ms, 8 * INT64_C(86400000));
	ck_assert(certs_has(&found, "A.test"));
	ck_assert(!certs_has(&found, "b.test"));
	ck_assert_int_eq(
		certs_read(a, slice_of(text, (size_t)n), other, &found, &why), HEARTH_EINVAL);
	ck_assert(strstr(why, "another key"));
	for (long cut = 0; cut < n - 1; cut++)
		ck_assert_int_eq(certs_read(a, slice_of(text, (size_t)cut), key, &found, &why),
			HEARTH_EINVAL);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	arena_free(&a);
}
END_TEST

TEST_MAIN("acme_keys", a_public_key, signed_requests, a_binding, a_request, a_challenge_certificate,
	a_chain_that_came)
