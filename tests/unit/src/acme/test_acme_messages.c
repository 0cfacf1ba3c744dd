/*
 * What a CA answers: read as it should be, cut off at every byte, and with what must not be taken: URLs
 * that are none, tokens that are paths, too many names. When to try again; which names are left out.
 */
#include "harness.h"

#include <stdio.h>

#include "acme/acme_attempt.h"
#include "acme/messages.h"
#include "hearth/error.h"

static struct arena *a;

static const char directory[] =
	"{\"newNonce\":\"https://ca.test/n\",\"newAccount\":\"https://ca.test/a\","
	"\"newOrder\":\"https://ca.test/o\",\"revokeCert\":\"https://ca.test/r\","
	"\"meta\":{\"caaIdentities\":[\"ca.test\",\"x\"],\"termsOfService\":\"https://ca.test/"
	"terms\",\"externalAccountRequired\":true}}";

static const char order[] =
	"{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}],"
	"\"authorizations\":[\"https://ca.test/z/1\",\"https://ca.test/z/2\"],"
	"\"finalize\":\"https://ca.test/f\",\"certificate\":\"https://ca.test/c\"}";

static const char authorization[] =
	"{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"},"
	"\"challenges\":[{\"type\":\"dns-01\",\"url\":\"https://ca.test/d\",\"token\":\"x\"},"
	"{\"type\":\"http-01\",\"url\":\"https://ca.test/h\",\"token\":\"abc_-9\",\"status\":"
	"\"pending\"},{\"type\":\"tls-alpn-01\",\"url\":\"https://ca.test/t\",\"token\":\"q\","
	"\"status\":\"invalid\",\"error\":{\"type\":\"urn:ietf:params:acme:error:connection\","
	"\"detail\":\"no\\u001broute\"}}]}";

static void begin(void)
{
	a = arena_new();
}

START_TEST(a_directory)
{
	struct acme_directory d;

	begin();
	ck_assert_int_eq(acme_read_directory(a, SLICE(directory), &d), 0);
	ck_assert_str_eq(d.new_nonce, "https://ca.test/n");
	ck_assert_str_eq(d.new_account, "https://ca.test/a");
	ck_assert_str_eq(d.new_order, "https://ca.test/o");
	ck_assert_str_eq(d.terms, "https://ca.test/terms");
	ck_assert(d.binding);
	ck_assert_str_eq(d.issuer, "ca.test");
	for (size_t n = 0; n < sizeof(directory) - 1; n++)
		ck_assert_int_eq(acme_read_directory(a, slice_of(directory, n), &d), HEARTH_EINVAL);
	ck_assert_int_eq(acme_read_directory(a,
				 SLICE("{\"newNonce\":\"http://ca.test/n\",\"newAccount\":"
				       "\"https://ca.test/a\",\"newOrder\":\"https://ca.test/o\"}"),
				 &d),
		HEARTH_EINVAL);
	ck_assert_int_eq(acme_read_directory(a, SLICE("[]"), &d), HEARTH_EINVAL);
	arena_free(&a);
}
END_TEST

START_TEST(an_order)
{
	struct strbuf many = { 0 };
	struct acme_order o;

	begin();
	ck_assert_int_eq(acme_read_order(a, SLICE(order), &o), 0);
	ck_assert_int_eq(o.state, ACME_READY);
	ck_assert_uint_eq(o.count, 2);
	ck_assert_str_eq(o.authorizations[1], "https://ca.test/z/2");
	ck_assert_str_eq(o.finalize, "https://ca.test/f");
	ck_assert_str_eq(o.certificate, "https://ca.test/c");
	ck_assert(!o.failed);
	for (size_t n = 0; n < sizeof(order) - 1; n++)
		ck_assert_int_eq(acme_read_order(a, slice_of(order, n), &o), HEARTH_EINVAL);
	/* What is not known is nowhere to go on from. */
	ck_assert_int_eq(acme_read_order(a,
				 SLICE("{\"status\":\"deferred\",\"authorizations\":[],"
				       "\"finalize\":\"https://ca.test/f\",\"error\":{\"type\":"
				       "\"urn:ietf:params:acme:error:caa\"}}"),
				 &o),
		0);
	ck_assert_int_eq(o.state, ACME_INVALID);
	ck_assert(o.failed);
	ck_assert_str_eq(o.problem.type, "caa");
	ck_assert_str_eq(o.problem.detail, "");
	ck_assert_int_eq(acme_read_order(a,
				 SLICE("{\"status\":\"ready\",\"authorizations\":[\"file:///x\"],"
				       "\"finalize\":\"https://ca.test/f\"}"),
				 &o),
		HEARTH_EINVAL);
	strbuf_adds(&many, "{\"status\":\"pending\",\"finalize\":\"https://ca.test/f\","
			   "\"authorizations\":[\"https://ca.test/0\"");
	for (int i = 0; i < ACME_NAMES_MAX; i++)
		strbuf_adds(&many, ",\"https://ca.test/1\"");
	strbuf_adds(&many, "]}");
	ck_assert_int_eq(acme_read_order(a, strbuf_slice(&many), &o), HEARTH_EINVAL);
	strbuf_free(&many);
	arena_free(&a);
}
END_TEST

