/*
 * arc_seal.c: writes an ARC set (arc_seal.h). The seal covers all sets; where the chain does not hold, its
 * own alone (section 5.1.2).
 *
 * Pure, any thread, bounded by the message.
 */
#include "sign/arc_seal.h"

#include <stdlib.h>

#include "verify/arc.h"

static const char *cv_of(enum verify_result chain)
{
	return chain == VERIFY_PASS ? "pass" : chain == VERIFY_NONE ? "none" : "fail";
}

/* The last sealer has given it up: nothing comes behind that (section 5.1.2). */
static bool ends_in_fail(const struct arc_sets *sets)
{
	struct tag_list tags;
	const struct tag *cv;

	if (!sets->count || !tags_read(sets->sets[sets->count - 1].seal->value, &tags))
		return sets->count > 0;
	cv = tags_find(&tags, "cv");
	return !cv || slice_eq(cv->value, SLICE("fail"));
}

static bool add_message_signature(
	struct strbuf *out, struct sign_message *m, size_t instance, const struct sign_as *as)
{
	struct strbuf covered = { 0 }, field = { 0 };
	bool good;

	sign_message_name(m, SLICE("DKIM-Signature"));
	sign_message_covered(&covered, m);
	strbuf_printf(&field,
		"ARC-Message-Signature: i=%zu; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s; "
		"t=%lld;\r\n\t",
		instance, sign_algorithm_name(as->algorithm), as->domain, as->selector,
		(long long)as->now_s);
	sign_message_tags(&field, m);
	good = sign_field(
		out, strbuf_slice(&covered), strbuf_slice(&field), as->key, as->algorithm);
	strbuf_free(&covered);
	strbuf_free(&field);
	return good;
}

/* A field that was just written. */
static void add_canonical(struct strbuf *out, struct slice field)
{
	struct mime_fields it = mime_fields_of(field);
	struct mime_field f;

	if (mime_fields_next(&it, &f))
		header_canonical(out, &f, true);
}

static bool add_seal(struct strbuf *out, struct slice covered, size_t instance, const char *cv,
	const struct sign_as *as)
{
	struct strbuf field = { 0 };
	bool good;

	strbuf_printf(&field,
		"ARC-Seal: i=%zu; a=%s; t=%lld; cv=%s;\r\n\td=%s; s=%s;\r\n\tb=", instance,
		sign_algorithm_name(as->algorithm), (long long)as->now_s, cv, as->domain,
		as->selector);
	good = sign_field(out, covered, strbuf_slice(&field), as->key, as->algorithm);
	strbuf_free(&field);
	return good;
}

static bool write_set(struct strbuf *out, struct sign_message *m, const struct arc_sets *sets,
	const struct arc_finding *found, const struct sign_as *as)
{
	struct strbuf results = { 0 }, message = { 0 }, covered = { 0 };
	size_t instance = sets->count + 1;
	bool good;

	strbuf_printf(&results, "ARC-Authentication-Results: i=%zu; %s; %.*s\r\n", instance,
		found->authserv_id, SLICE_ARG(found->results.n ? found->results : SLICE("none")));
	good = add_message_signature(&message, m, instance, as);
	if (good) {
		if (found->chain == VERIFY_PASS)
			arc_covered(&covered, sets, sets->count);
		add_canonical(&covered, strbuf_slice(&results));
		add_canonical(&covered, strbuf_slice(&message));
		good = add_seal(out, strbuf_slice(&covered), instance, cv_of(found->chain), as);
	}
	if (good) {
		strbuf_add(out, strbuf_slice(&message));
		strbuf_add(out, strbuf_slice(&results));
	}
	strbuf_free(&results);
	strbuf_free(&message);
	strbuf_free(&covered);
	return good;
}

bool arc_seal(struct strbuf *out, struct arena *a, struct slice message,
	const struct arc_finding *found, const struct sign_as *as)
{
	struct arc_sets *sets = mem_alloc(sizeof(*sets));
	struct sign_message m;
	bool good;

	sign_message_read(&m, a, message);
	arc_collect(sets, &m.header);
	good = !sets->why && sets->count < ARC_SETS_MAX && !ends_in_fail(sets) &&
	       (sets->count > 0) == (found->chain != VERIFY_NONE) &&
	       write_set(out, &m, sets, found, as);
	free(sets);
	return good;
}
