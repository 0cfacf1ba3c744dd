/*
 * dkim.c: the DKIM signatures of a message (dkim.h). What can be told without the DNS is told first: the
 * form of the field, then whether the body is the one that was signed.
 *
 * Pure; DKIM_SIGNATURES_MAX bounds all of it. Nothing is kept of the header but the signatures' own fields.
 */
#include "verify/dkim.h"

#include <openssl/crypto.h>

#include "hearth/log.h"

static void say(struct dkim_signature *g, enum verify_result r, const char *why)
{
	g->result = r;
	g->reason = why;
}

static struct slice shown(const struct signature *s, const char *name)
{
	const struct tag *t = tags_find(&s->tags, name);

	return t ? t->value : (struct slice){ NULL, 0 };
}

/* The hash of what it covers of the header. */
static void digest(struct signature *s, const struct header_fields *header)
{
	struct strbuf text = { 0 };

	header_select(&text, header, s->names, s->name_count, s->header_relaxed, s->field);
	header_own(&text, s->field, s->b_room, s->header_relaxed);
	header_digest(strbuf_slice(&text), s->digest);
	strbuf_free(&text);
}

static void read_one(struct dkim_signature *g, struct arena *a, const struct header_fields *header,
	const struct mime_field *field, struct body_hash *body)
{
	const char *why = NULL;
	enum verify_result r = signature_read(&g->s, SIGNATURE_DKIM, a, field, &why);

	g->domain = shown(&g->s, "d");
	g->identity = shown(&g->s, "i");
	g->selector = shown(&g->s, "s");
	g->algorithm = shown(&g->s, "a");
	g->b = slice_head(tags_squeezed(a, shown(&g->s, "b")), 8);
	g->body = -1;
	if (r != VERIFY_NONE) {
		say(g, r, why);
		return;
	}
	digest(&g->s, header);
	g->body = body_hash_want(body, g->s.body_relaxed, g->s.limited, g->s.limit);
	if (g->body < 0)
		say(g, VERIFY_NEUTRAL, "too many signatures");
}

void dkim_read(
	struct dkim *d, struct arena *a, const struct header_fields *header, struct body_hash *body)
{
	*d = (struct dkim){ .count = 0 };
	for (size_t i = 0; i < header->count; i++) {
		if (!slice_ieq(header->fields[i].name, SLICE("DKIM-Signature")))
			continue;
		if (d->count == DKIM_SIGNATURES_MAX) {
			d->ignored++;
			continue;
		}
		if (!d->signatures)
			d->signatures =
				arena_zalloc(a, DKIM_SIGNATURES_MAX * sizeof(*d->signatures));
		read_one(&d->signatures[d->count++], a, header, &header->fields[i], body);
	}
}

void dkim_compare(struct dkim *d, const struct body_hash *body)
{
	for (size_t i = 0; i < d->count; i++) {
		struct dkim_signature *g = &d->signatures[i];
		const struct body_want *w = g->body < 0 ? NULL : &body->wants[g->body];

		if (!w)
			continue;
		if (!w->known)
			say(g, VERIFY_FAIL, "the body is shorter than l=");
		else if (g->s.body_hash.n != BODY_HASH_SIZE ||
			 CRYPTO_memcmp(g->s.body_hash.p, w->hash, BODY_HASH_SIZE) != 0)
			say(g, VERIFY_FAIL, "body hash did not verify");
		else if (w->limited)
			g->unsigned_bytes = body_hash_length(body, w->relaxed) - w->limit;
	}
}

const char *dkim_wants(const struct dkim *d, size_t i)
{
	const struct dkim_signature *g = &d->signatures[i];

	INVARIANT(i < d->count);
	return g->result == VERIFY_NONE ? g->s.key_name : NULL;
}

void dkim_answer(struct dkim *d, size_t i, struct arena *a, const struct dns_answer *answer)
{
	INVARIANT(i < d->count);
	signature_answer(&d->signatures[i].s, a, answer);
}

void dkim_judge(struct dkim *d, struct arena *a, uint64_t now_s)
{
	for (size_t i = 0; i < d->count; i++) {
		struct dkim_signature *g = &d->signatures[i];
		const char *why = NULL;

		if (g->result != VERIFY_NONE)
			continue;
		say(g, signature_check(&g->s, a, now_s, &why), NULL);
		g->reason = why;
		g->testing = g->s.testing;
	}
}
