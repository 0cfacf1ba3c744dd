/*
 * challenge.h: how this server shows a CA that a name leads to it.
 *
 *   http-01      GET /.well-known/acme-challenge/TOKEN over plain HTTP (RFC 8555 8.3). The answer is
 *                the token and the thumbprint of our account's key: it needs no list of tokens, so
 *                every node can give it, and it is of no use for anybody else's account.
 *   tls-alpn-01  a handshake for the protocol "acme-tls/1" (RFC 8737) gets a certificate made for the
 *                token: of what is in the database (acme_store_challenge), so every node can make it.
 *
 * On the loop.
 */
#ifndef HEARTH_SRC_ACME_CHALLENGE_H
#define HEARTH_SRC_ACME_CHALLENGE_H

#include <openssl/evp.h>

#include "hearth/db.h"
#include "hearth/http.h"

/* The module of these routes is the thumbprint's text, a char[]; empty: 404. */
#define ACME_THUMBPRINT_MAX 44
extern const struct http_route acme_challenge_routes[];

/* Handshakes that wait for the database at a time; more are refused. */
#define CHALLENGES_MAX 32

/* Who answers handshakes; lies in its owner, zeroed at first. */
struct challenges {
	struct db *db;
	EVP_PKEY *key;  /* of all certificates made for challenges; made with the first */
	size_t waiting; /* for the database; the owner stays until it is 0 */
};

/* From now on handshakes are answered; no more of them are; and what it has is freed. */
void challenges_begin(struct challenges *c, struct db *db);
void challenges_end(struct challenges *c);
void challenges_clear(struct challenges *c);

#endif
