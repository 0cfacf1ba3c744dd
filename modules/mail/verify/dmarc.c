/*
 * dmarc.c: from what SPF and DKIM have proven, and the author's walk, to a verdict (dmarc.h). What is not
 * below the organization of the author costs no question.
 *
 * On the loop; DMARC_IDENTIFIERS_MAX and DMARC_WALKS_MAX bound it.
 */
#include "verify/dmarc.h"

#include "hearth/log.h"
#include "verify/signature.h"

static void align(struct dmarc_check *c);

const char *dmarc_result_name(enum dmarc_result result)
{
	static const char *const names[] = { "none", "pass", "fail", "temperror", "permerror" };

	return names[result];
}

/* ---- the verdict ---- */

static void finish(struct dmarc_check *c, enum dmarc_result result)
{
	INVARIANT(c->done && !c->ended);
	c->ended = true;
	c->outcome.result = result;
	c->done(c->arg);
}

/* What the owner of the policy wants, for mail that fails (section 5.3.6, 4.7: t). */
static void fail(struct dmarc_check *c, bool exists)
{
	const struct dmarc_found *f = &c->outcome.policy;
	enum dmarc_policy policy = slice_eq(f->domain, c->author) ? f->record.p
				   : exists                       ? f->record.sp
								  : f->record.np;

	c->outcome.testing = f->record.testing && policy > DMARC_NONE;
	c->outcome.wanted = c->outcome.testing ? policy - 1 : policy;
	finish(c, DMARC_RESULT_FAIL);
}

/*
 * ---- whether the author's domain is there at all (section 3.2.13, RFC 8020) ----
 * Only NXDOMAIN says that it is not, and that of an alias's target is none of the name that has the alias.
 */

static void on_existence(void *arg, const struct dns_answer *answer)
{
	struct dmarc_check *c = arg;

	if (answer->status == DNS_FAILED || answer->status == DNS_BOGUS)
		finish(c, DMARC_RESULT_TEMPERROR);
	else
		fail(c, answer->status != DNS_NXDOMAIN ||
				!slice_ieq(slice_str(answer->name), c->author));
}

/* ---- alignment (section 4.4) ---- */

static void aligned(struct dmarc_check *c, const struct dmarc_identifier *i)
{
	if (i->unknown)
		c->unknown = true;
	else if (i->dkim)
		c->outcome.dkim = true;
	else
		c->outcome.spf = true;
}

static bool is_strict(const struct dmarc_check *c, const struct dmarc_identifier *i)
{
	const struct dmarc_record *r = &c->outcome.policy.record;

	return i->dkim ? r->strict_dkim : r->strict_spf;
}

/* 1 aligned, 0 not; -1: its organization must be known. */
static int compare(const struct dmarc_check *c, const struct dmarc_identifier *i)
{
	if (slice_eq(i->domain, c->author))
		return 1;
	if (is_strict(c, i) || c->walk.failed)
		return 0;
	if (slice_eq(i->domain, c->walk.organization))
		return 1;
	/* Of another organization is what is not below this one's. */
	return signature_domain_covers(c->walk.organization, i->domain) ? -1 : 0;
}

static void on_other(void *arg)
{
	struct dmarc_check *c = arg;
	const struct dmarc_identifier *i = &c->identifiers[c->at];

	if (c->other.failed)
		c->unknown = true;
	else if (slice_eq(c->other.organization, c->walk.organization))
		aligned(c, i);
	c->at++;
	align(c);
}

static bool is_needed(const struct dmarc_check *c, const struct dmarc_identifier *i)
{
	return !(i->dkim ? c->outcome.dkim : c->outcome.spf);
}

static void conclude(struct dmarc_check *c)
{
	if (c->outcome.dkim || c->outcome.spf)
		finish(c, DMARC_RESULT_PASS);
	else if (c->unknown || c->walk.failed)
		finish(c, DMARC_RESULT_TEMPERROR);
	else if (slice_eq(c->outcome.policy.domain, c->author) ||
		 c->outcome.policy.record.np == c->outcome.policy.record.sp)
		fail(c, true);
	else
		c->dns.ask(c->dns.dns, &c->q, c->author, DNS_A, on_existence, c);
}

static void align(struct dmarc_check *c)
{
	for (; c->at < c->n; c->at++) {
		const struct dmarc_identifier *i = &c->identifiers[c->at];
		int rc = is_needed(c, i) ? compare(c, i) : 0;

		if (rc == 1) {
			aligned(c, i);
		} else if (rc < 0 && c->walks < DMARC_WALKS_MAX && verify_is_name(i->domain)) {
			c->walks++;
			dmarc_walk_begin(&c->other, &c->dns, c->a, i->domain, on_other, c);
			return;
		}
	}
	conclude(c);
}

/* Both have ended: the walk, and what SPF and DKIM say. */
static void decide(struct dmarc_check *c)
{
	c->outcome.policy = c->walk.policy;
	if (!c->walk.policy.domain.p)
		finish(c, c->walk.failed ? DMARC_RESULT_TEMPERROR : DMARC_RESULT_NONE);
	else if (!c->walk.policy.record.applies)
		finish(c, DMARC_RESULT_NONE);
	else
		align(c);
}

static void on_walk(void *arg)
{
	struct dmarc_check *c = arg;

	if (c->judged)
		decide(c);
}

/* ---- from outside ---- */

void dmarc_check_begin(
	struct dmarc_check *c, const struct verify_asker *dns, struct arena *a, struct slice author)
{
	INVARIANT(verify_is_name(author));
	*c = (struct dmarc_check){ .dns = *dns, .a = a, .author = arena_slice(a, author) };
	dmarc_walk_begin(&c->walk, dns, a, author, on_walk, c);
}

void dmarc_check_judge(struct dmarc_check *c, const struct dmarc_identifier *identifiers, size_t n,
	dmarc_fn *done, void *arg)
{
	INVARIANT(!c->judged && done);
	for (; c->n < n && c->n < DMARC_IDENTIFIERS_MAX; c->n++) {
		c->identifiers[c->n] = identifiers[c->n];
		c->identifiers[c->n].domain = arena_slice(c->a, identifiers[c->n].domain);
	}
	c->done = done;
	c->arg = arg;
	c->judged = true;
	if (c->walk.ended)
		decide(c);
}

void dmarc_check_drop(struct dmarc_check *c)
{
	if (!c->a)
		return;
	dmarc_walk_drop(&c->walk);
	dmarc_walk_drop(&c->other);
	c->dns.drop(&c->q);
	c->a = NULL;
}
