/*
 * challenge.c: answers to a CA's challenges (challenge.h). On the loop, but for the look at the database.
 */
#include "acme/challenge.h"

#include <stdlib.h>

#include "acme/certs.h"
#include "acme/jws.h"
#include "acme/messages.h"
#include "acme/store.h"
#include "hearth/error.h"
#include "net/tls.h"

/* ---- tls-alpn-01 ---- */

/* A handshake's look at the database. */
struct look {
	struct acme_challenge_row row; /* first: it is what acme_store_find_challenge gets */
	struct challenges *challenges;
	struct tls_question *question; /* NULL: the connection has ended */
};

static void on_found(void *arg, int status)
{
	struct look *l = arg;
	struct challenges *c = l->challenges;
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;

	c->waiting--;
	if (l->question && status == 0 && l->row.found) {
		if (!c->key)
			c->key = acme_key_new();
		cert = c->key ? certs_challenge(c->key, l->row.name, l->row.digest) : NULL;
		if (cert && EVP_PKEY_up_ref(c->key) == 1)
			key = c->key;
	}
	if (l->question)
		tls_question_answer(l->question, cert, key);
	free(l);
}

static bool ask(void *arg, const char *name, struct tls_question *q)
{
	struct challenges *c = arg;
	struct look *l;

	if (c->waiting == CHALLENGES_MAX)
		return false;
	l = mem_zalloc(sizeof(*l));
	l->challenges = c;
	l->question = q;
	acme_challenge_name(name, l->row.name);
	if (db_read(c->db, acme_store_find_challenge, on_found, l) < 0) {
		free(l);
		return false;
	}
	q->kept = &l->question;
	c->waiting++;
	return true;
}

void challenges_begin(struct challenges *c, struct db *db)
{
	c->db = db;
	tls_set_challenges(ask, c);
}

void challenges_end(struct challenges *c)
{
	if (c->db)
		tls_set_challenges(NULL, NULL);
	c->db = NULL;
}

void challenges_clear(struct challenges *c)
{
	challenges_end(c);
	EVP_PKEY_free(c->key);
	c->key = NULL;
}

/* ---- http-01 ---- */

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
