/*
 * spf.c: check_host(), from term to term and record to record (spf.h). On the loop. A turn looks at the terms up to the next question: at most
 * SPF_TERMS_MAX of them, none of which does more than compare an address.
 */
#include "verify/spf.h"

#include <stdio.h>

#include "hearth/log.h"
#include "verify/signature.h"
#include "verify/spf_internal.h"

static void ask_record(struct spf_check *c);
static void on_answer(void *arg, const struct dns_answer *answer);

static struct spf_term *term(struct spf_check *c)
{
	return &spf_frame_of(c)->record.terms[spf_frame_of(c)->next];
}

/* ---- asking ---- */

void spf_ask(struct spf_check *c, enum spf_step step, struct slice name, enum dns_type type)
{
	c->step = step;
	c->dns.ask(c->dns.dns, &c->q, name, type, on_answer, c);
}

void spf_ask_addresses(struct spf_check *c, enum spf_step step, struct slice name)
{
	spf_ask(c, step, name, c->v6 ? DNS_AAAA : DNS_A);
}

void spf_finish(struct spf_check *c, enum spf_result result, const char *why)
{
	spf_fn *done = c->done;

	c->outcome.result = result;
	c->outcome.why = why;
	done(c->arg, &c->outcome);
}

/* ---- what comes of a record ---- */

static void next_term(struct spf_check *c)
{
	spf_frame_of(c)->next++;
	spf_run(c);
}

/* The record at the top has come to a result (sections 4.6.2, 5.2). */
static void settle(struct spf_check *c, enum spf_result result, const char *why)
{
	while (c->depth > 0) {
		c->depth--;
		if (result == SPF_NONE) {
			result = SPF_PERMERROR;
			why = "an include names a domain without a record";
		}
		if (result == SPF_PERMERROR || result == SPF_TEMPERROR)
			break;
		if (result != SPF_PASS) {
			next_term(c);
			return;
		}
		result = term(c)->result;
	}
	if (result == SPF_FAIL && c->sender.explain && spf_frame_of(c)->record.explanation.p) {
		c->outcome.result = result;
		spf_explain(c);
		return;
	}
	spf_finish(c, result, why);
}

static void matched(struct spf_check *c, bool matches)
{
	if (matches)
		settle(c, term(c)->result, "");
	else
		next_term(c);
}

static void permerror(struct spf_check *c, const char *why)
{
	spf_finish(c, SPF_PERMERROR, why);
}

/* Counts a term that asks (section 4.6.4); false: there were too many, and it has ended. */
static bool may_ask(struct spf_check *c)
{
	if (++c->lookups <= SPF_LOOKUPS_MAX)
		return true;
	permerror(c, "more than 10 terms that ask the DNS");
	return false;
}

/* Counts one that was answered without anything (section 4.6.4); false: there were too many, and it has ended. */
static bool may_be_void(struct spf_check *c)
{
	if (++c->voids <= SPF_VOIDS_MAX)
		return true;
	permerror(c, "more than 2 terms that ask for what is not there");
	return false;
}

/* ptr: each asks for the names anew as far as the bounds go, though the DNS is asked once. */
static void match_names(struct spf_check *c)
{
	struct slice domain = spf_target(c, term(c)->domain);
	bool matches = false;

	if (c->nameless && !may_be_void(c))
		return;
	for (size_t i = 0; i < c->name_n && !matches; i++)
		matches = signature_domain_covers(domain, slice_str(c->names[i]));
	matched(c, matches);
}

/* ---- terms ---- */

static void include(struct spf_check *c, struct slice domain)
{
	struct spf_frame *f = &c->frames[++c->depth];

	INVARIANT(c->depth <= SPF_LOOKUPS_MAX);
	*f = (struct spf_frame){ .next = 0 };
	snprintf(f->domain, sizeof(f->domain), "%.*s", SLICE_ARG(domain));
	ask_record(c);
}

