/*
 * test_spf.c: check_host() (verify/spf.h) held against the table tests/data/spf/cases.txt; the
 * bounds; records cut at every byte.
 */
#include "harness.h"
#include "mail/verify/fake_dns.h"
#include "verify/spf.h"

static struct fake_dns dns;

struct verdict {
	bool there;
	enum spf_result result;
	char explanation[512];
};

static void on_done(void *arg, const struct spf_outcome *outcome)
{
	struct verdict *v = arg;

	ck_assert(!v->there);
	v->there = true;
	v->result = outcome->result;
	snprintf(v->explanation, sizeof(v->explanation), "%.*s", SLICE_ARG(outcome->explanation));
}

static struct verdict check(const char *peer, struct slice helo, struct slice from)
{
	struct verify_asker asker = fake_dns_asker(&dns);
	struct spf_check *c = calloc(1, sizeof(*c));
	struct slice local = slice_split(&from, '@');
	struct verdict v = { .there = false };
	struct spf_sender sender = { .peer = peer,
		.local = from.p ? local : SLICE(""),
		.domain = from.p ? from : helo,
		.helo = helo,
		.explain = true };

	spf_check_begin(c, &asker, &sender, on_done, &v);
	ck_assert(!v.there);
	fake_dns_run(&dns);
	ck_assert(v.there);
	spf_check_drop(c);
	free(c);
	return v;
}

/* ---- the table ---- */

static struct slice unescape(struct strbuf *out, struct slice text)
{
	strbuf_reset(out);
	strbuf_adds(out, "");
	for (size_t i = 0; i < text.n; i++) {
		unsigned char byte;

		if (text.p[i] == '\\' && i + 3 < text.n && text.p[i + 1] == 'x' &&
			hex_decode(slice_of(text.p + i + 2, 2), &byte, 1) == 0) {
			strbuf_addc(out, (char)byte);
			i += 3;
		} else {
			i += text.p[i] == '\\';
			strbuf_addc(out, text.p[i]);
		}
	}
	return strbuf_slice(out);
}

static bool is_among(struct slice results, enum spf_result result)
{
	while (results.p)
		if (slice_eq(slice_split(&results, '|'), slice_str(spf_result_name(result))))
			return true;
	return false;
}

static void check_line(struct slice line, size_t *checked)
{
	struct slice name = slice_split(&line, '\t'), peer = slice_split(&line, '\t');
	struct slice helo = slice_split(&line, '\t'), from = slice_split(&line, '\t');
	struct slice results = slice_split(&line, '\t');
	struct strbuf sender = { 0 }, wanted = { 0 };
	struct verdict v;
	char address[64];

	snprintf(address, sizeof(address), "%.*s", SLICE_ARG(peer));
	v = check(address, helo, unescape(&sender, from));
	ck_assert_msg(is_among(results, v.result), "%.*s: %s instead of %.*s", SLICE_ARG(name),
		spf_result_name(v.result), SLICE_ARG(results));
	if (line.n > 0 && v.result == SPF_FAIL)
		ck_assert_msg(
			slice_ieq(slice_str(v.explanation),
				slice_eq(line, SLICE("-")) ? SLICE("") : unescape(&wanted, line)),
			"%.*s: \"%s\"", SLICE_ARG(name), v.explanation);
	strbuf_free(&sender);
	strbuf_free(&wanted);
	(*checked)++;
}

START_TEST(the_table)
{
	FILE *f = fopen("tests/data/spf/cases.txt", "re");
	struct strbuf value = { 0 };
	char *text = NULL;
	size_t cap = 0, checked = 0;
	bool checks = false;
	ssize_t n;

	ck_assert_ptr_nonnull(f);
	while ((n = getline(&text, &cap, f)) > 0) {
		struct slice line = slice_of(text, (size_t)n - (text[n - 1] == '\n'));
		struct slice word = slice_split(&line, '\t');

		if (slice_eq(word, SLICE("zone"))) {
			fake_dns_clear(&dns);
		} else if (slice_eq(word, SLICE("dns"))) {
			struct slice name = slice_split(&line, '\t');
			struct slice type = slice_split(&line, '\t');

			fake_dns_add(&dns, name, type, unescape(&value, line));
		} else if (slice_eq(word, SLICE("check"))) {
			check_line(line, &checked);
			checks = true;
		}
	}
	ck_assert(checks);
	ck_assert_uint_eq(checked, 203);
	strbuf_free(&value);
	free(text);
	fclose(f);
	fake_dns_clear(&dns);
}
END_TEST

/* ---- bounds ---- */

static void add(const char *name, const char *type, const char *value)
{
	fake_dns_add(&dns, slice_str(name), slice_str(type), slice_str(value));
}

static enum spf_result ask(const char *domain)
{
	struct strbuf from = { 0 };
	struct verdict v;

	strbuf_printf(&from, "somebody@%s", domain);
	v = check("192.0.2.1", SLICE("mail.example.org"), strbuf_slice(&from));
	strbuf_free(&from);
	return v.result;
}

