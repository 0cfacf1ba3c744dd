/*
 * tls_challenge.c: recognising a certificate authority that looks whether a name leads here
 * (tls-alpn-01, RFC 8737), before anything is chosen for the handshake.
 *
 *   hello ─▶ asked for the name's certificate ─▶ the handshake waits ─▶ answered: it goes on, or is refused
 *
 * On the loop.
 */
#include "net/tls.h"

#include "hearth/arena.h"

#define PROTOCOL "acme-tls/1"

static struct {
	tls_challenge_fn *ask;
	void *arg;
} challenges;

void tls_set_challenges(tls_challenge_fn *ask, void *arg)
{
	challenges.ask = ask;
	challenges.arg = arg;
}

void tls_question_answer(struct tls_question *q, X509 *cert, EVP_PKEY *key)
{
	q->kept = NULL;
	q->answered = true;
	q->cert = cert;
	q->key = key;
	q->resume(q->arg);
}

bool tls_question_waits(const struct tls_question *q)
{
	return q->asked && !q->answered;
}

void tls_question_drop(struct tls_question *q)
{
	if (q->kept)
		*q->kept = NULL;
	X509_free(q->cert);
	EVP_PKEY_free(q->key);
	*q = (struct tls_question){ .asked = true, .answered = true };
}

/* Takes a field with its length in `bytes` bytes in front off *in; false: it is not all there. */
static bool take(struct slice *in, size_t bytes, struct slice *out)
{
	size_t n = 0;

	if (in->n < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)in->p[i];
	*in = slice_skip(*in, bytes);
	if (in->n < n)
		return false;
	*out = slice_head(*in, n);
	*in = slice_skip(*in, n);
	return true;
}

static bool extension(SSL *ssl, unsigned type, struct slice *out)
{
	const unsigned char *bytes;
	size_t n;

	if (SSL_client_hello_get0_ext(ssl, type, &bytes, &n) != 1)
		return false;
	*out = slice_of(bytes, n);
	return true;
}

/* Exactly the one protocol (RFC 8737 4). */
static bool is_challenge(SSL *ssl)
{
	struct slice in, list, name;

	return extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &in) &&
	       take(&in, 2, &list) && take(&list, 1, &name) && slice_eq(name, SLICE(PROTOCOL)) &&
	       list.n == 0;
}

/* The name asked for (RFC 6066 3): its kind, 0, and its bytes. */
static bool read_name(SSL *ssl, char out[256])
{
	struct slice in, list, name;

	if (!extension(ssl, TLSEXT_TYPE_server_name, &in) || !take(&in, 2, &list) || list.n < 1 ||
		list.p[0] != TLSEXT_NAMETYPE_host_name)
		return false;
	list = slice_skip(list, 1);
	if (!take(&list, 2, &name) || name.n == 0 || name.n > 255 || memchr(name.p, 0, name.n))
		return false;
	memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

int tls_see_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_question *q;
	char name[256];

	(void)arg;
	if (!challenges.ask || !tls_layer_is_http(ssl) || !is_challenge(ssl))
		return SSL_CLIENT_HELLO_SUCCESS;
	q = tls_layer_question(ssl);
	if (!q->asked) {
		q->asked = true;
		q->answered = !read_name(ssl, name) || !challenges.ask(challenges.arg, name, q);
	}
	if (tls_question_waits(q))
		return SSL_CLIENT_HELLO_RETRY;
	if (!q->cert || SSL_use_cert_and_key(ssl, q->cert, q->key, NULL, 1) != 1) {
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
	}
	tls_layer_set_challenge(ssl, PROTOCOL);
	return SSL_CLIENT_HELLO_SUCCESS;
}
