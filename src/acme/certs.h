/*
 * certs.h: what is made of X.509 for a CA: the request for a certificate (PKCS #10, RFC 2986), the
 * certificate that answers a TLS-ALPN challenge (RFC 8737), and what is in the one that came. Pure.
 */
#ifndef HEARTH_SRC_ACME_CERTS_H
#define HEARTH_SRC_ACME_CERTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hearth/arena.h"

/* Appends the request for these names, as DER. */
bool certs_request(EVP_PKEY *key, const char *const *names, size_t count, struct strbuf *der);

/* Self-signed, for this name and with the digest of the key authorization; NULL: OpenSSL refuses. */
X509 *certs_challenge(EVP_PKEY *key, const char *name, const unsigned char digest[32]);

struct certs_found {
	int64_t not_before_ms, not_after_ms; /* wall time */
	const char **names;                  /* NULL-ended, as it has them */
};

/*
 * Reads the first certificate of a chain (PEM). 0; HEARTH_EINVAL with *why: it cannot be read, or is
 * not for this key.
 */
int certs_read(struct arena *a, struct slice chain, EVP_PKEY *key, struct certs_found *out,
	const char **why);
/* For how long the first certificate of a chain holds; 0: it cannot be read. */
int64_t certs_life_ms(struct slice chain);
/*
 * What an authority knows the first certificate of a chain by (RFC 9773 4.1): its issuer's key and its
 * number. In the arena; NULL: it has none.
 */
const char *certs_renewal_id(struct arena *a, struct slice chain);
/* Whether it is for this name, which is taken literally. */
bool certs_has(const struct certs_found *found, const char *name);

#endif
