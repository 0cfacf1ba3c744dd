/*
 * spf.c: see spf.h. On the loop. A turn looks at the terms up to the next question: at most
 * SPF_TERMS_MAX of them, none of which does more than compare an address.
 */
#include "verify/spf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "hearth/log.h"
#include "verify/spf_macro.h"

static void run(struct spf_check *c);
static void explain(struct spf_check *c);
static void ask_record(struct spf_check *c);
static void on_answer(void *arg, const struct dns_answer *answer);

static struct spf_frame *frame(struct spf_check *c)
{
	return &c->frames[c->depth];
}

static struct spf_term *term(struct spf_check *c)
{
	return &frame(c)->record.terms[frame(c)->next];
}

/* ---- asking ---- */

static void ask(struct spf_check *c, enum spf_step step, struct slice name, enum dns_type type)
{
	c->step = step;
	c->dns.ask(c->dns.dns, &c->q, name, type, on_answer, c);
}

static void ask_addresses(struct spf_check *c, enum spf_step step, struct slice name)
{
	ask(c, step, name, c->v6 ? DNS_AAAA : DNS_A);
}

static void finish(struct spf_check *c, enum spf_result result, const char *why)
{
	spf_fn *done = c->done;

	c->outcome.result = result;
	c->outcome.why = why;
	done(c->arg, &c->outcome);
}

/* ---- macros ---- */

static bool is_below(struct slice name, struct slice domain)
{
	return name.n > domain.n && name.p[name.n - domain.n - 1] == '.' &&
	       slice_ieq(slice_skip(name, name.n - domain.n), domain);
}

/* The name %{p} stands for: the domain's own, one below it, or any (section 7.3). */
static struct slice validated(const struct spf_check *c, struct slice domain)
{
	struct slice best = { 0 };
	int rank = 0;

	for (size_t i = 0; i < c->name_n; i++) {
		struct slice name = slice_str(c->names[i]);
		int r = slice_ieq(name, domain) ? 3 : is_below(name, domain) ? 2 : 1;

		if (r > rank)
			best = name;
		rank = r > rank ? r : rank;
	}
	return best;
}

static struct spf_macros macros(struct spf_check *c)
{
	struct slice domain = slice_str(frame(c)->domain);

	return (struct spf_macros){ .local = c->sender.local,
		.sender_domain = c->sender.domain,
		.domain = domain,
		.address = slice_str(c->dotted),
		.readable = slice_str(c->readable),
		.v6 = c->v6,
		.helo = c->sender.helo,
		.validated = validated(c, domain),
		.receiver = c->sender.receiver,
		.now_s = c->sender.now_s };
}

/* The name of a domain-spec, or of the domain itself where there is none. */
static struct slice target(struct spf_check *c, struct slice spec)
{
	struct spf_macros m = macros(c);
	struct strbuf out = { 0 };
	struct slice name;

	if (spec.n == 0)
		return m.domain;
	spf_macro_expand_name(&out, spec, &m);
	name = arena_slice(c->a, strbuf_slice(&out));
	strbuf_free(&out);
	return name;
}

/* ---- addresses ---- */

static bool in_network(
	const struct spf_check *c, const unsigned char *network, bool v6, int bits4, int bits6)
{
	int bits = v6 ? bits6 : bits4, whole = bits / 8;
	unsigned mask = 0xffu << (8 - bits % 8) & 0xff;

	if (v6 != c->v6 || memcmp(network, c->address, (size_t)whole) != 0)
		return false;
	return bits % 8 == 0 || ((network[whole] ^ c->address[whole]) & mask) == 0;
}

static bool any_address(
	const struct spf_check *c, const struct dns_answer *answer, int bits4, int bits6)
{
	size_t size = c->v6 ? 16 : 4;

	for (size_t i = 0; i < answer->count; i++)
		if (answer->rdata[i].n == size &&
			in_network(
				c, (const unsigned char *)answer->rdata[i].p, c->v6, bits4, bits6))
			return true;
	return false;
}

/* ---- what comes of a record ---- */

static void next_term(struct spf_check *c)
{
	frame(c)->next++;
	run(c);
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
	if (result == SPF_FAIL && c->sender.explain && frame(c)->record.explanation.p) {
		c->outcome.result = result;
		explain(c);
		return;
	}
	finish(c, result, why);
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
	finish(c, SPF_PERMERROR, why);
}

