/*
 * tls.h: what the files about TLS share. On the loop.
 */
#ifndef HEARTH_SRC_TLS_H
#define HEARTH_SRC_TLS_H

#include <openssl/ssl.h>

#include "hearth/str.h"

struct tls_context;

/* What OpenSSL reads from and writes to instead of a socket. */
struct tls_pipe {
	struct slice in;   /* what came and was not read yet; not owned */
	struct strbuf out; /* what was written */
};

/* A BIO over a pipe, which outlives it; SSL_set_bio takes it over. */
BIO *tls_bio_new(struct tls_pipe *pipe);

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
