/*
 * grant_check.c: what may stand in a request for a grant (grant.h). Pure.
 */
#include "grant/grant.h"

#include <openssl/sha.h>
#include <sodium.h>

#include "hearth/text.h"

#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

static bool starts(struct slice s, struct slice with)
{
	return s.n >= with.n && slice_eq(slice_head(s, with.n), with);
}

/* The host of "host:port" or "[::1]:port", without the port. */
static struct slice without_port(struct slice host)
{
	ptrdiff_t end =
		host.n && host.p[0] == '[' ? slice_chr(host, ']') + 1 : slice_chr(host, ':');

	return end > 0 ? slice_head(host, (size_t)end) : host;
}

bool grant_redirect_valid(struct slice redirect, struct slice *host)
{
	bool secure = starts(redirect, SLICE("https://"));
	struct slice rest;
	size_t n = 0;

	if (redirect.n > GRANT_REDIRECT_MAX || (!secure && !starts(redirect, SLICE("http://"))))
		return false;
	for (size_t i = 0; i < redirect.n; i++)
		if (redirect.p[i] <= ' ' || redirect.p[i] >= 0x7f ||
			strchr("#\\\"<>", redirect.p[i]))
			return false;
	rest = slice_skip(redirect, secure ? 8 : 7);
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	*host = slice_head(rest, n);
	if (host->n == 0 || slice_chr(*host, '@') >= 0)
		return false;
	rest = without_port(*host);
	return secure || slice_ieq(rest, SLICE("localhost")) ||
	       slice_eq(rest, SLICE("127.0.0.1")) || slice_eq(rest, SLICE("[::1]"));
}

bool grant_challenge_valid(struct slice challenge)
{
	return challenge.n == GRANT_CHALLENGE && auth_token_looks_right(challenge);
}

bool grant_verifier_matches(struct slice verifier, struct slice challenge)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct strbuf text = { 0 };
	bool same;

	if (verifier.n < VERIFIER_MIN || verifier.n > VERIFIER_MAX)
		return false;
	SHA256((const unsigned char *)verifier.p, verifier.n, digest);
	base64url_encode(&text, slice_of(digest, sizeof(digest)));
	same = text.n == challenge.n && sodium_memcmp(text.p, challenge.p, text.n) == 0;
	strbuf_free(&text);
	return same;
}
