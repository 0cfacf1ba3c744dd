/*
 * Reports: what is written reads back; packed and not; cut anywhere a report is none, whatever it is.
 */
#include "harness.h"
#include "report/read.h"

static const struct mail_dmarc_row rows[] = {
	{ .count = 7,
		.source = SLICE("192.0.2.1"),
		.header_from = SLICE("news.example.org"),
		.envelope_from = SLICE("b.example"),
		.disposition = MAIL_DISPOSITION_REJECT,
		.reason = SLICE("local_policy"),
		.results = SLICE("[{\"type\":\"spf\",\"domain\":\"b.example\",\"scope\":\"mfrom\","
				 "\"result\":\"fail\"},{\"type\":\"dkim\",\"domain\":\"d.example\","
				 "\"selector\":\"s\",\"result\":\"pass\"}]") },
	{ .count = 2,
		.source = SLICE("2001:db8::1"),
		.header_from = SLICE("<x>&\"\x01\xff"),
		.dkim = true,
		.results = SLICE("no JSON") },
};

static void write_dmarc(struct strbuf *out)
{
	struct report_head h = { .kind = REPORT_DMARC,
		.host = "mx.here.test",
		.domain = SLICE("example.org"),
		.day = 19000,
		.contact = SLICE("postmaster@here.test") };

	report_name(&h);
	report_open_dmarc(out, &h, SLICE("v=DMARC1; p=reject; sp=none; t=y"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		report_add_dmarc(out, &rows[i]);
	report_close_dmarc(out);
}

static void write_tls(struct strbuf *out)
{
	static const struct mail_tls_session sessions[] = {
		{ .domain = SLICE("example.org"),
			.policy_type = SLICE("sts"),
			.policy = SLICE("version: STSv1\nmode: enforce\nmx: mx.example.org\n"),
			.count = 40 },
		{ .domain = SLICE("example.org"),
			.policy_type = SLICE("sts"),
			.policy = SLICE("version: STSv1\nmode: enforce\nmx: mx.example.org\n"),
			.mx = SLICE("mx.example.org"),
			.address = SLICE("192.0.2.9"),
			.result = SLICE("certificate-expired"),
			.why = SLICE("it has \"expired\""),
			.count = 2 },
		{ .domain = SLICE("example.org"),
			.policy_type = SLICE("tlsa"),
			.policy = SLICE("3 1 1 00\n"),
			.count = 5 },
	};
	struct report_head h = { .kind = REPORT_TLS,
		.host = "mx.here.test",
		.domain = SLICE("example.org"),
		.day = 19000,
		.contact = SLICE("postmaster@here.test") };

	report_name(&h);
	report_write_tls(out, &h, sessions, sizeof(sessions) / sizeof(sessions[0]));
}

static bool has(const struct strbuf *text, const char *what)
{
	return slice_find(strbuf_slice(text), slice_str(what)) >= 0;
}

START_TEST(what_is_written_reads_back)
{
	struct arena *a = arena_new();
	struct strbuf text = { 0 }, packed = { 0 }, again = { 0 };
	struct report_read r;

	write_dmarc(&text);
	ck_assert(has(&text, "<testing>y</testing>"));
	ck_assert(has(&text, "<reason><type>local_policy</type></reason>"));
	ck_assert(has(&text, "<dkim><domain>d.example</domain><selector>s</selector><result>pass"
			     "</result></dkim><spf><domain>b.example</domain><scope>mfrom</scope>"
			     "<result>fail</result></spf>"));
	ck_assert(has(&text, "<header_from>&lt;x&gt;&amp;\"?\?</header_from>"));
	report_pack(&packed, strbuf_slice(&text));
	ck_assert(report_unpack(&again, strbuf_slice(&packed)));
	ck_assert(slice_eq(strbuf_slice(&again), strbuf_slice(&text)));
	ck_assert(report_read(a, strbuf_slice(&again), &r));
	ck_assert_int_eq(r.kind, REPORT_DMARC);
	ck_assert(slice_eq(r.organization, SLICE("mx.here.test")));
	ck_assert(slice_eq(r.domain, SLICE("example.org")));
	ck_assert(r.begin_s == 19000 * 86400 && r.end_s == 19000 * 86400 + 86399);
	ck_assert(r.passed == 2 && r.failed == 7 && r.count == 2);
	ck_assert(slice_eq(r.rows[1].detail, SLICE("<x>&\"??")));
	strbuf_reset(&text);
	write_tls(&text);
	ck_assert(has(&text, "\"mx-host\":[\"mx.example.org\"]"));
	ck_assert(report_read(a, strbuf_slice(&text), &r));
	ck_assert(r.kind == REPORT_TLS && r.passed == 45 && r.failed == 2 && r.count == 3);
	ck_assert(slice_eq(r.rows[1].result, SLICE("certificate-expired")));
	ck_assert(r.begin_s == 19000 * 86400 && r.end_s == 19000 * 86400 + 86399);
	strbuf_free(&text);
	strbuf_free(&packed);
	strbuf_free(&again);
	arena_free(&a);
}
END_TEST

static void cut_everywhere(void (*write)(struct strbuf *))
{
	struct strbuf text = { 0 }, packed = { 0 };
	struct report_read r;

	write(&text);
	while (text.p[text.n - 1] == '\n')
		text.n--;
	report_pack(&packed, strbuf_slice(&text));
	for (size_t n = 0; n < text.n; n++) {
		struct arena *a = arena_new();
		char *copy = n ? arena_dup(a, text.p, n) : NULL;

		ck_assert_msg(!report_read(a, slice_of(copy, n), &r), "%zu", n);
		arena_free(&a);
	}
	for (size_t n = 2; n < packed.n; n++) {
		struct strbuf out = { 0 };

		ck_assert(!report_unpack(&out, slice_of(packed.p, n)));
		strbuf_free(&out);
	}
	strbuf_free(&text);
	strbuf_free(&packed);
}

START_TEST(cut_anywhere_it_is_none)
{
	cut_everywhere(write_dmarc);
	cut_everywhere(write_tls);
}
END_TEST

START_TEST(a_bomb)
{
	struct strbuf zeros = { 0 }, packed = { 0 }, out = { 0 };

	strbuf_reserve(&zeros, REPORT_UNPACKED_MAX + 100000);
	memset(zeros.p, ' ', REPORT_UNPACKED_MAX + 100000);
	strbuf_commit(&zeros, REPORT_UNPACKED_MAX + 100000);
	report_pack(&packed, strbuf_slice(&zeros));
	ck_assert_uint_lt(packed.n, 100000);
	ck_assert(!report_unpack(&out, strbuf_slice(&packed)));
	ck_assert_uint_lt(out.n, REPORT_UNPACKED_MAX + 100000);
	strbuf_free(&zeros);
	strbuf_free(&packed);
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("report", what_is_written_reads_back, cut_anywhere_it_is_none, a_bomb)
