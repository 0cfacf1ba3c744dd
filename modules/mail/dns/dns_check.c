/*
 * dns_check.c: compares the records that should be there with those that are, as the resolver has
 * them: pure, for a record and its answer; and for a command, on its main thread, all of them one after
 * the other, each within DNS_PATIENCE_MS. The server does it by dns_state.c.
 *
 *   A, AAAA    one of the records is the address
 *   MX         one of them names this server; more are fine
 *   TXT        exactly one record is of the kind (v=spf1, v=DMARC1): two count as none (RFC 7208 4.5);
 *              what it says is the domain's own business and is shown, if others can read it; but a
 *              DKIM key is the same
 *   SRV        one of them has the name and the port
 *   CNAME      it leads to this server's name, or has addresses of its own: those are shown
 *   CAA        one of them is ours; others may be
 *   PTR        one of the names of the address is the server's
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "dns/dns_records.h"
#include "hearth/arena.h"
#include "verify/dkim_key.h"
#include "verify/dmarc_record.h"
#include "verify/spf_record.h"

/* Bytes of what is there after which no more of it is told. */
#define FOUND_MAX 4096

static const char *const words[] = { "ok", "ok", "MISSING", "WRONG", "UNKNOWN" };

static void note(struct dns_compared *l, const char *text)
{
	if (l->found.n > FOUND_MAX)
		return;
	if (l->found.n > 0)
		strbuf_add(&l->found, SLICE(", "));
	/* Published by whoever: nothing of it may move the terminal's cursor. */
	for (; *text; text++)
		strbuf_add(&l->found, (unsigned char)*text < ' ' || *text == 0x7f
					      ? SLICE("?")
					      : slice_of(text, 1));
}

/* Flags, a tag with its length, a value (RFC 8659 4.1). */
static bool show_caa(struct slice rdata, struct strbuf *out)
{
	size_t n = rdata.n > 1 ? (unsigned char)rdata.p[1] : 0;

	if (n == 0 || rdata.n < 2 + n)
		return false;
	strbuf_printf(out, "%d %.*s \"%.*s\"", (unsigned char)rdata.p[0], (int)n, rdata.p + 2,
		SLICE_ARG(slice_skip(rdata, 2 + n)));
	return true;
}

/* One record as text, in the form of dns_record's value; false when it is malformed. */
static bool show(enum dns_type type, struct slice rdata, struct strbuf *out)
{
	char name[DNS_NAME_MAX + 1];
	int number;

	switch ((int)type) { /* CAA is beside dns.h's */
	case DNS_A:
	case DNS_AAAA:
		return dns_read_address(rdata, name) && (strbuf_add(out, slice_str(name)), true);
	case DNS_MX:
		return dns_read_mx(rdata, &number, name) &&
		       (strbuf_printf(out, "%d %s", number, name), true);
	case DNS_SRV:
		return dns_read_srv(rdata, &number, name) &&
		       (strbuf_printf(out, "0 1 %d %s", number, name), true);
	case DNS_TXT: return dns_read_txt(rdata, out);
	case DNS_CAA: return show_caa(rdata, out);
	case DNS_PTR: return dns_read_name(rdata, name) && (strbuf_add(out, slice_str(name)), true);
	default: return false;
	}
}

/* Records of one DKIM key, or of none. */
static bool same_key(const char *a, const char *b)
{
	struct arena *scratch = arena_new();
	struct dkim_key wanted, found;
	bool same = dkim_key_read(slice_str(a), scratch, &wanted) == 0 &&
		    dkim_key_read(slice_str(b), scratch, &found) == 0 &&
		    wanted.algorithm == found.algorithm && slice_eq(wanted.bytes, found.bytes);

	arena_free(&scratch);
	return same;
}

/* Whether a record that is there does what the wanted one is for. */
static bool does(const struct dns_record *wanted, const char *found)
{
	const char *a = wanted->value, *b = found;

	if (wanted->type == DNS_TXT && strncmp(a, "v=DKIM1", 7) == 0)
		return same_key(a, b);
	if (wanted->type == DNS_TXT)
		return strncasecmp(a, b, strcspn(a, " ;")) == 0;
	if (wanted->type == DNS_MX) {
		a = strchr(a, ' ');
		b = strchr(b, ' ');
	}
	return a && b && strcasecmp(a, b) == 0;
}

/* Others take a policy with an error in it for none, or refuse for it (RFC 7208 section 2.6.7). */
static bool is_sound(const struct dns_record *wanted, struct slice found)
{
	struct arena *a = arena_new();
	struct spf_record spf;
	struct dmarc_record dmarc;
	bool sound = true;

	if (strncmp(wanted->value, "v=spf1", 6) == 0)
		sound = spf_record_is(found) && spf_record_parse(a, found, &spf);
	else if (strncmp(wanted->value, "v=DMARC1", 8) == 0)
		sound = dmarc_record_parse(found, &dmarc) && dmarc.applies;
	arena_free(&a);
	return sound;
}