START_TEST(an_authorization)
{
	struct acme_authorization z;

	begin();
	ck_assert_int_eq(acme_read_authorization(a, SLICE(authorization), &z), 0);
	ck_assert_int_eq(z.state, ACME_PENDING);
	ck_assert_str_eq(z.name, "a.test");
	ck_assert_str_eq(z.http.token, "abc_-9");
	ck_assert_str_eq(z.http.url, "https://ca.test/h");
	ck_assert_int_eq(z.http.state, ACME_PENDING);
	ck_assert_int_eq(z.alpn.state, ACME_INVALID);
	ck_assert(z.failed);
	ck_assert_str_eq(z.problem.type, "connection");
	ck_assert_str_eq(z.problem.detail, "no route");
	for (size_t n = 0; n < sizeof(authorization) - 1; n++)
		ck_assert_int_eq(
			acme_read_authorization(a, slice_of(authorization, n), &z), HEARTH_EINVAL);
	/* A token is no path. */
	ck_assert_int_eq(
		acme_read_authorization(a,
			SLICE("{\"identifier\":{\"value\":\"a.test\"},\"challenges\":[{\"type\":"
			      "\"http-01\",\"url\":\"https://ca.test/h\",\"token\":\"../x\"}]}"),
			&z),
		0);
	ck_assert_ptr_null(z.http.url);
	arena_free(&a);
}
END_TEST

START_TEST(problems)
{
	struct acme_problem p;

	begin();
	acme_read_problem(a, SLICE("{\"type\":\"urn:ietf:params:acme:error:badNonce\"}"), &p);
	ck_assert_str_eq(p.type, "badNonce");
	acme_read_problem(a, SLICE("<html>502</html>"), &p);
	ck_assert_str_eq(p.type, "");
	ck_assert_str_eq(p.detail, "");
	acme_read_problem(a, SLICE("{\"type\":7,\"detail\":\"a\\r\\nb\"}"), &p);
	ck_assert_str_eq(p.type, "");
	ck_assert_str_eq(p.detail, "a  b");
	arena_free(&a);
}
END_TEST

START_TEST(retry_after)
{
	const int64_t now = 1445412240; /* Wed, 21 Oct 2015 07:24:00 GMT */

	ck_assert_int_eq(acme_read_retry_after(SLICE("120"), now), 120);
	ck_assert_int_eq(acme_read_retry_after(SLICE(" 0 "), now), 0);
	ck_assert_int_eq(acme_read_retry_after(SLICE("Wed, 21 Oct 2015 07:28:00 GMT"), now), 240);
	ck_assert_int_eq(acme_read_retry_after(SLICE("Wed, 21 Oct 2015 07:20:00 GMT"), now), 0);
	ck_assert_int_eq(acme_read_retry_after(SLICE("4294967295"), now), 7 * 86400);
	ck_assert_int_eq(acme_read_retry_after(SLICE("soon"), now), 0);
	ck_assert_int_eq(acme_read_retry_after((struct slice){ 0 }, now), 0);
}
END_TEST

START_TEST(pauses_grow)
{
	int64_t before = 0;

	for (int tries = 1; tries < 30; tries++) {
		int64_t next = acme_next_ms(1000, tries, false, 0) - 1000;

		ck_assert_int_ge(next, tries < 8 ? before : 86400000);
		ck_assert_int_le(next, 86400000 / 5 * 6 + 1);
		before = next;
	}
	ck_assert_int_ge(acme_next_ms(0, 1, true, 0), 3600000);
	ck_assert_int_ge(acme_next_ms(0, 1, true, 7200), 7200000);
	ck_assert_int_lt(acme_next_ms(0, 1, true, 7200), 8000000);
	ck_assert_int_ge(acme_next_ms(0, 1, false, 600), 600000);
	/* Two thirds of a life, and not much more. */
	for (int i = 0; i < 100; i++) {
		int64_t at = acme_renew_ms(1000000, 1000000 + 90 * INT64_C(86400000));

		ck_assert_int_ge(at, 1000000 + 60 * INT64_C(86400000));
		ck_assert_int_le(at, 1000000 + 63 * INT64_C(86400000) + 1);
	}
}
END_TEST

START_TEST(left_out)
{
	struct acme_record r = { .left_out = "a.test,bb.test", .left_out_ms = 1000 };

	ck_assert(acme_is_left_out(&r, "a.test", 2000));
	ck_assert(acme_is_left_out(&r, "BB.test", 2000));
	ck_assert(!acme_is_left_out(&r, "b.test", 2000));
	ck_assert(!acme_is_left_out(&r, "a.test", 1000 + 25 * INT64_C(3600000)));
	r.left_out = "";
	ck_assert(!acme_is_left_out(&r, "a.test", 2000));
}
END_TEST

TEST_MAIN("acme_messages", a_directory, an_order, an_authorization, problems, retry_after,
	pauses_grow, left_out)
