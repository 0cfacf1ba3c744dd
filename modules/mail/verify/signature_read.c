/*
 * signature_read.c: reading a signature's field, and all of it that can be wrong before anybody asks the
 * DNS (RFC 6376 section 6.1.1, with RFC 8301 and 8463; RFC 8617 sections 4.1.2, 4.1.3).
 *
 * Pure. A field has SIGNATURE_FIELD_MAX bytes at most, h= SIGNATURE_NAMES_MAX names.
 */
#include <stdio.h>

#include "hearth/text.h"
#include "verify/ask.h"
#include "verify/signature.h"

#define FAILS(result, reason)    \
	do {                     \
		*why = (reason); \
		return (result); \
	} while (0)

static struct slice value_of(const struct signature *s, const char *name)
{
	const struct tag *t = tags_find(&s->tags, name);

	return t ? t->value : (struct slice){ NULL, 0 };
}

/* Letters, digits, "-" and "_" between dots, none empty. */
static bool is_name(struct slice name, size_t labels_min)
{
	size_t labels = 0;
	struct slice rest = name;

	if (name.n == 0 || name.n > DNS_NAME_MAX)
		return false;
	while (rest.p) {
		struct slice label = slice_split(&rest, '.');

		if (label.n == 0 || label.n > 63)
			return false;
		for (size_t i = 0; i < label.n; i++) {
			char c = label.p[i];

			if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				    (c >= '0' && c <= '9') || c == '-' || c == '_'))
				return false;
		}
		labels++;
	}
	return labels >= labels_min;
}

bool signature_domain_covers(struct slice domain, struct slice name)
{
	if (slice_ieq(domain, name))
		return true;
	return name.n > domain.n + 1 && name.p[name.n - domain.n - 1] == '.' &&
	       slice_ieq(domain, slice_skip(name, name.n - domain.n));
}

/* ---- tag by tag ---- */

static enum verify_result read_algorithm(struct signature *s, const char **why)
{
	struct slice a = value_of(s, "a");

	if (slice_ieq(a, SLICE("rsa-sha1")))
		FAILS(VERIFY_PERMERROR, "rsa-sha1 proves nothing any more"); /* RFC 8301 3.1 */
	if (slice_ieq(a, SLICE("rsa-sha256")))
		s->algorithm = SIGNATURE_RSA;
	else if (slice_ieq(a, SLICE("ed25519-sha256")))
		s->algorithm = SIGNATURE_ED25519;
	else
		FAILS(VERIFY_NEUTRAL, "unknown algorithm");
	return VERIFY_NONE;
}

static bool read_form(struct slice name, bool *relaxed)
{
	*relaxed = slice_ieq(name, SLICE("relaxed"));
	return *relaxed || slice_ieq(name, SLICE("simple"));
}

/* "HEADER/BODY" or "HEADER", where the body is simple then. */
static bool read_canonical(struct signature *s)
{
	const struct tag *c = tags_find(&s->tags, "c");
	struct slice body, header;

	if (!c)
		return true; /* simple/simple */
	body = c->value;
	header = slice_split(&body, '/');
	return read_form(header, &s->header_relaxed) &&
	       (!body.p || read_form(body, &s->body_relaxed));
}

static bool read_base64(struct arena *a, struct slice text, struct slice *out)
{
	struct strbuf bytes = { 0 };
	bool good = base64_decode(&bytes, tags_squeezed(a, text)) == 0 && bytes.n > 0;

	if (good)
		*out = arena_slice(a, strbuf_slice(&bytes));
	strbuf_free(&bytes);
	return good;
}

static bool read_names(struct signature *s, struct arena *a, const char **why)
{
	struct slice rest = value_of(s, "h");

	s->names = arena_alloc(a, SIGNATURE_NAMES_MAX * sizeof(*s->names));
	while (rest.p) {
		struct slice name = slice_trim(slice_split(&rest, ':'));

		if (s->name_count == SIGNATURE_NAMES_MAX)
			return *why = "too many names in h=", false;
		for (size_t i = 0; i < name.n; i++)
			if (name.p[i] <= ' ' || name.p[i] >= 0x7F)
				return *why = "bad name in h=", false;
		if (name.n == 0)
			return *why = "empty name in h=", false;
		s->names[s->name_count++] = name;
	}
	return true;
}

static bool covers(const struct signature *s, const char *name)
{
	for (size_t i = 0; i < s->name_count; i++)
		if (slice_ieq(s->names[i], slice_str(name)))
			return true;
	return false;
}

/* c=, h=, bh= and l=: which a seal does not have. */
static enum verify_result read_content(struct signature *s, struct arena *a, const char **why)
{
	const struct tag *l = tags_find(&s->tags, "l");

	if (!read_canonical(s))
		FAILS(VERIFY_NEUTRAL, "unknown canonicalization");
	if (!read_base64(a, value_of(s, "bh"), &s->body_hash))
		FAILS(VERIFY_NEUTRAL, "bh= is not base64");
	s->limited = l != NULL;
	if (l && !tags_number(l->value, &s->limit))
		FAILS(VERIFY_NEUTRAL, "l= is no number");
	if (!read_names(s, a, why))
		return VERIFY_NEUTRAL;
	if (!covers(s, "From"))
		FAILS(VERIFY_PERMERROR, "From is not signed");
	if (s->kind == SIGNATURE_AMS && covers(s, "ARC-Seal"))
		FAILS(VERIFY_PERMERROR, "it covers ARC-Seal"); /* RFC 8617 4.1.2 */
	return VERIFY_NONE;
}

