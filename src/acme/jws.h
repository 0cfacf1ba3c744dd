/*
 * jws.h: requests to a CA, signed with the account's key (JWS, RFC 7515, as RFC 8555 6.2 wants them:
 * ES256 on P-256). Pure.
 */
#ifndef HEARTH_SRC_ACME_JWS_H
#define HEARTH_SRC_ACME_JWS_H

#include <openssl/evp.h>

#include "hearth/str.h"

/* What is signed. */
struct jws {
	const char *url;      /* where it goes: it is good for nowhere else */
	const char *nonce;    /* good for once */
	const char *kid;      /* the account's URL; NULL: the public key itself goes along */
	struct slice payload; /* JSON; empty: the request only reads (POST-as-GET, 6.3) */
};

/* A new key on P-256, and its PEM; NULL, or false, when OpenSSL refuses. The caller frees the key. */
EVP_PKEY *acme_key_new(void);
EVP_PKEY *acme_key_read(struct slice pem);
bool acme_key_write(EVP_PKEY *key, struct strbuf *pem);

/* Appends the signed request as JSON (flattened serialisation, RFC 7515 7.2.2). */
bool jws_sign(EVP_PKEY *key, const struct jws *what, struct strbuf *out);
/* Appends the public key as JSON (RFC 7517), its members in the order of their names. */
bool jws_public(EVP_PKEY *key, struct strbuf *out);
/* Appends the thumbprint of the public key (RFC 7638), base64url. */
bool jws_thumbprint(EVP_PKEY *key, struct strbuf *out);
/*
 * Appends the proof that the account with this key belongs to a customer whom the CA knows by `kid`
 * (external account binding, RFC 8555 7.3.4): HMAC with the secret (base64url) that it gave. False
 * when the secret is none.
 */
bool jws_bind(
	EVP_PKEY *key, const char *kid, const char *secret, const char *url, struct strbuf *out);

#endif