/* Each asks for the next; the last one of eleven is one too many, and one that names itself ends. */
START_TEST(includes_end)
{
	char name[32], value[64];

	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		snprintf(value, sizeof(value), "v=spf1 include:d%d.example %s", i + 1,
			i == 11 ? "+all" : "-all");
		add(name, "TXT", i == 11 ? "v=spf1 +all" : value);
	}
	add("self.example", "TXT", "v=spf1 redirect=self.example");
	add("both.example", "TXT", "v=spf1 include:both.example include:both.example -all");
	ck_assert_int_eq(ask("d0.example"), SPF_PERMERROR);
	ck_assert_int_eq(ask("d1.example"), SPF_PASS);
	ck_assert_int_eq(ask("self.example"), SPF_PERMERROR);
	ck_assert_int_eq(ask("both.example"), SPF_PERMERROR);
	fake_dns_clear(&dns);
}
END_TEST

/* An address without names is as void for each ptr as what another term asks for in vain. */
START_TEST(voids_are_bounded)
{
	add("two.example", "TXT", "v=spf1 ptr a:none1.example ?all");
	add("three.example", "TXT", "v=spf1 ptr ptr:x.example a:none1.example ?all");
	add("ptrs.example", "TXT", "v=spf1 ptr ptr ptr ?all");
	add("macro.example", "TXT", "v=spf1 exists:%{p}.none.example ptr ?all");
	ck_assert_int_eq(ask("two.example"), SPF_NEUTRAL);
	ck_assert_int_eq(ask("three.example"), SPF_PERMERROR);
	ck_assert_int_eq(ask("ptrs.example"), SPF_PERMERROR);
	ck_assert_int_eq(ask("macro.example"), SPF_NEUTRAL);
	fake_dns_clear(&dns);
}
END_TEST

/* The most that a record can make of us: every mx with ten hosts that have another address. */
START_TEST(questions_are_bounded)
{
	struct strbuf record = { 0 };
	char name[32], value[64];

	strbuf_adds(&record, "v=spf1");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "m%d.example", i);
		strbuf_printf(&record, " mx:%s", name);
		for (int j = 0; j < 10; j++) {
			snprintf(value, sizeof(value), "10 h%d-%d.example", i, j);
			add(name, "MX", value);
			add(value + 3, "A", "198.51.100.7");
		}
	}
	fake_dns_add(&dns, SLICE("costly.example"), SLICE("TXT"), strbuf_slice(&record));
	dns.asked = 0;
	ck_assert_int_eq(ask("costly.example"), SPF_NEUTRAL);
	ck_assert_uint_eq(dns.asked, 1 + 10 + 100);
	strbuf_free(&record);
	fake_dns_clear(&dns);
}
END_TEST

/* Dropped behind every question it asks: nothing is left, nobody is answered. */
START_TEST(one_that_is_dropped_is_silent)
{
	struct verify_asker asker = fake_dns_asker(&dns);
	const struct spf_sender sender = { .peer = "192.0.2.1",
		.domain = SLICE("drop.example"),
		.helo = SLICE("h.example"),
		.explain = true };
	struct spf_check *c = calloc(1, sizeof(*c));

	add("drop.example", "TXT", "v=spf1 a:%{p}.x.example mx exists:%{h} -all exp=why.example");
	add("drop.example", "MX", "10 mx.example");
	add("1.2.0.192.in-addr.arpa", "PTR", "drop.example");
	add("why.example", "TXT", "because of %{p}");
	add("drop.example", "A", "192.0.2.1");
	for (int questions = 0; questions < 7; questions++) {
		struct verdict v = { .there = false };

		spf_check_begin(c, &asker, &sender, on_done, &v);
		for (int i = 0; i < questions; i++) {
			struct dns_question *q = dns.waiting[0];

			dns.waiting_n = 0;
			fake_dns_answer(&dns, q);
			ck_assert_uint_eq(dns.waiting_n, 1);
		}
		spf_check_drop(c);
		ck_assert_uint_eq(dns.waiting_n, 0);
		ck_assert(!v.there);
	}
	free(c);
	fake_dns_clear(&dns);
}
END_TEST

/* A record cut anywhere is read, or refused, within its bytes. */
START_TEST(cut_at_every_byte)
{
	static const char text[] =
		"v=spf1 +a:%{d2r-+}.example/24//64 -mx/0 ?ptr ~ip4:192.0.2.0/24 ip6:2001:db8::/32 "
		"exists:%{ir}.%{v}.%{H}%%%_%- include:a.example x-y.z=%{s} redirect=b.example "
		"exp=%{o}.c";
	struct arena *a = arena_new();
	struct spf_record r;

	for (size_t n = 6; n < sizeof(text); n++) {
		char *copy = malloc(n);

		memcpy(copy, text, n);
		if (spf_record_is(slice_of(copy, n)))
			spf_record_parse(a, slice_of(copy, n), &r);
		free(copy);
	}
	ck_assert(spf_record_parse(a, slice_str(text), &r));
	ck_assert_uint_eq(r.n, 7);
	ck_assert_int_eq(r.terms[0].bits4, 24);
	ck_assert_int_eq(r.terms[0].bits6, 64);
	ck_assert(slice_eq(r.redirect, SLICE("b.example")));
	arena_free(&a);
}
END_TEST

TEST_MAIN("spf", the_table, includes_end, voids_are_bounded, questions_are_bounded,
	one_that_is_dropped_is_silent, cut_at_every_byte)
