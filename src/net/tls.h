/*
 * tls.h: what the files about TLS share.
 */
#ifndef HEARTH_SRC_TLS_H
#define HEARTH_SRC_TLS_H

#include <openssl/ssl.h>

#include "hearth/str.h"

struct tls_context;

/* The certificate in use now; SSL_new holds on to it. */
SSL_CTX *tls_context_current(const struct tls_context *t);

/* What every SSL_CTX asks when a client offers protocols. */
int tls_choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
	const unsigned char *in, unsigned in_n, void *arg);

/*
 * Makes sure that there is a self-signed certificate for `hostname` and its key in these files: one
 * that is there and still valid stays. 0, or HEARTH_EIO with the reason in `why`.
 */
int tls_selfsigned(
	const char *cert_path, const char *key_path, const char *hostname, struct strbuf *why);

#endif
