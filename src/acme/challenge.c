/*
 * challenge.c: answers to a CA's challenges (challenge.h). The route is on the loop; the table for TLS
 * is filled by the worker that has an order in hand and read by handshakes on the loop (net/tls.h),
 * under a lock that nobody holds for longer than a look.
 */
#include "acme/challenge.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>

#include "acme/certs.h"
#include "acme/jws.h"
#include "acme/messages.h"
#include "hearth/error.h"
#include "net/tls.h"

static struct {
	pthread_mutex_t lock;
	size_t count;
	EVP_PKEY *key; /* for all of them; made with the first */
	struct {
		char name[256];
		X509 *cert;
	} items[ACME_NAMES_MAX];
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool find(const char *name, X509 **cert, EVP_PKEY **key)
{
	bool found = false;

	pthread_mutex_lock(&table.lock);
	for (size_t i = 0; i < table.count && !found; i++)
		if (slice_ieq(slice_str(table.items[i].name), slice_str(name))) {
			*cert = table.items[i].cert;
			*key = table.key;
			found = X509_up_ref(*cert) == 1 && EVP_PKEY_up_ref(*key) == 1;
		}
	pthread_mutex_unlock(&table.lock);
	return found;
}

/* Adds it, or puts it in the place of one for the same name. */
static bool add(const char *name, X509 *cert)
{
	size_t i = 0;

	while (i < table.count && strcmp(table.items[i].name, name) != 0)
		i++;
	if (i == ACME_NAMES_MAX || strlen(name) >= sizeof(table.items[i].name))
		return false;
	if (i == table.count) {
		snprintf(table.items[i].name, sizeof(table.items[i].name), "%s", name);
		table.count++;
	} else {
		X509_free(table.items[i].cert);
	}
	table.items[i].cert = cert;
	return true;
}

bool challenge_set(const char *name, const char *authorization)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	EVP_PKEY *key = table.key ? table.key : acme_key_new(); /* one worker sets */
	X509 *cert;
	bool added = false;

	SHA256((const unsigned char *)authorization, strlen(authorization), digest);
	cert = key ? certs_challenge(key, name, digest) : NULL;
	pthread_mutex_lock(&table.lock);
	table.key = key;
	added = cert && add(name, cert);
	pthread_mutex_unlock(&table.lock);
	if (!added)
		X509_free(cert);
	tls_set_challenges(find);
	return added;
}

void challenge_clear(void)
{
	pthread_mutex_lock(&table.lock);
	while (table.count > 0)
		X509_free(table.items[--table.count].cert);
	EVP_PKEY_free(table.key);
	table.key = NULL;
	pthread_mutex_unlock(&table.lock);
}

static bool is_token(struct slice text)
{
	if (text.n == 0 || text.n > ACME_TOKEN_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return false;
	}
	return true;
}

static void get_challenge(void *module, struct http_request *rq)
{
	const char *thumbprint = module;
	struct slice token = http_param(rq, "token");
	struct strbuf text = { 0 };
	struct buf *body;

	if (!*thumbprint || !is_token(token)) {
		http_reply_error(rq, HEARTH_ENOTFOUND);
		return;
	}
	strbuf_printf(&text, "%.*s.%s", SLICE_ARG(token), thumbprint);
	body = buf_from_strbuf(&text);
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply(rq, 200, "application/octet-stream", body);
	buf_unref(&body);
}

const struct http_route acme_challenge_routes[] = {
	{ HTTP_GET, "/.well-known/acme-challenge/{token:word}", get_challenge, HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};