/* Counts a term that asks (section 4.6.4); false: there were too many, and it has ended. */
static bool may_ask(struct spf_check *c)
{
	if (++c->lookups <= SPF_LOOKUPS_MAX)
		return true;
	permerror(c, "more than 10 terms that ask the DNS");
	return false;
}

/* ---- the names of the client's address (%{p}, ptr; section 5.5) ---- */

static void names_known(struct spf_check *c)
{
	c->has_names = true;
	if (c->after == SPF_STEP_EXPLAIN)
		explain(c);
	else
		run(c);
}

static void ask_names(struct spf_check *c, enum spf_step after)
{
	char name[DNS_NAME_MAX + 1];
	struct spf_macros m = macros(c);
	struct strbuf out = { 0 };

	c->after = after;
	c->names = arena_zalloc(c->a, SPF_HOSTS_MAX * sizeof(*c->names));
	spf_macro_expand(&out, SLICE("%{ir}.%{v}.arpa"), &m);
	snprintf(name, sizeof(name), "%s", out.p);
	strbuf_free(&out);
	ask(c, SPF_STEP_NAMES, slice_str(name), DNS_PTR);
}

static void next_name(struct spf_check *c)
{
	if (c->host_at == c->host_n)
		names_known(c);
	else
		ask_addresses(c, SPF_STEP_NAME, slice_str(c->hosts[c->host_at]));
}

static void on_names(struct spf_check *c, const struct dns_answer *answer)
{
	c->host_n = c->host_at = 0;
	for (size_t i = 0; i < answer->count && c->host_n < SPF_HOSTS_MAX; i++)
		if (dns_read_name(answer->rdata[i], c->hosts[c->host_n]) && c->hosts[c->host_n][0])
			c->host_n++;
	next_name(c);
}

static void on_name(struct spf_check *c, const struct dns_answer *answer)
{
	if (any_address(c, answer, 32, 128))
		snprintf(c->names[c->name_n++], sizeof(c->names[0]), "%s", c->hosts[c->host_at]);
	c->host_at++;
	next_name(c);
}

static void match_names(struct spf_check *c)
{
	struct slice domain = target(c, term(c)->domain);
	bool matches = false;

	for (size_t i = 0; i < c->name_n && !matches; i++)
		matches = slice_ieq(slice_str(c->names[i]), domain) ||
			  is_below(slice_str(c->names[i]), domain);
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
	struct spf_frame *f = frame(c);
	struct slice domain;

	if (f->record.redirect_names && !c->has_names) {
		ask_names(c, SPF_STEP_TERM);
		return;
	}
	if (!may_ask(c))
		return;
	domain = target(c, f->record.redirect);
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
		ask_names(c, SPF_STEP_TERM);
		return;
	}
	if (!may_ask(c))
		return;
	name = target(c, t->domain);
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
		ask(c, SPF_STEP_TERM, name, DNS_MX);
	} else if (t->mechanism == SPF_A) {
		ask_addresses(c, SPF_STEP_TERM, name);
	} else {
		ask(c, SPF_STEP_TERM, name, DNS_A); /* exists: also for IPv6 (section 5.7) */
	}
}

static bool is_matched(const struct spf_check *c, const struct spf_term *t)
{
	if (t->mechanism == SPF_ALL)
		return true;
	return in_network(c, t->address, t->mechanism == SPF_IP6, t->bits4, t->bits6);
}

static void run(struct spf_check *c)
{
	struct spf_frame *f = frame(c);

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
		ask_addresses(c, SPF_STEP_HOST, slice_str(c->hosts[c->host_at]));
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
		finish(c, SPF_TEMPERROR, answer->why);
	} else if (answer->status != DNS_FOUND && ++c->voids > SPF_VOIDS_MAX) {
		permerror(c, "more than 2 terms that ask for what is not there");
	} else if (t->mechanism == SPF_MX) {
		on_mx(c, answer);
	} else {
		matched(c, t->mechanism == SPF_EXISTS ? answer->count > 0
						      : any_address(c, answer, t->bits4, t->bits6));
	}
}

