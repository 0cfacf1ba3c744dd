/*
 * sign_key.c: keys that sign mail (sign_key.h), on OpenSSL.
 *
 * Pure, any thread: a key may sign on several at once. Signing costs a millisecond by RSA, a twentieth of
 * that by Ed25519.
 */
#include "sign/sign_key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "hearth/text.h"

#define SIGNATURE_MAX 1024 /* bytes: RSA of 8192 bits */
#define BASE64_LINE   70   /* characters of base64 in a line */

const char *sign_algorithm_name(enum signature_algorithm algorithm)
{
	return algorithm == SIGNATURE_RSA ? "rsa-sha256" : "ed25519-sha256";
}

const char *sign_key_kind(enum signature_algorithm algorithm)
{
	return algorithm == SIGNATURE_RSA ? "rsa" : "ed25519";
}

EVP_PKEY *sign_key_make(enum signature_algorithm algorithm)
{
	EVP_PKEY *key = algorithm == SIGNATURE_RSA ? EVP_RSA_gen((unsigned)SIGN_RSA_BITS)
						   : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	ERR_clear_error();
	return key;
}

bool sign_key_write(EVP_PKEY *key, struct strbuf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;

	if (n > 0) {
		strbuf_add(out, slice_of(der, (size_t)n));
		OPENSSL_clear_free(der, (size_t)n);
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	return n > 0;
}

EVP_PKEY *sign_key_read(struct slice der)
{
	const unsigned char *at = (const unsigned char *)der.p;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.n);

	ERR_clear_error();
	return key;
}

bool sign_key_public(EVP_PKEY *key, struct strbuf *out)
{
	unsigned char raw[32], *der = NULL;
	size_t raw_n = sizeof(raw);
	int n;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
		if (!EVP_PKEY_get_raw_public_key(key, raw, &raw_n))
			return false;
		base64_encode(out, slice_of(raw, raw_n));
		return true;
	}
	n = i2d_PUBKEY(key, &der);
	if (n > 0)
		base64_encode(out, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	return n > 0;
}

void sign_key_record(
	struct strbuf *out, enum signature_algorithm algorithm, struct slice public_half)
{
	strbuf_printf(
		out, "v=DKIM1; k=%s; p=%.*s", sign_key_kind(algorithm), SLICE_ARG(public_half));
}

/* ---- signing ---- */

static bool sign_rsa(EVP_PKEY *key, const unsigned char *digest, unsigned char *to, size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		    EVP_PKEY_sign(ctx, to, n, digest, HEADER_HASH_SIZE) > 0;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static bool sign_ed25519(EVP_PKEY *key, const unsigned char *digest, unsigned char *to, size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
		    EVP_DigestSign(ctx, to, n, digest, HEADER_HASH_SIZE) > 0;

	EVP_MD_CTX_free(ctx);
	return good;
}

/* What the field's hash is over (RFC 6376 section 3.7), before b= has its value. */
static void digest_of(struct slice covered, struct slice field, unsigned char *digest)
{
	struct strbuf text = { 0 };
	struct mime_field self = { .raw = field };
	ptrdiff_t colon = slice_chr(field, ':');

	self.name = slice_head(field, (size_t)colon);
	self.value = slice_skip(field, (size_t)colon + 1);
	strbuf_add(&text, covered);
	header_own(&text, &self, slice_skip(field, field.n), true);
	header_digest(strbuf_slice(&text), digest);
	strbuf_free(&text);
}

bool sign_field(struct strbuf *out, struct slice covered, struct slice field, EVP_PKEY *key,
	enum signature_algorithm algorithm)
{
	unsigned char digest[HEADER_HASH_SIZE], signature[SIGNATURE_MAX];
	size_t n = sizeof(signature);
	struct strbuf text = { 0 };
	struct slice rest;
	bool good;

	digest_of(covered, field, digest);
	good = algorithm == SIGNATURE_RSA ? sign_rsa(key, digest, signature, &n)
					  : sign_ed25519(key, digest, signature, &n);
	ERR_clear_error();
	if (!good)
		return false;
	base64_encode(&text, slice_of(signature, n));
	strbuf_add(out, field);
	for (rest = strbuf_slice(&text); rest.n; rest = slice_skip(rest, BASE64_LINE)) {
		strbuf_add(out, slice_head(rest, BASE64_LINE));
		strbuf_adds(out, rest.n > BASE64_LINE ? "\r\n\t" : "\r\n");
	}
	strbuf_free(&text);
	return true;
}
