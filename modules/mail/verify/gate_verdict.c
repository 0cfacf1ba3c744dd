/*
 * gate_verdict.c: from what SPF, DKIM and DMARC say to what is done with a message, the field that says so,
 * and the rows for reports (gate_internal.h). On the loop; linear in the message's signatures and authors.
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "verify/gate_internal.h"
#include "verify/results.h"

/* ---- signatures ---- */

/* What anybody may have added to its end counts as not signed: the whole does, then. */
static bool is_partial(const struct dkim_signature *s)
{
	return s->result == VERIFY_PASS && s->unsigned_bytes > 0;
}

bool gate_counts(const struct dkim_signature *s)
{
	return s->result == VERIFY_PASS && !s->testing && !is_partial(s);
}

static const char *dkim_word(const struct dkim_signature *s)
{
	return verify_result_name(is_partial(s) ? VERIFY_POLICY : s->result);
}

/* ---- the chain of those who passed it on ---- */

static bool is_sealer(const struct mail *m, struct slice domain)
{
	for (const char *const *s = m->gates.sealers; *s; s++)
		if (signature_domain_covers(slice_str(*s), domain))
			return true;
	return false;
}

/*
 * One of those who sealed it last, all of whom are trusted ([mail] arc_trusted), has found that it passed
 * (RFC 9989 section 5.4: an override by local policy).
 */
static bool is_vouched_for(const struct mail_gate *g, struct slice author)
{
	const struct arc *arc = &g->message.arc;

	if (arc->result != VERIFY_PASS)
		return false;
	for (size_t i = arc->count; i > 0 && is_sealer(g->m, arc->seals[i - 1].domain); i--)
		if (results_say(arc->seals[i - 1].results, SLICE("dmarc"), SLICE("pass"),
			    SLICE("header.from"), author))
			return true;
	return false;
}

/* ---- the field ---- */

static void write_spf(struct strbuf *out, const struct gate_spf *s, bool helo)
{
	if (!s->domain.p)
		return;
	results_method(out, "spf", spf_result_name(s->result));
	results_comment(out, slice_str(s->why));
	results_property(out, helo ? "smtp.helo" : "smtp.mailfrom", s->domain);
}

static void write_dkim(struct strbuf *out, const struct dkim_signature *s)
{
	results_method(out, "dkim", dkim_word(s));
	results_comment(out, is_partial(s) ? SLICE("not all of the body is signed")
			     : s->result == VERIFY_PASS && s->testing
				     ? SLICE("its key is being tried")
				     : slice_str(s->reason));
	results_property(out, "header.d", s->domain);
	results_property(out, "header.s", s->selector);
	results_property(out, "header.a", s->algorithm);
	results_property(out, "header.b", s->b);
}

/* Its registered results are pass and fail (RFC 8617 section 10.2). */
static void write_arc(struct strbuf *out, const struct arc *arc)
{
	char sets[32];

	snprintf(sets, sizeof(sets), "i=%zu", arc->count);
	results_method(out, "arc", arc->result == VERIFY_PASS ? "pass" : "fail");
	results_comment(out, slice_str(arc->reason ? arc->reason : sets));
}

static void write_dmarc(struct strbuf *out, const struct mail_gate *g, const struct dmarc_check *d)
{
	const struct dmarc_outcome *o = &d->outcome;
	struct strbuf policy = { 0 };

	results_method(out, "dmarc", dmarc_result_name(o->result));
	if (o->policy.domain.p) {
		strbuf_printf(&policy, "p=%s%s%s", dmarc_policy_name(o->policy.record.p),
			o->policy.record.testing ? " t=y" : "",
			o->result == DMARC_RESULT_FAIL && is_vouched_for(g, d->author)
				? ", it passed at who sealed it"
				: "");
		results_comment(out, strbuf_slice(&policy));
	}
	results_property(out, "header.from", d->author);
	strbuf_free(&policy);
}

static struct slice write_results(struct mail_gate *g)
{
	const struct dkim *dkim = &g->message.dkim;
	struct strbuf out = { 0 };
	struct slice field;

	results_begin(&out, slice_str(hearth_hostname(g->m->h)));
	write_spf(&out, &g->mail_from, g->from[0] == '\0');
	write_spf(&out, &g->hello, true);
	if (dkim->count == 0)
		results_method(&out, "dkim", "none");
	for (size_t i = 0; i < dkim->count; i++)
		write_dkim(&out, &dkim->signatures[i]);
	if (g->message.arc.result != VERIFY_NONE)
		write_arc(&out, &g->message.arc);
	for (size_t i = 0; i < g->authors.n; i++)
		write_dmarc(&out, g, &g->dmarc[i]);
	if (g->authors.wrong) {
		results_method(&out, "dmarc", "permerror");
		results_comment(&out, slice_str(g->authors.wrong));
	}
	results_end(&out, 0);
	field = arena_slice(g->a, strbuf_slice(&out));
	strbuf_free(&out);
	return field;
}