static void redirect(struct spf_check *c)
{
	struct spf_frame *f = spf_frame_of(c);
	struct slice domain;

	if (f->record.redirect_names && !c->has_names) {
		spf_ask_names(c, SPF_STEP_TERM);
		return;
	}
	if (!may_ask(c))
		return;
	domain = spf_target(c, f->record.redirect);
	if (!verify_is_name(domain)) {
		permerror(c, "a redirect that names no domain");
		return;
	}
	*f = (struct spf_frame){ .redirected = true };
	snprintf(f->domain, sizeof(f->domain), "%.*s", SLICE_ARG(domain));
	ask_record(c);
}

/* One that asks. */
static void begin_term(struct spf_check *c)
{
	const struct spf_term *t = term(c);
	struct slice name;

	if ((t->names || t->mechanism == SPF_PTR) && !c->has_names) {
		spf_ask_names(c, SPF_STEP_TERM);
		return;
	}
	if (!may_ask(c))
		return;
	name = spf_target(c, t->domain);
	if (t->mechanism == SPF_PTR) {
		match_names(c);
	} else if (!verify_is_name(name)) {
		/* Section 4.8 leaves it open; RFC 8616 section 4 wants no match. */
		if (t->mechanism == SPF_INCLUDE)
			permerror(c, "an include that names no domain");
		else
			next_term(c);
	} else if (t->mechanism == SPF_INCLUDE) {
		include(c, name);
	} else if (t->mechanism == SPF_MX) {
		spf_ask(c, SPF_STEP_TERM, name, DNS_MX);
	} else if (t->mechanism == SPF_A) {
		spf_ask_addresses(c, SPF_STEP_TERM, name);
	} else {
		spf_ask(c, SPF_STEP_TERM, name, DNS_A); /* exists: also for IPv6 (section 5.7) */
	}
}

static bool is_matched(const struct spf_check *c, const struct spf_term *t)
{
	if (t->mechanism == SPF_ALL)
		return true;
	return spf_in_network(c, t->address, t->mechanism == SPF_IP6, t->bits4, t->bits6);
}

void spf_run(struct spf_check *c)
{
	struct spf_frame *f = spf_frame_of(c);

	for (; f->next < f->record.n; f->next++) {
		const struct spf_term *t = term(c);

		if (t->mechanism != SPF_ALL && t->mechanism != SPF_IP4 && t->mechanism != SPF_IP6) {
			begin_term(c);
			return;
		}
		if (is_matched(c, t)) {
			settle(c, t->result, "");
			return;
		}
	}
	if (f->record.redirect.p)
		redirect(c);
	else
		settle(c, SPF_NEUTRAL, "");
}

/* ---- MX ---- */

static void next_host(struct spf_check *c)
{
	if (c->host_at == c->host_n)
		next_term(c);
	else
		spf_ask_addresses(c, SPF_STEP_HOST, slice_str(c->hosts[c->host_at]));
}

static void on_mx(struct spf_check *c, const struct dns_answer *answer)
{
	char name[DNS_NAME_MAX + 1];
	int preference;

	/* The names of the address are kept elsewhere; these may take their place. */
	c->host_n = c->host_at = 0;
	for (size_t i = 0; i < answer->count; i++) {
		if (!dns_read_mx(answer->rdata[i], &preference, name) || !name[0])
			continue;
		if (c->host_n == SPF_HOSTS_MAX) {
			permerror(c, "an mx with more than 10 hosts");
			return;
		}
		snprintf(c->hosts[c->host_n++], sizeof(name), "%s", name);
	}
	next_host(c);
}

/* ---- answers ---- */

static bool has_failed(const struct dns_answer *answer)
{
	return answer->status == DNS_FAILED || answer->status == DNS_BOGUS;
}

/* Of a term: what it asked for first. */
static void on_term(struct spf_check *c, const struct dns_answer *answer)
{
	const struct spf_term *t = term(c);

	if (has_failed(answer)) {
		spf_finish(c, SPF_TEMPERROR, answer->why);
		return;
	}
	if (answer->status != DNS_FOUND && !may_be_void(c))
		return;
	if (t->mechanism == SPF_MX) {
		on_mx(c, answer);
	} else {
		matched(c, t->mechanism == SPF_EXISTS
				   ? answer->count > 0
				   : spf_any_address(c, answer, t->bits4, t->bits6));
	}
}

