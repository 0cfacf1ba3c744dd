/*
 * signature_check.c: a signature held against what the DNS says (RFC 6376 sections 6.1.2, 6.1.3).
 *
 * Pure. Under one name several records may stand; SIGNATURE_RECORDS_MAX of them are tried, and one that
 * holds is enough.
 */
#include <openssl/err.h>

#include "hearth/error.h"
#include "verify/dkim_key.h"
#include "verify/signature.h"

const char *verify_result_name(enum verify_result r)
{
	static const char *const names[] = {
		[VERIFY_NONE] = "none",
		[VERIFY_PASS] = "pass",
		[VERIFY_FAIL] = "fail",
		[VERIFY_POLICY] = "policy",
		[VERIFY_NEUTRAL] = "neutral",
		[VERIFY_TEMPERROR] = "temperror",
		[VERIFY_PERMERROR] = "permerror",
	};

	return names[r];
}

void signature_answer(struct signature *s, struct arena *a, const struct dns_answer *answer)
{
	struct strbuf text = { 0 };

	s->answered = true;
	s->status = answer->status;
	s->record_count = 0;
	if (answer->status != DNS_FOUND)
		return;
	for (size_t i = 0; i < answer->count && s->record_count < SIGNATURE_RECORDS_MAX; i++) {
		strbuf_reset(&text);
		if (dns_read_txt(answer->rdata[i], &text))
			s->records[s->record_count++] = arena_slice(a, strbuf_slice(&text));
	}
	strbuf_free(&text);
}

/* t=s: what signs is the domain itself, nothing below it. */
static bool strictly_in(const struct signature *s)
{
	const struct tag *i = s->kind == SIGNATURE_DKIM ? tags_find(&s->tags, "i") : NULL;

	return !i || (i->value.n > s->domain.n && i->value.p[i->value.n - s->domain.n - 1] == '@' &&
			     slice_ieq(slice_skip(i->value, i->value.n - s->domain.n), s->domain));
}

/* By a key that is what it should be. */
static enum verify_result check_with(
	const struct signature *s, EVP_PKEY *key, uint64_t now_s, const char **why)
{
	int bits = EVP_PKEY_get_bits(key);

	if (s->algorithm == SIGNATURE_RSA && bits > DKIM_RSA_MAX) {
		*why = "the key is too long";
		return VERIFY_PERMERROR;
	}
	if (!dkim_key_verify(key, s->algorithm, s->digest, s->b)) {
		*why = "signature did not verify";
		return VERIFY_FAIL;
	}
	if (s->algorithm == SIGNATURE_RSA && bits < DKIM_RSA_MIN) {
		*why = "the key is too short";
		return VERIFY_POLICY;
	}
	if (s->end_s < now_s) {
		*why = "signature expired";
		return VERIFY_POLICY;
	}
	*why = NULL;
	return VERIFY_PASS;
}

static enum verify_result try_record(
	struct signature *s, struct arena *a, struct slice txt, uint64_t now_s, const char **why)
{
	enum verify_result r = VERIFY_PERMERROR;
	struct dkim_key record;
	EVP_PKEY *key = NULL;
	int rc = dkim_key_read(txt, a, &record);

	if (rc < 0)
		*why = rc == HEARTH_EUNSUPPORTED ? "unknown kind of key" : "key syntax error";
	else if (record.revoked)
		*why = "key revoked";
	else if (record.algorithm != s->algorithm || !record.sha256)
		*why = "inappropriate key algorithm";
	else if (!record.email)
		*why = "the key is not for mail";
	else if (record.strict && !strictly_in(s))
		*why = "i= is not d=, as the key wants";
	else if (!(key = dkim_key_load(&record)))
		*why = "key syntax error";
	else
		r = check_with(s, key, now_s, why);
	s->testing = rc == 0 && record.testing;
	EVP_PKEY_free(key);
	ERR_clear_error(); /* this thread's: a later TLS call must not find it */
	return r;
}

/* A key that is there says more than a record that is none. */
static bool is_better(enum verify_result r, enum verify_result best)
{
	return r == VERIFY_PASS || (r == VERIFY_POLICY && best != VERIFY_PASS) ||
	       best == VERIFY_PERMERROR || best == VERIFY_NONE;
}

enum verify_result signature_check(
	struct signature *s, struct arena *a, uint64_t now_s, const char **why)
{
	enum verify_result best = VERIFY_NONE;
	bool testing = false;

	if (!s->answered || s->status == DNS_FAILED || s->status == DNS_BOGUS) {
		*why = "key unavailable";
		return VERIFY_TEMPERROR;
	}
	for (size_t i = 0; i < s->record_count && best != VERIFY_PASS; i++) {
		const char *reason;
		enum verify_result r = try_record(s, a, s->records[i], now_s, &reason);

		if (!is_better(r, best))
			continue;
		best = r;
		testing = s->testing;
		*why = reason;
	}
	s->testing = testing;
	if (best != VERIFY_NONE)
		return best;
	*why = "no key for signature";
	return VERIFY_PERMERROR;
}
