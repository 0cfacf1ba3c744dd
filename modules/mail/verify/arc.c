/*
 * arc.c: a chain of ARC sets, read, hashed, judged (arc.h, RFC 8617 section 5.2):
 *
 *	form       each instance from 1 on once, with its three fields; cv= "none" in the first, "pass" in
 *	           all others. "fail" in the last says that it was broken there already.
 *	message    the newest message signature holds: the message is as the last sealer passed it on
 *	seals      each holds over all sets up to its own
 *
 * Pure. The sets are hashed once, however many there are: each seal's hash goes on from the one before.
 */
#include "verify/arc.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "hearth/log.h"

/* ---- its form ---- */

/* Of a set's field: i=, by the tags of a signature, or at the front of results. */
static bool read_instance(const struct mime_field *field, bool is_results, uint64_t *out)
{
	struct slice text = field->value, name;
	struct tag_list tags;
	const struct tag *i;

	if (is_results) {
		text = slice_split(&text, ';');
		name = slice_split(&text, '=');
		return slice_eq(slice_trim(name), SLICE("i")) && tags_number(slice_trim(text), out);
	}
	if (text.n > SIGNATURE_FIELD_MAX || !tags_read(text, &tags))
		return false;
	i = tags_find(&tags, "i");
	return i && tags_number(i->value, out);
}

/* Where a field of that name has its place in a set; NULL: it is none of a set. */
static const struct mime_field **place_of(struct arc_set *set, struct slice name)
{
	if (slice_ieq(name, SLICE("ARC-Authentication-Results")))
		return &set->results;
	if (slice_ieq(name, SLICE("ARC-Message-Signature")))
		return &set->message;
	return slice_ieq(name, SLICE("ARC-Seal")) ? &set->seal : NULL;
}

void arc_collect(struct arc_sets *out, const struct header_fields *header)
{
	*out = (struct arc_sets){ .count = 0 };
	for (size_t k = 0; k < header->count; k++) {
		const struct mime_field *field = &header->fields[k];
		const struct mime_field **place = place_of(&out->sets[0], field->name);
		uint64_t i;

		if (!place)
			continue;
		if (!read_instance(field, place == &out->sets[0].results, &i) || i < 1 ||
			i > ARC_SETS_MAX) {
			out->why = "a set without a number from 1 to 50";
			continue;
		}
		place = place_of(&out->sets[i - 1], field->name);
		if (*place)
			out->why = "a field stands twice in a set";
		*place = field;
		if (i > out->count)
			out->count = (size_t)i;
	}
	for (size_t i = 0; i < out->count; i++)
		if (!out->sets[i].results || !out->sets[i].message || !out->sets[i].seal)
			out->why = "a field is missing in a set";
}

/* ---- reading ---- */

static void know(struct arc *c, enum verify_result r, const char *why)
{
	c->result = r;
	c->reason = why;
	c->known = true;
}

/* Section 5.2 step 3. */
static bool read_seal(struct arc *c, struct arena *a, const struct arc_sets *sets, size_t i)
{
	struct arc_seal_state *g = &c->seals[i];
	struct slice rest = sets->sets[i].results->value;
	const struct tag *cv;
	const char *why;

	slice_split(&rest, ';');
	g->results = slice_trim(rest);
	if (signature_read(&g->s, SIGNATURE_AS, a, sets->sets[i].seal, &why) != VERIFY_NONE) {
		know(c, VERIFY_FAIL, why);
		return false;
	}
	g->domain = g->s.domain;
	cv = tags_find(&g->s.tags, "cv");
	if (i + 1 == sets->count && slice_eq(cv->value, SLICE("fail"))) {
		know(c, VERIFY_FAIL, "it was broken before");
	} else if (!slice_eq(cv->value, i == 0 ? SLICE("none") : SLICE("pass"))) {
		know(c, VERIFY_FAIL, "cv= is not what it should be");
	} else if (tags_find(&g->s.tags, "h")) {
		know(c, VERIFY_FAIL, "a seal with h=");
	}
	return !c->known;
}

static EVP_MD_CTX *new_hash(const EVP_MD_CTX *from)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (!hash || !(from ? EVP_MD_CTX_copy_ex(hash, from)
			    : EVP_DigestInit_ex(hash, EVP_sha256(), NULL)))
		log_fatal("mail", "no SHA-256");
	return hash;
}

static void add_set(struct strbuf *out, const struct arc_set *set, bool with_seal)
{
	header_canonical(out, set->results, true);
	header_canonical(out, set->message, true);
	if (with_seal)
		header_canonical(out, set->seal, true);
}