static void on_host(struct spf_check *c, const struct dns_answer *answer)
{
	const struct spf_term *t = term(c);

	c->host_at++;
	if (has_failed(answer))
		spf_finish(c, SPF_TEMPERROR, answer->why);
	else if (spf_any_address(c, answer, t->bits4, t->bits6))
		settle(c, t->result, "");
	else
		next_host(c);
}

/* The one record of SPF among the domain's (section 4.5); 0, 1, or more than one. */
static size_t pick_record(struct spf_check *c, const struct dns_answer *answer, struct slice *out)
{
	struct strbuf text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < answer->count; i++) {
		strbuf_reset(&text);
		if (!dns_read_txt(answer->rdata[i], &text) || !spf_record_is(strbuf_slice(&text)))
			continue;
		if (n++ == 0)
			*out = arena_slice(c->a, strbuf_slice(&text));
	}
	strbuf_free(&text);
	return n;
}

static void on_record(struct spf_check *c, const struct dns_answer *answer)
{
	struct slice text;
	size_t n = pick_record(c, answer, &text);

	if (has_failed(answer))
		spf_finish(c, SPF_TEMPERROR, answer->why);
	else if (n == 0 && spf_frame_of(c)->redirected)
		permerror(c, "a redirect to a domain without a record");
	else if (n == 0)
		settle(c, SPF_NONE, "");
	else if (n > 1)
		permerror(c, "more than one record");
	else if (!spf_record_parse(c->a, text, &spf_frame_of(c)->record))
		permerror(c, "a record with an error of syntax");
	else
		spf_run(c);
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct spf_check *c = arg;

	switch (c->step) {
	case SPF_STEP_START: spf_finish(c, SPF_NONE, ""); break;
	case SPF_STEP_RECORD: on_record(c, answer); break;
	case SPF_STEP_TERM: on_term(c, answer); break;
	case SPF_STEP_HOST: on_host(c, answer); break;
	case SPF_STEP_NAMES: spf_on_names(c, answer); break;
	case SPF_STEP_NAME: spf_on_name(c, answer); break;
	case SPF_STEP_EXPLAIN: spf_on_explanation(c, answer); break;
	}
}

/* ---- from outside ---- */

static void ask_record(struct spf_check *c)
{
	spf_ask(c, SPF_STEP_RECORD, slice_str(spf_frame_of(c)->domain), DNS_TXT);
}

/* check_host() has nothing to say of what is no name of several labels (section 4.3). */
static bool can_be_asked(struct slice domain)
{
	return verify_is_name(domain) && slice_chr(domain, '.') >= 0;
}

void spf_check_begin(struct spf_check *c, const struct verify_asker *dns,
	const struct spf_sender *sender, spf_fn *done, void *arg)
{
	struct slice domain = sender->domain;

	INVARIANT(!c->a && done);
	if (domain.n > 0 && domain.p[domain.n - 1] == '.')
		domain.n--;
	*c = (struct spf_check){ .dns = *dns, .a = arena_new(), .done = done, .arg = arg };
	c->sender = *sender;
	c->sender.local = arena_slice(c->a, sender->local.n ? sender->local : SLICE("postmaster"));
	c->sender.domain = arena_slice(c->a, domain);
	c->sender.helo = arena_slice(c->a, sender->helo);
	c->sender.receiver = arena_slice(c->a, sender->receiver);
	c->outcome.why = "";
	if (!spf_read_peer(c, sender->peer) || !can_be_asked(domain)) {
		/* What is no name is answered in the next turn. */
		spf_ask(c, SPF_STEP_START, SLICE("."), DNS_TXT);
		return;
	}
	snprintf(c->frames[0].domain, sizeof(c->frames[0].domain), "%.*s", SLICE_ARG(domain));
	ask_record(c);
}

void spf_check_drop(struct spf_check *c)
{
	if (!c->a)
		return;
	c->dns.drop(&c->q);
	arena_free(&c->a);
}
