/*
 * tls.h: what the files about TLS share. On the loop.
 */
#ifndef HEARTH_SRC_TLS_H
#define HEARTH_SRC_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "hearth/exec.h"
#include "hearth/list.h"
#include "hearth/str.h"

struct tls_context;

/* What OpenSSL reads from and writes to instead of a socket. */
struct tls_pipe {
	struct slice in;   /* what came and was not read yet; not owned */
	struct strbuf out; /* what was written */
};

/* A BIO over a pipe, which outlives it; SSL_set_bio takes it over. */
BIO *tls_bio_new(struct tls_pipe *pipe);

/* A handshake's place among those that wait for their turn; zeroed at first. */
struct tls_turn {
	struct list_node node;
	exec_fn *fn;
	void *arg;
};

/*
 * Whether the next step of a handshake has to wait, since the loop has worked long enough or others
 * wait: then fn(arg) is called when its turn has come, unless it was dropped.
 */
bool tls_turn_wait(struct tls_turn *t, exec_fn *fn, void *arg);
bool tls_turn_waits(const struct tls_turn *t);
/* Legal when it does not wait. */
void tls_turn_drop(struct tls_turn *t);

/* The certificate in use now; SSL_new holds on to it. */
SSL_CTX *tls_context_current(const struct tls_context *t);

/*
 * One side of a handshake that begins here (tls_client.c), ready for a layer; and what is known of the
 * peer once it is done: whether it is who it was asked to be, else why not.
 */
struct conn_tls_client;
struct conn_info;
SSL *tls_client_new(const struct conn_tls_client *how);
void tls_client_free(SSL *ssl);                           /* legal on NULL */
bool tls_client_proven(SSL *ssl, struct conn_info *info); /* sets tls_why and tls_fault */
/* Whether it was for want of that proof that a handshake failed; if so it sets them, too. */
bool tls_client_refused(SSL *ssl, struct conn_info *info);

/* What every SSL_CTX asks when a client offers protocols. */
int tls_choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
	const unsigned char *in, unsigned in_n, void *arg);

/*
 * A client that offers "acme-tls/1" and nothing else, where HTTP is spoken, is a certificate authority
 * that looks whether a name leads here (RFC 8737): it gets the certificate for the name that whoever knows
 * it answers with, and the connection ends with the handshake, which waits for the answer.
 */
struct tls_question {
	bool asked, answered;
	X509 *cert; /* NULL: the name is nobody's */
	EVP_PKEY *key;
	exec_fn *resume; /* goes on with the handshake */
	void *arg;
	/* Where whoever was asked keeps this, so that it is forgotten with the connection; NULL: nowhere. */
	struct tls_question **kept;
};

/*
 * Asks for the certificate of a name: true: tls_question_answer is called later, on the loop, unless *kept
 * was set to NULL before. False: not now. On the loop.
 */
typedef bool tls_challenge_fn(void *arg, const char *name, struct tls_question *q);
/* Who is asked; NULL: nobody any more. */
void tls_set_challenges(tls_challenge_fn *ask, void *arg);
/* Takes both over; NULL: nobody has it. */
void tls_question_answer(struct tls_question *q, X509 *cert, EVP_PKEY *key);
/* Whether a handshake waits for the answer; and no answer is wanted any more. */
bool tls_question_waits(const struct tls_question *q);
void tls_question_drop(struct tls_question *q);
/* What every SSL_CTX asks when a client begins. */
int tls_see_hello(SSL *ssl, int *alert, void *arg);

/* Of the layer that this handshake is of: whether it is HTTP's; from now on a challenge's. */
bool tls_layer_is_http(SSL *ssl);
struct tls_question *tls_layer_question(SSL *ssl);
void tls_layer_set_challenge(SSL *ssl, const char *protocol);

/*
 * Makes sure that there is a self-signed certificate for `hostname` and its key in these files: one
 * that is there and still valid stays. 0, or HEARTH_EIO with the reason in `why`.
 */
int tls_selfsigned(
	const char *cert_path, const char *key_path, const char *hostname, struct strbuf *why);

#endif
