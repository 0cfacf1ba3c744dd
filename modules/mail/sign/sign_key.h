/*
 * sign/sign_key.h: keys that sign mail: made, kept as bytes, published, used. Pure, any thread; making an
 * RSA key takes a tenth of a second of processor.
 */
#ifndef MAIL_SIGN_SIGN_KEY_H
#define MAIL_SIGN_SIGN_KEY_H

#include <openssl/evp.h>

#include "verify/signature.h"

enum { SIGN_RSA_BITS = 2048 }; /* RFC 8301 section 3.2 */

/* NULL: the library has none. The caller frees it. */
EVP_PKEY *sign_key_make(enum signature_algorithm algorithm);
/* As PKCS #8 (DER), appended to `out`; what is in there is secret. And back, NULL when it is none. */
bool sign_key_write(EVP_PKEY *key, struct strbuf *out);
EVP_PKEY *sign_key_read(struct slice der);
/* Its public half as p= has it (RFC 6376 section 3.6.1, RFC 8463 section 4), appended. */
bool sign_key_public(EVP_PKEY *key, struct strbuf *out);
/* The TXT record of a public half: of an empty one, that the key is revoked. */
void sign_key_record(
	struct strbuf *out, enum signature_algorithm algorithm, struct slice public_half);
/* "rsa-sha256"; "rsa". */
const char *sign_algorithm_name(enum signature_algorithm algorithm);
const char *sign_key_kind(enum signature_algorithm algorithm);

/*
 * Signs a field: appends `field` (all of it up to and with "b="), the signature in lines, and CRLF. It
 * covers `covered` and the field itself, relaxed. False: the key does not sign, and nothing is appended.
 */
bool sign_field(struct strbuf *out, struct slice covered, struct slice field, EVP_PKEY *key,
	enum signature_algorithm algorithm);

#endif
