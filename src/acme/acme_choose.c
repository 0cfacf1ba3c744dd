/*
 * acme_choose.c: which names a certificate is got for, and by which way they are proven. Pure, but for the
 * clock.
 */
#include "acme/acme_choose.h"

#include <string.h>

#include "acme/acme_attempt.h"
#include "hearth/clock.h"

static bool is_off(const struct config *c, const char *listener)
{
	return config_address(c, "listen", listener).off;
}

enum acme_way acme_choose_way(const struct config *c, const struct acme_record *r)
{
	const char *set = config_text(c, "acme", "challenge");

	if (strcmp(set, "http-01") == 0 || is_off(c, "https"))
		return ACME_BY_HTTP;
	if (strcmp(set, "tls-alpn-01") == 0 || is_off(c, "http"))
		return ACME_BY_TLS;
	return r->tries % 2 ? ACME_BY_TLS : ACME_BY_HTTP;
}

const char **acme_choose_names(const struct names_look *look, const struct certs_found *had,
	const struct acme_record *r, struct arena *arena, size_t *count)
{
	const char **names = arena_zalloc(arena, (ACME_NAMES_MAX + 1) * sizeof(*names));
	int64_t now = clock_wall_ms();

	*count = 0;
	for (const char *const *n = look->names; *n; n++)
		if (n == look->names || !acme_is_left_out(r, *n, now))
			names[(*count)++] = *n;
	/* What the certificate has already is not lost because the DNS did not answer. */
	for (const char *const *n = look->doubtful; *n && *count < ACME_NAMES_MAX; n++)
		if (certs_has(had, *n))
			names[(*count)++] = *n;
	return names;
}

bool acme_lacks_a_name(
	const struct names_look *look, const struct certs_found *had, const struct acme_record *r)
{
	struct arena *arena = arena_new();
	bool lacks = false;
	size_t count;
	const char **names = acme_choose_names(look, had, r, arena, &count);

	for (size_t i = 0; i < count; i++)
		lacks |= !certs_has(had, names[i]);
	arena_free(&arena);
	return lacks;
}