/* ---- what is done ---- */

/* Neither of both, or they are another's (RFC 7372 section 3.3, RFC 9989 section 8.3). */
static const char *enhanced_code(const struct mail_gate *g)
{
	bool dkim = false;

	for (size_t i = 0; i < g->message.dkim.count; i++)
		dkim |= g->message.dkim.signatures[i].result == VERIFY_PASS;
	return dkim || g->mail_from.result == SPF_PASS ? "5.7.1" : "5.7.26";
}

static void refuse(struct mail_gate *g, const struct dmarc_check *d)
{
	struct strbuf text = { 0 };

	strbuf_printf(&text, "the policy of %.*s (DMARC) is to refuse what is not proven to be its",
		SLICE_ARG(d->outcome.policy.domain));
	if (g->mail_from.result == SPF_FAIL && g->mail_from.explanation.n > 0)
		strbuf_printf(&text, "; %.*s says: %.*s", SLICE_ARG(g->mail_from.domain),
			SLICE_ARG(slice_head(g->mail_from.explanation, 200)));
	g->verdict.action = GATE_REFUSE;
	g->verdict.enhanced = enhanced_code(g);
	g->verdict.text = arena_slice(g->a, strbuf_slice(&text));
	strbuf_free(&text);
}

/* The strictest of what the authors' domains want. */
static void decide(struct mail_gate *g)
{
	enum dmarc_policy strictest = DMARC_NONE;
	bool unknown = false;

	if (g->m->gates.mode != GATE_ENFORCE)
		return;
	if (g->authors.wrong)
		g->verdict.action = GATE_JUNK;
	for (size_t i = 0; i < g->authors.n; i++) {
		const struct dmarc_outcome *o = &g->dmarc[i].outcome;

		unknown |= o->result == DMARC_RESULT_TEMPERROR;
		if (o->result != DMARC_RESULT_FAIL || o->wanted <= strictest ||
			is_vouched_for(g, g->dmarc[i].author))
			continue;
		strictest = o->wanted;
		if (strictest == DMARC_REJECT)
			refuse(g, &g->dmarc[i]);
		else
			g->verdict.action = GATE_JUNK;
	}
	if (unknown && g->m->gates.defer && g->verdict.action != GATE_REFUSE) {
		g->verdict.action = GATE_LATER;
		g->verdict.enhanced = "4.7.0";
		g->verdict.text = SLICE("the DNS does not tell whether this is from whom it says; "
					"try again later");
	}
}

/* The worst of the authors, whatever came of them now. */
static enum mail_author find_author(const struct mail_gate *g)
{
	enum mail_author worst = MAIL_AUTHOR_FREE;

	for (size_t i = 0; i < g->authors.n; i++) {
		const struct dmarc_outcome *o = &g->dmarc[i].outcome;
		const struct dmarc_record *r = &o->policy.record;
		bool own = slice_eq(o->policy.domain, g->dmarc[i].author);
		enum dmarc_policy policy = own ? r->p : r->sp;
		enum mail_author one = o->dkim ? MAIL_AUTHOR_SIGNED : MAIL_AUTHOR_UNSIGNED;

		/* One that is tried is as the one before it (section 4.7: t). */
		if (o->policy.domain.p && policy > (r->testing ? DMARC_QUARANTINE : DMARC_NONE) &&
			one > worst)
			worst = one;
	}
	return worst;
}

/* ---- whose it is ---- */

/* SPF or a signature of this very domain: what is below or above it is nothing without a policy that says so. */
static bool is_by(struct mail_gate *g, struct slice domain)
{
	const struct dkim *dkim = &g->message.dkim;

	if (g->mail_from.result == SPF_PASS && slice_ieq(g->mail_from.domain, domain))
		return true;
	for (size_t i = 0; i < dkim->count; i++)
		if (gate_counts(&dkim->signatures[i]) &&
			slice_ieq(verify_domain(g->a, dkim->signatures[i].domain), domain))
			return true;
	return false;
}

static bool is_unsure(const struct mail_gate *g, enum dmarc_result result)
{
	const struct dkim *dkim = &g->message.dkim;
	bool asked = result == DMARC_RESULT_NONE && g->mail_from.result == SPF_TEMPERROR;

	for (size_t i = 0; i < dkim->count && result == DMARC_RESULT_NONE; i++)
		asked |= dkim->signatures[i].result == VERIFY_TEMPERROR;
	return asked || result == DMARC_RESULT_TEMPERROR;
}

