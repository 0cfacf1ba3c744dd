/*
 * jws.c: signing what is sent to a CA (jws.h). Pure.
 */
#include "acme/jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "hearth/json.h"
#include "hearth/text.h"

#define COORDINATE 32 /* bytes of a number on P-256 (RFC 7518 6.2.1.2, 3.4) */

/* ---- keys ---- */

EVP_PKEY *acme_key_new(void)
{
	return EVP_EC_gen("P-256");
}

EVP_PKEY *acme_key_read(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

bool acme_key_write(EVP_PKEY *key, struct strbuf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;
	bool done = bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

	if (done)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		strbuf_add(pem, slice_of(text, (size_t)n));
	BIO_free(bio);
	return n > 0;
}

/* Appends a number of the public key as base64url, all its bytes. */
static bool add_coordinate(struct strbuf *out, EVP_PKEY *key, const char *which)
{
	unsigned char bytes[COORDINATE];
	BIGNUM *number = NULL;
	bool done = EVP_PKEY_get_bn_param(key, which, &number) == 1 &&
		    BN_bn2binpad(number, bytes, COORDINATE) == COORDINATE;

	if (done)
		base64url_encode(out, slice_of(bytes, sizeof(bytes)));
	BN_free(number);
	return done;
}

bool jws_public(EVP_PKEY *key, struct strbuf *out)
{
	bool done;

	strbuf_adds(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	done = add_coordinate(out, key, OSSL_PKEY_PARAM_EC_PUB_X);
	strbuf_adds(out, "\",\"y\":\"");
	done = done && add_coordinate(out, key, OSSL_PKEY_PARAM_EC_PUB_Y);
	strbuf_adds(out, "\"}");
	return done;
}

bool jws_thumbprint(EVP_PKEY *key, struct strbuf *out)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct strbuf jwk = { 0 };
	bool done = jws_public(key, &jwk);

	if (done) {
		SHA256((const unsigned char *)jwk.p, jwk.n, digest);
		base64url_encode(out, slice_of(digest, sizeof(digest)));
	}
	strbuf_free(&jwk);
	return done;
}

/* ---- signatures ---- */

/* DER of two numbers as the two numbers themselves, which is what JWS has (RFC 7518 3.4). */
static bool add_raw(struct strbuf *out, const unsigned char *der, size_t n)
{
	unsigned char raw[2 * COORDINATE];
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool done = signature &&
		    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, COORDINATE) == COORDINATE &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + COORDINATE, COORDINATE) ==
			    COORDINATE;

	if (done)
		base64url_encode(out, slice_of(raw, sizeof(raw)));
	ECDSA_SIG_free(signature);
	return done;
}

static bool add_es256(struct strbuf *out, EVP_PKEY *key, struct slice text)
{
	unsigned char der[160];
	size_t n = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(ctx, der, &n, (const unsigned char *)text.p, text.n) == 1;

	EVP_MD_CTX_free(ctx);
	return done && add_raw(out, der, n);
}

/* The three parts as one object; signs what comes before with the function. */
static void add_parts(
	struct strbuf *out, struct slice head, struct slice payload, struct slice signature)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_text(&w, "protected", head);
	json_put_text(&w, "payload", payload);
	json_put_text(&w, "signature", signature);
	json_close_object(&w);
}

static bool write_head(EVP_PKEY *key, const struct jws *what, struct strbuf *out)
{
	struct strbuf jwk = { 0 };
	struct json_writer w;
	bool done = what->kid || jws_public(key, &jwk);

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "alg", "ES256");
	if (what->kid) {
		json_put_str(&w, "kid", what->kid);
	} else {
		json_name(&w, "jwk");
		json_ready(&w, strbuf_slice(&jwk));
	}
	json_put_str(&w, "nonce", what->nonce);
	json_put_str(&w, "url", what->url);
	json_close_object(&w);
	strbuf_free(&jwk);
	return done;
}

bool jws_sign(EVP_PKEY *key, const struct jws *what, struct strbuf *out)
{
	struct strbuf head = { 0 }, text = { 0 }, signature = { 0 };
	size_t head_n;
	bool done = write_head(key, what, &head);

	base64url_encode(&text, strbuf_slice(&head));
	head_n = text.n;
	strbuf_addc(&text, '.');
	base64url_encode(&text, what->payload);
	done = done && add_es256(&signature, key, strbuf_slice(&text));
	if (done)
		add_parts(out, slice_head(strbuf_slice(&text), head_n),
			slice_skip(strbuf_slice(&text), head_n + 1), strbuf_slice(&signature));
	strbuf_free(&head);
	strbuf_free(&text);
	strbuf_free(&signature);
	return done;
}

static void write_bind_head(const char *kid, const char *url, struct strbuf *out)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "alg", "HS256");
	json_put_str(&w, "kid", kid);
	json_put_str(&w, "url", url);
	json_close_object(&w);
}

bool jws_bind(
	EVP_PKEY *key, const char *kid, const char *secret, const char *url, struct strbuf *out)
{
	struct strbuf head = { 0 }, jwk = { 0 }, text = { 0 }, mac_key = { 0 }, signature = { 0 };
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_n = 0;
	size_t head_n;
	bool done = base64url_decode(&mac_key, slice_str(secret)) == 0 && mac_key.n > 0 &&
		    jws_public(key, &jwk);

	write_bind_head(kid, url, &head);
	base64url_encode(&text, strbuf_slice(&head));
	head_n = text.n;
	strbuf_addc(&text, '.');
	base64url_encode(&text, strbuf_slice(&jwk));
	done = done && HMAC(EVP_sha256(), mac_key.p, (int)mac_key.n, (const unsigned char *)text.p,
			       text.n, mac, &mac_n);
	if (done) {
		base64url_encode(&signature, slice_of(mac, mac_n));
		add_parts(out, slice_head(strbuf_slice(&text), head_n),
			slice_skip(strbuf_slice(&text), head_n + 1), strbuf_slice(&signature));
	}
	strbuf_free(&head);
	strbuf_free(&jwk);
	strbuf_free(&text);
	strbuf_free(&mac_key);
	strbuf_free(&signature);
	return done;
}
