/*
 * challenge.h: how this server shows a CA that a name leads to it.
 *
 *   http-01      GET /.well-known/acme-challenge/TOKEN over plain HTTP (RFC 8555 8.3). The answer is
 *                the token and the thumbprint of our account's key: it needs no list of tokens, so
 *                every node can give it, and it is of no use for anybody else's account.
 *   tls-alpn-01  a handshake for the protocol "acme-tls/1" (RFC 8737) gets a certificate made for the
 *                token. Those are in a table of this process: the connection must come here.
 */
#ifndef HEARTH_SRC_ACME_CHALLENGE_H
#define HEARTH_SRC_ACME_CHALLENGE_H

#include "hearth/http.h"

/* The module of these routes is the thumbprint's text, a char[]; empty: 404. */
#define ACME_THUMBPRINT_MAX 44
extern const struct http_route acme_challenge_routes[];

/*
 * A name is to be proven by TLS with this key authorization; no name is any more. Any thread; at most
 * ACME_NAMES_MAX at a time. False: OpenSSL refuses, or there are too many.
 */
bool challenge_set(const char *name, const char *authorization);
void challenge_clear(void);

#endif
