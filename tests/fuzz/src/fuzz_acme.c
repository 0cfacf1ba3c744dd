/*
 * fuzz_acme.c: any bytes as what a certificate authority answers. What is taken is within its bounds:
 * URLs of https, tokens that are no paths, texts of one printable line.
 */
#include "acme/certs.h"
#include "acme/jws.h"
#include "acme/messages.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *url)
{
	assert(!url || slice_starts(slice_str(url), SLICE("https://")));
	for (const char *p = url; p && *p; p++)
		assert(*p > ' ' && *p < 0x7f);
}

static void check_text(const char *text)
{
	assert(text && strlen(text) <= ACME_TEXT_MAX);
	for (const char *p = text; *p; p++)
		assert((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void check_challenge(const struct acme_challenge *c)
{
	check_url(c->url);
	assert(!c->url == !c->token);
	if (c->token)
		assert(*c->token && strlen(c->token) <= ACME_TOKEN_MAX && !strchr(c->token, '/') &&
			!strchr(c->token, '.'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *key;
	struct slice in = slice_of(data, size);
	struct arena *a = arena_new();
	struct acme_directory d;
	struct acme_order o;
	struct acme_authorization z;
	struct acme_problem p;
	struct acme_window window;
	struct certs_found found;
	const char *why;
	int64_t wait;

	if (!key)
		key = acme_key_new();
	if (acme_read_directory(a, in, &d) == 0) {
		check_url(d.new_nonce);
		check_url(d.new_account);
		check_url(d.new_order);
	}
	if (acme_read_order(a, in, &o) == 0) {
		assert(o.count <= ACME_NAMES_MAX);
		for (size_t i = 0; i < o.count; i++)
			check_url(o.authorizations[i]);
		check_url(o.finalize);
		check_url(o.certificate);
		check_text(o.problem.type);
	}
	if (acme_read_authorization(a, in, &z) == 0) {
		check_challenge(&z.http);
		check_challenge(&z.alpn);
		check_text(z.name);
		check_text(z.problem.detail);
	}
	if (acme_read_window(a, in, &window) == 0) {
		assert(window.start_ms > 0 && window.start_ms < window.end_ms);
		check_url(window.explanation);
	}
	certs_renewal_id(a, in);
	acme_read_problem(a, in, &p);
	check_text(p.type);
	check_text(p.detail);
	wait = acme_read_retry_after(in, 1700000000);
	assert(wait >= 0 && wait <= 7 * 86400);
	certs_read(a, in, key, &found, &why);
	arena_free(&a);
	return 0;
}
