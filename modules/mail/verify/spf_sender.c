/*
 * spf_sender.c: what SPF knows of who sends, and says with it: his address and its names, what macros stand
 * for, and the domain's own words (spf_internal.h). On the loop; SPF_HOSTS_MAX names are looked at.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "verify/signature.h"
#include "verify/spf_internal.h"
#include "verify/spf_macro.h"

/* ---- addresses ---- */

/* Both forms in which macros have the address; IPv4 within IPv6 is IPv4 (section 5). */
bool spf_read_peer(struct spf_check *c, const char *peer)
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

bool spf_in_network(
	const struct spf_check *c, const unsigned char *network, bool v6, int bits4, int bits6)
{
	int bits = v6 ? bits6 : bits4, whole = bits / 8;
	unsigned mask = 0xffu << (8 - bits % 8) & 0xff;

	if (v6 != c->v6 || memcmp(network, c->address, (size_t)whole) != 0)
		return false;
	return bits % 8 == 0 || ((network[whole] ^ c->address[whole]) & mask) == 0;
}

bool spf_any_address(
	const struct spf_check *c, const struct dns_answer *answer, int bits4, int bits6)
{
	size_t size = c->v6 ? 16 : 4;

	for (size_t i = 0; i < answer->count; i++)
		if (answer->rdata[i].n == size &&
			spf_in_network(
				c, (const unsigned char *)answer->rdata[i].p, c->v6, bits4, bits6))
			return true;
	return false;
}

/* ---- macros ---- */

/* The name %{p} stands for: the domain's own, one below it, or any (section 7.3). */
static struct slice validated(const struct spf_check *c, struct slice domain)
{
	struct slice best = { 0 };
	int rank = 0;

	for (size_t i = 0; i < c->name_n; i++) {
		struct slice name = slice_str(c->names[i]);
		int r = slice_ieq(name, domain) ? 3 : signature_domain_covers(domain, name) ? 2 : 1;

		if (r > rank)
			best = name;
		rank = r > rank ? r : rank;
	}
	return best;
}

static struct spf_macros macros(struct spf_check *c)
{
	struct slice domain = slice_str(spf_frame_of(c)->domain);

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
struct slice spf_target(struct spf_check *c, struct slice spec)
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

/* ---- the names of the client's address (%{p}, ptr; section 5.5) ---- */

static void names_known(struct spf_check *c)
{
	c->has_names = true;
	if (c->after == SPF_STEP_EXPLAIN)
		spf_explain(c);
	else
		spf_run(c);
}

void spf_ask_names(struct spf_check *c, enum spf_step after)
{
	char name[DNS_NAME_MAX + 1];
	struct spf_macros m = macros(c);
	struct strbuf out = { 0 };

	c->after = after;
	c->names = arena_zalloc(c->a, SPF_HOSTS_MAX * sizeof(*c->names));
	spf_macro_expand(&out, SLICE("%{ir}.%{v}.arpa"), &m);
	snprintf(name, sizeof(name), "%s", out.p);
	strbuf_free(&out);
	spf_ask(c, SPF_STEP_NAMES, slice_str(name), DNS_PTR);
}

static void next_name(struct spf_check *c)
{
	if (c->host_at == c->host_n)
		names_known(c);
	else
		spf_ask_addresses(c, SPF_STEP_NAME, slice_str(c->hosts[c->host_at]));
}

void spf_on_names(struct spf_check *c, const struct dns_answer *answer)
{
	c->host_n = c->host_at = 0;
	c->nameless = answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN;
	for (size_t i = 0; i < answer->count && c->host_n < SPF_HOSTS_MAX; i++)
		if (dns_read_name(answer->rdata[i], c->hosts[c->host_n]) && c->hosts[c->host_n][0])
			c->host_n++;
	next_name(c);
}

void spf_on_name(struct spf_check *c, const struct dns_answer *answer)
{
	if (spf_any_address(c, answer, 32, 128))
		snprintf(c->names[c->name_n++], sizeof(c->names[0]), "%s", c->hosts[c->host_at]);
	c->host_at++;
	next_name(c);
}

/* ---- the domain's own words (section 6.2): whatever fails here, there are none ---- */

void spf_explain(struct spf_check *c)
{
	const struct spf_record *r = &spf_frame_of(c)->record;
	struct slice name;

	if (r->explanation_names && !c->has_names) {
		spf_ask_names(c, SPF_STEP_EXPLAIN);
		return;
	}
	name = spf_target(c, r->explanation);
	if (verify_is_name(name))
		spf_ask(c, SPF_STEP_EXPLAIN, name, DNS_TXT);
	else
		spf_finish(c, SPF_FAIL, "");
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

void spf_on_explanation(struct spf_check *c, const struct dns_answer *answer)
{
	struct spf_macros m = macros(c);
	struct strbuf text = { 0 }, out = { 0 };
	bool names = false, good;

	good = answer->count == 1 && dns_read_txt(answer->rdata[0], &text) &&
	       spf_macro_is_good(strbuf_slice(&text), SPF_MACRO_TEXT, &names);
	if (good && names && !c->has_names) {
		strbuf_free(&text);
		spf_ask_names(c, SPF_STEP_EXPLAIN); /* and once more for the text */
		return;
	}
	if (good) {
		spf_macro_expand(&out, strbuf_slice(&text), &m);
		if (is_printable(strbuf_slice(&out)))
			c->outcome.explanation = arena_slice(c->a, strbuf_slice(&out));
	}
	strbuf_free(&text);
	strbuf_free(&out);
	spf_finish(c, SPF_FAIL, "");
}