/* An alias was followed to the address of the name it should lead to; else where it leads is shown. */
static void compare_alias(struct dns_compared *l, const struct dns_answer *answer)
{
	char address[46];

	if (l->verdict == DNS_IS_UNKNOWN)
		return;
	if (strcasecmp(answer->name, l->record->value) == 0)
		l->verdict = DNS_IS_GOOD;
	else if (answer->status == DNS_FOUND)
		l->verdict = DNS_IS_OTHER;
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++)
		if (dns_read_address(answer->rdata[i], address))
			note(l, address);
}

void dns_compare(void *arg, const struct dns_answer *answer)
{
	struct dns_compared *l = arg;
	struct strbuf text = { 0 };

	l->secure = answer->secure;
	l->verdict = answer->status == DNS_FOUND ? DNS_IS_WRONG
		     : answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN
			     ? DNS_IS_MISSING
			     : DNS_IS_UNKNOWN;
	if (l->verdict == DNS_IS_UNKNOWN)
		note(l, answer->why);
	if (l->record->type == DNS_CNAME) {
		compare_alias(l, answer);
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		bool fits;

		strbuf_reset(&text);
		if (!show(l->record->type, answer->rdata[i], &text) || !text.p)
			continue;
		fits = does(l->record, text.p);
		l->of_kind += fits;
		if (fits && l->verdict == DNS_IS_WRONG && is_sound(l->record, strbuf_slice(&text)))
			l->verdict = strcasecmp(text.p, l->record->value) == 0 ? DNS_IS_GOOD
									       : DNS_IS_OTHER;
		if (fits || l->record->type != DNS_TXT)
			note(l, text.p);
	}
	strbuf_free(&text);
	if (l->record->type == DNS_TXT && l->of_kind != 1 && answer->status == DNS_FOUND)
		l->verdict = l->of_kind ? DNS_IS_WRONG : DNS_IS_MISSING;
}

static bool check(struct dns *dns, const struct dns_record *record)
{
	struct dns_compared l = { .record = record };
	bool waived;

	dns_look(dns, slice_str(record->name), dns_record_ask(record), dns_compare, &l);
	waived = record->optional && l.verdict == DNS_IS_MISSING;
	printf("%-8s %s %s %s%s\n", waived ? "absent" : words[l.verdict], record->name,
		dns_type_name(record->type), record->value, l.secure ? " (DNSSEC)" : "");
	if (l.verdict != DNS_IS_GOOD && l.found.n > 0)
		printf("         there is: %s\n", l.found.p);
	if (l.verdict == DNS_IS_MISSING || l.verdict == DNS_IS_WRONG)
		printf("         it says: %s\n", record->why);
	strbuf_free(&l.found);
	return waived || l.verdict == DNS_IS_GOOD || l.verdict == DNS_IS_OTHER;
}

/* "192.0.2.1" as "1.2.0.192.in-addr.arpa" (RFC 1035 3.5), IPv6 by its digits (RFC 3596 2.5). */
static void reverse_name(const char *address, char name[DNS_NAME_MAX + 1])
{
	unsigned char bytes[16];
	struct strbuf out = { 0 };

	if (inet_pton(AF_INET, address, bytes) == 1) {
		strbuf_printf(
			&out, "%d.%d.%d.%d.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
	} else if (inet_pton(AF_INET6, address, bytes) == 1) {
		for (int i = 15; i >= 0; i--)
			strbuf_printf(&out, "%x.%x.", bytes[i] & 15, bytes[i] >> 4);
		strbuf_add(&out, SLICE("ip6.arpa"));
	}
	snprintf(name, DNS_NAME_MAX + 1, "%s", out.p ? out.p : "");
	strbuf_free(&out);
}

bool dns_record_back(const struct dns_record *r, struct dns_record *back)
{
	if (r->type != DNS_A && r->type != DNS_AAAA)
		return false;
	*back = (struct dns_record){ .type = DNS_PTR,
		.why = "the provider of the address publishes it; many servers refuse mail "
		       "from one without" };
	reverse_name(r->value, back->name);
	snprintf(back->value, sizeof(back->value), "%s", r->name);
	return true;
}

size_t dns_records_check(struct dns *dns, const struct dns_records *records)
{
	struct dns_record back;
	size_t bad = 0;

	for (size_t i = 0; i < records->count; i++)
		bad += !check(dns, &records->list[i]);
	for (size_t i = 0; i < records->count; i++)
		if (dns_record_back(&records->list[i], &back))
			bad += !check(dns, &back);
	return bad;
}