static enum verify_result read_times(struct signature *s, const char **why)
{
	const struct tag *t = tags_find(&s->tags, "t"), *x = tags_find(&s->tags, "x");

	s->end_s = UINT64_MAX;
	if (t && !tags_number(t->value, &s->signed_s))
		FAILS(VERIFY_NEUTRAL, "t= is no number");
	if (x && !tags_number(x->value, &s->end_s))
		FAILS(VERIFY_NEUTRAL, "x= is no number");
	if (t && x && s->end_s <= s->signed_s)
		FAILS(VERIFY_NEUTRAL, "x= is not behind t=");
	return VERIFY_NONE;
}

/* Names beyond ASCII are asked for as the DNS has them (RFC 8616 section 5). */
static enum verify_result read_place(struct signature *s, struct arena *a, const char **why)
{
	struct slice domain, selector;
	int n;

	s->domain = value_of(s, "d");
	s->selector = value_of(s, "s");
	domain = verify_domain(a, s->domain);
	selector = verify_domain(a, s->selector);
	if (!is_name(domain, 2))
		FAILS(VERIFY_NEUTRAL, "d= is no domain");
	if (!is_name(selector, 1))
		FAILS(VERIFY_NEUTRAL, "s= is no selector");
	n = snprintf(s->key_name, sizeof(s->key_name), "%.*s._domainkey.%.*s", SLICE_ARG(selector),
		SLICE_ARG(domain));
	if (n < 0 || (size_t)n >= sizeof(s->key_name)) {
		s->key_name[0] = 0;
		FAILS(VERIFY_NEUTRAL, "s= and d= are too long");
	}
	return VERIFY_NONE;
}

/* What only DKIM-Signature has: v=, q=, and an i= in the domain. */
static enum verify_result read_dkim(struct signature *s, struct arena *a, const char **why)
{
	const struct tag *q = tags_find(&s->tags, "q"), *i = tags_find(&s->tags, "i");
	struct slice rest = q ? q->value : SLICE("dns/txt");
	bool dns = false;

	if (!slice_eq(value_of(s, "v"), SLICE("1")))
		FAILS(VERIFY_NEUTRAL, "unknown version");
	while (rest.p)
		dns |= slice_ieq(slice_trim(slice_split(&rest, ':')), SLICE("dns/txt"));
	if (!dns)
		FAILS(VERIFY_NEUTRAL, "unknown way to the key");
	if (i) {
		struct slice domain = i->value;
		ptrdiff_t at;

		if (slice_chr(domain, '@') < 0)
			FAILS(VERIFY_NEUTRAL, "i= has no @");
		while ((at = slice_chr(domain, '@')) >= 0)
			domain = slice_skip(domain, (size_t)at + 1);
		if (!signature_domain_covers(verify_domain(a, s->domain), verify_domain(a, domain)))
			FAILS(VERIFY_PERMERROR, "i= is not in d=");
	}
	return VERIFY_NONE;
}

static bool complete(const struct signature *s)
{
	static const char *const required[][8] = {
		[SIGNATURE_DKIM] = { "v", "a", "b", "bh", "d", "h", "s" },
		[SIGNATURE_AMS] = { "i", "a", "b", "bh", "d", "h", "s" },
		[SIGNATURE_AS] = { "i", "a", "b", "cv", "d", "s" },
	};

	for (size_t i = 0; required[s->kind][i]; i++)
		if (!tags_find(&s->tags, required[s->kind][i]))
			return false;
	return true;
}

enum verify_result signature_read(struct signature *s, enum signature_kind kind, struct arena *a,
	const struct mime_field *field, const char **why)
{
	enum verify_result r;

	*s = (struct signature){ .kind = kind, .field = field };
	if (field->raw.n > SIGNATURE_FIELD_MAX)
		FAILS(VERIFY_NEUTRAL, "the signature is too long");
	if (!tags_read(field->value, &s->tags))
		FAILS(VERIFY_NEUTRAL, "it is no list of tags");
	if ((r = read_place(s, a, why)) != VERIFY_NONE)
		return r;
	if (!complete(s))
		FAILS(VERIFY_NEUTRAL, "a tag is missing");
	s->b_room = tags_find(&s->tags, "b")->room;
	if (!read_base64(a, value_of(s, "b"), &s->b))
		FAILS(VERIFY_NEUTRAL, "b= is not base64");
	if ((r = read_algorithm(s, why)) != VERIFY_NONE || (r = read_times(s, why)) != VERIFY_NONE)
		return r;
	if (kind == SIGNATURE_DKIM && (r = read_dkim(s, a, why)) != VERIFY_NONE)
		return r;
	return kind == SIGNATURE_AS ? VERIFY_NONE : read_content(s, a, why);
}