void arc_covered(struct strbuf *out, const struct arc_sets *sets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_set(out, &sets->sets[i], true);
}

/* What each seal covers, hashed on from the one before. */
static void digest_seals(struct arc *c, const struct arc_sets *sets)
{
	EVP_MD_CTX *all = new_hash(NULL);
	struct strbuf text = { 0 };

	for (size_t i = 0; i < sets->count; i++) {
		struct signature *s = &c->seals[i].s;
		EVP_MD_CTX *one;

		strbuf_reset(&text);
		add_set(&text, &sets->sets[i], false);
		EVP_DigestUpdate(all, text.p, text.n);
		one = new_hash(all);
		strbuf_reset(&text);
		header_own(&text, s->field, s->b_room, true);
		EVP_DigestUpdate(one, text.p, text.n);
		EVP_DigestFinal_ex(one, s->digest, NULL);
		EVP_MD_CTX_free(one);
		strbuf_reset(&text);
		header_canonical(&text, s->field, true);
		EVP_DigestUpdate(all, text.p, text.n);
	}
	EVP_MD_CTX_free(all);
	strbuf_free(&text);
}

static void read_message(struct arc *c, struct arena *a, const struct header_fields *header,
	const struct mime_field *field, struct body_hash *body)
{
	struct strbuf text = { 0 };
	const char *why;

	if (signature_read(&c->message, SIGNATURE_AMS, a, field, &why) != VERIFY_NONE) {
		know(c, VERIFY_FAIL, why);
		return;
	}
	header_select(&text, header, c->message.names, c->message.name_count,
		c->message.header_relaxed, field);
	header_own(&text, field, c->message.b_room, c->message.header_relaxed);
	header_digest(strbuf_slice(&text), c->message.digest);
	strbuf_free(&text);
	c->body =
		body_hash_want(body, c->message.body_relaxed, c->message.limited, c->message.limit);
	if (c->body < 0)
		know(c, VERIFY_FAIL, "too many signatures");
}

void arc_read(
	struct arc *c, struct arena *a, const struct header_fields *header, struct body_hash *body)
{
	struct arc_sets *sets = mem_alloc(sizeof(*sets));

	*c = (struct arc){ .body = -1 };
	arc_collect(sets, header);
	c->count = sets->count;
	if (sets->why) {
		know(c, VERIFY_FAIL, sets->why);
	} else if (sets->count) {
		c->seals = arena_zalloc(a, sets->count * sizeof(*c->seals));
		for (size_t i = sets->count; i > 0 && !c->known; i--)
			read_seal(c, a, sets, i - 1);
		if (!c->known)
			read_message(c, a, header, sets->sets[sets->count - 1].message, body);
		if (!c->known)
			digest_seals(c, sets);
	}
	free(sets);
}

void arc_compare(struct arc *c, const struct body_hash *body)
{
	const struct body_want *w = c->body < 0 ? NULL : &body->wants[c->body];

	if (c->known || !w)
		return;
	if (!w->known || c->message.body_hash.n != BODY_HASH_SIZE ||
		CRYPTO_memcmp(c->message.body_hash.p, w->hash, BODY_HASH_SIZE) != 0)
		know(c, VERIFY_FAIL, "body hash did not verify");
	else if (w->limited && body_hash_length(body, w->relaxed) > w->limit)
		know(c, VERIFY_FAIL, "not all of the body is signed");
}

/* ---- the keys ---- */

size_t arc_asks(const struct arc *c)
{
	return c->known || !c->count ? 0 : c->count + 1;
}

static struct signature *signature_of(const struct arc *c, size_t i)
{
	INVARIANT(i <= c->count);
	return i < c->count ? &c->seals[i].s : (struct signature *)&c->message;
}

const char *arc_wants(const struct arc *c, size_t i)
{
	return i < arc_asks(c) ? signature_of(c, i)->key_name : NULL;
}

void arc_answer(struct arc *c, size_t i, struct arena *a, const struct dns_answer *answer)
{
	signature_answer(signature_of(c, i), a, answer);
}

void arc_judge(struct arc *c, struct arena *a, uint64_t now_s)
{
	if (c->known || !c->count)
		return;
	/* The message first, then the seals from the newest on. */
	for (size_t i = c->count + 1; i > 0; i--) {
		const char *why = NULL;
		enum verify_result r = signature_check(signature_of(c, i - 1), a, now_s, &why);

		if (r == VERIFY_PASS)
			continue;
		know(c, r == VERIFY_TEMPERROR ? VERIFY_TEMPERROR : VERIFY_FAIL, why);
		return;
	}
	know(c, VERIFY_PASS, NULL);
}