static void find_proven(struct mail_gate *g)
{
	struct mail_gate_verdict *v = &g->verdict;
	enum dmarc_result result;

	if (g->authors.wrong || g->authors.sole.n == 0 || g->authors.n != 1)
		return;
	result = g->dmarc[0].outcome.result;
	if (result == DMARC_RESULT_PASS ||
		(result == DMARC_RESULT_NONE && is_by(g, g->authors.domains[0])))
		v->proven_author = g->authors.sole;
	else if (is_unsure(g, result))
		v->unsure_author = g->authors.sole;
}

/* ---- reports ---- */

static void write_result(struct json_writer *w, const char *type, struct slice domain,
	const char *other, struct slice value, const char *result)
{
	json_open_object(w);
	json_put_str(w, "type", type);
	json_put_text(w, "domain", slice_head(domain, DNS_NAME_MAX));
	json_put_text(w, other, slice_head(value, DNS_NAME_MAX));
	json_put_str(w, "result", result);
	json_close_object(w);
}

static struct slice list_results(struct mail_gate *g)
{
	const struct dkim *dkim = &g->message.dkim;
	struct strbuf out = { 0 };
	struct json_writer w;
	struct slice text;

	json_writer_init(&w, &out);
	json_open_array(&w);
	for (size_t i = 0; i < dkim->count; i++)
		write_result(&w, "dkim", dkim->signatures[i].domain, "selector",
			dkim->signatures[i].selector, dkim_word(&dkim->signatures[i]));
	write_result(&w, "spf", g->mail_from.domain, "scope",
		g->from[0] ? SLICE("mfrom") : SLICE("helo"), spf_result_name(g->mail_from.result));
	json_close_array(&w);
	text = arena_slice(g->a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static void set_disposition(
	const struct mail_gate *g, const struct dmarc_outcome *o, struct mail_dmarc_row *row)
{
	static const enum mail_disposition done[] = { [DMARC_NONE] = MAIL_DISPOSITION_NONE,
		[DMARC_QUARANTINE] = MAIL_DISPOSITION_QUARANTINE,
		[DMARC_REJECT] = MAIL_DISPOSITION_REJECT };

	row->reason = SLICE("");
	if (o->result == DMARC_RESULT_PASS) {
		row->disposition = MAIL_DISPOSITION_PASS;
		return;
	}
	row->disposition = done[o->wanted];
	if (o->testing)
		row->reason = SLICE("policy_test_mode");
	if (o->wanted > DMARC_NONE && is_vouched_for(g, row->header_from)) {
		row->disposition = MAIL_DISPOSITION_NONE;
		row->reason = SLICE("trusted_forwarder");
	} else if (o->wanted > DMARC_NONE && g->m->gates.mode != GATE_ENFORCE) {
		row->disposition = MAIL_DISPOSITION_NONE;
		row->reason = SLICE("local_policy");
	}
}

/* For the domains that ask for reports, of what is certain. One that comes again is counted then. */
static void list_rows(struct mail_gate *g)
{
	struct slice from = slice_str(g->from);

	slice_split(&from, '@');
	for (size_t i = 0; i < g->authors.n && g->verdict.action != GATE_LATER; i++) {
		const struct dmarc_outcome *o = &g->dmarc[i].outcome;
		struct mail_dmarc_row *row = &g->rows[g->row_n];

		if ((o->result != DMARC_RESULT_PASS && o->result != DMARC_RESULT_FAIL) ||
			o->policy.record.rua.n == 0)
			continue;
		g->row_n++;
		*row = (struct mail_dmarc_row){ .day = clock_wall_s() / 86400,
			.domain = o->policy.domain,
			.record = o->policy.text,
			.source = slice_str(g->peer),
			.header_from = g->dmarc[i].author,
			.envelope_from = verify_domain(g->a, from.p ? from : SLICE("")),
			.dkim = o->dkim,
			.spf = o->spf,
			.results = list_results(g) };
		set_disposition(g, o, row);
	}
}

void gate_judge(struct mail_gate *g)
{
	static const char *const actions[] = { "taken", "junk", "refused", "put off" };

	for (size_t i = 0; i < g->authors.n; i++)
		metric_add(g->m->gates.results[g->dmarc[i].outcome.result], 1);
	if (g->authors.wrong)
		metric_add(g->m->gates.results[DMARC_RESULT_PERMERROR], 1);
	g->verdict.results = write_results(g);
	g->verdict.chain = g->message.arc.result;
	decide(g);
	g->verdict.author = find_author(g);
	find_proven(g);
	g->verdict.sender_proven = g->from[0] != '\0' && g->mail_from.result == SPF_PASS;
	list_rows(g);
	log_info("mail", "checked", "conn", "%lld", (long long)g->conn, "from", "%.*s",
		SLICE_ARG(g->authors.n ? g->authors.domains[0] : SLICE("nobody")), "spf", "%s",
		spf_result_name(g->mail_from.result), "dmarc", "%s",
		g->authors.n ? dmarc_result_name(g->dmarc[0].outcome.result) : "permerror", "mail",
		"%s", actions[g->verdict.action], NULL);
}