static void on_host(struct spf_check *c, const struct dns_answer *answer)
{
	const struct spf_term *t = term(c);

	c->host_at++;
	if (has_failed(answer))
		finish(c, SPF_TEMPERROR, answer->why);
	else if (any_address(c, answer, t->bits4, t->bits6))
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
		finish(c, SPF_TEMPERROR, answer->why);
	else if (n == 0 && frame(c)->redirected)
		permerror(c, "a redirect to a domain without a record");
	else if (n == 0)
		settle(c, SPF_NONE, "");
	else if (n > 1)
		permerror(c, "more than one record");
	else if (!spf_record_parse(c->a, text, &frame(c)->record))
		permerror(c, "a record with an error of syntax");
	else
		run(c);
}

/* ---- the domain's own words (section 6.2): whatever fails here, there are none ---- */

static void explain(struct spf_check *c)
{
	const struct spf_record *r = &frame(c)->record;
	struct slice name;

	if (r->explanation_names && !c->has_names) {
		ask_names(c, SPF_STEP_EXPLAIN);
		return;
	}
	name = target(c, r->explanation);
	if (verify_is_name(name))
		ask(c, SPF_STEP_EXPLAIN, name, DNS_TXT);
	else
		finish(c, SPF_FAIL, "");
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

static void on_explanation(struct spf_check *c, const struct dns_answer *answer)
{
	struct spf_macros m = macros(c);
	struct strbuf text = { 0 }, out = { 0 };
	bool names = false, good;

	good = answer->count == 1 && dns_read_txt(answer->rdata[0], &text) &&
	       spf_macro_is_good(strbuf_slice(&text), SPF_MACRO_TEXT, &names);
	if (good && names && !c->has_names) {
		strbuf_free(&text);
		ask_names(c, SPF_STEP_EXPLAIN); /* and once more for the text */
		return;
	}
	if (good) {
		spf_macro_expand(&out, strbuf_slice(&text), &m);
		if (is_printable(strbuf_slice(&out)))
			c->outcome.explanation = arena_slice(c->a, strbuf_slice(&out));
	}
	strbuf_free(&text);
	strbuf_free(&out);
	finish(c, SPF_FAIL, "");
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct spf_check *c = arg;

	switch (c->step) {
	case SPF_STEP_START: finish(c, SPF_NONE, ""); break;
	case SPF_STEP_RECORD: on_record(c, answer); break;
	case SPF_STEP_TERM: on_term(c, answer); break;
	case SPF_STEP_HOST: on_host(c, answer); break;
	case SPF_STEP_NAMES: on_names(c, answer); break;
	case SPF_STEP_NAME: on_name(c, answer); break;
	case SPF_STEP_EXPLAIN: on_explanation(c, answer); break;
	}
}

/* ---- from outside ---- */

static void ask_record(struct spf_check *c)
{
	ask(c, SPF_STEP_RECORD, slice_str(frame(c)->domain), DNS_TXT);
}

/* Both forms in which macros have the address; IPv4 within IPv6 is IPv4 (section 5). */
static bool read_peer(struct spf_check *c, const char *peer)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char *at = c->dotted;

	c->v6 = inet_pton(AF_INET, peer, c->address) != 1;
	if (c->v6 && inet_pton(AF_INET6, peer, c->address) != 1)
		return false;
	if (c->v6 && memcmp(c->address, mapped, sizeof(mapped)) == 0) {
		memmove(c->address, c->address + 12, 4);
		c->v6 = false;
	}
	inet_ntop(c->v6 ? AF_INET6 : AF_INET, c->address, c->readable, sizeof(c->readable));
	if (!c->v6) {
		snprintf(c->dotted, sizeof(c->dotted), "%s", c->readable);
		return true;
	}
	for (int i = 0; i < 32; i++) {
		*at++ = "0123456789abcdef"[c->address[i / 2] >> (i % 2 ? 0 : 4) & 15];
		*at++ = i < 31 ? '.' : '\0';
	}
	return true;
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
	if (!read_peer(c, sender->peer) || !can_be_asked(domain)) {
		/* What is no name is answered in the next turn. */
		ask(c, SPF_STEP_START, SLICE("."), DNS_TXT);
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
