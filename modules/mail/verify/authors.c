/*
 * authors.c: see authors.h. Pure; a field's addresses are bounded by mime/address.h, its length by
 * mime/header.h.
 */
#include "verify/authors.h"

#include <ctype.h>

#include "mime/address.h"
#include "mime/header.h"
#include "verify/ask.h"

/* What others could not take for another name: no literal, no blanks, no quotes. */
static bool is_host(struct slice host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum((unsigned char)host.p[i]) &&
			(host.p[i] == '\0' || !strchr("-_.", host.p[i])))
			return false;
	return verify_is_name(host) && slice_chr(host, '.') >= 0;
}

static void add(struct arena *a, struct authors *out, struct slice host)
{
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	host = verify_domain(a, host);
	if (!is_host(host)) {
		out->wrong = "an author without a domain";
		return;
	}
	for (size_t i = 0; i < out->n; i++)
		if (slice_ieq(out->domains[i], host))
			return;
	if (out->n == AUTHORS_MAX)
		out->wrong = "authors of too many domains";
	else
		out->domains[out->n++] = host;
}

/* Of a field that is one address, and nothing is left over of it. */
static struct slice sole_of(struct arena *a, const struct authors *authors, struct slice value,
	const struct mime_addresses *all)
{
	const struct mime_address *one = all->v;

	if (all->n != 1 || one->kind != MIME_ADDRESS_MAILBOX || authors->n != 1 ||
		one->mailbox.n == 0 || one->adl.n > 0 || !mime_addresses_are_whole(value, all))
		return SLICE("");
	return slice_str(arena_printf(
		a, "%.*s@%.*s", SLICE_ARG(one->mailbox), SLICE_ARG(authors->domains[0])));
}

void authors_read(struct arena *a, struct slice header, struct authors *out)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field field;
	size_t fields = 0;

	*out = (struct authors){ .n = 0 };
	while (mime_fields_next(&it, &field)) {
		struct mime_addresses all;
		struct slice value;

		if (!slice_ieq(field.name, SLICE("From")) || out->wrong)
			continue;
		fields++;
		value = mime_unfold(a, field.value);
		all = mime_addresses_parse(a, value);
		for (size_t i = 0; i < all.n && !out->wrong; i++)
			/* "Doe, John <j@example.org>": what has no host speaks for nobody. */
			if (all.v[i].kind == MIME_ADDRESS_MAILBOX && all.v[i].host.n > 0)
				add(a, out, all.v[i].host);
		out->sole = fields == 1 ? sole_of(a, out, value, &all) : SLICE("");
	}
	if (!out->wrong && out->n == 0)
		out->wrong = fields ? "an author without an address" : "no author";
}
