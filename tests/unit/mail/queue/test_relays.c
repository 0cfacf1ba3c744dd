/*
 * Relays of single domains (relays.h): the file is read, or told where it is wrong; which counts for a domain.
 */
#include <stdio.h>

#include "harness.h"
#include "hearth/error.h"
#include "queue/relays.h"

static struct mail_relays r;
static struct strbuf errors;

static int read_text(const char *text)
{
	mail_relays_clear(&r);
	strbuf_free(&errors);
	return mail_relays_read(&r, "relays", slice_str(text), &errors);
}

static const char *host_for(const char *domain)
{
	const struct mail_relay *relay = mail_relay_for(&r, slice_str(domain));

	return relay ? relay->host : "";
}

#define FILE_TEXT                                                               \
	"# ours\n\nExample.ORG smtp.provider.example:587 ann pass word# 1 \r\n" \
	".example.net 10.1.2.3:25\n"                                            \
	"mail.example.net\t[2001:db8::1]:465\tbob\tx\n"                         \
	"b\xc3\xbc"                                                             \
	"cher.example a.example:25"

START_TEST(a_file)
{
	const struct mail_relay *relay;

	ck_assert_int_eq(read_text(FILE_TEXT), 0);
	ck_assert_uint_eq(r.count, 4);
	relay = mail_relay_for(&r, SLICE("example.org"));
	ck_assert_str_eq(relay->host, "smtp.provider.example");
	ck_assert_int_eq(relay->port, 587);
	ck_assert_str_eq(relay->user, "ann");
	ck_assert_str_eq(relay->password, "pass word# 1");
	ck_assert(relay->must_prove);
	ck_assert_ptr_null(mail_relay_for(&r, SLICE("a.example.org")));
	ck_assert_ptr_null(mail_relay_for(&r, SLICE("notexample.net")));
	ck_assert_str_eq(host_for("example.net"), "10.1.2.3");
	ck_assert_str_eq(host_for("a.b.example.net"), "10.1.2.3");
	ck_assert_str_eq(host_for("mail.example.net"), "2001:db8::1");
	ck_assert_str_eq(host_for("xn--bcher-kva.example"), "a.example");
	ck_assert_ptr_null(mail_relay_for(&r, SLICE("example.net"))->user);
	mail_relays_clear(&r);
}
END_TEST

START_TEST(beside_the_one_for_all)
{
	mail_relays_clear(&r);
	mail_relays_add_general(&r, "all.example", 25, NULL, NULL);
	ck_assert_int_eq(
		mail_relays_read(&r, "relays", SLICE("one.example a.example:25\n"), &errors), 0);
	ck_assert_str_eq(host_for("one.example"), "a.example");
	ck_assert_str_eq(host_for("two.example"), "all.example");
	ck_assert(!mail_relay_for(&r, SLICE("two.example"))->must_prove);
	mail_relays_clear(&r);
}
END_TEST

START_TEST(what_is_wrong)
{
	static const char *const lines[] = { "example.org", "example.org host", "example.org :25",
		"example.org host:0", "example.org host:65536", "example.org host:x",
		"example.org ::1:25", "example.org host:25 name", "-. host:25", ". host:25",
		"a..b host:25", "[192.0.2.1] host:25", "example.org []:25" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(read_text(lines[i]) == HEARTH_EINVAL, "%s", lines[i]);
		ck_assert_uint_eq(r.count, 0);
		ck_assert(slice_istarts(strbuf_slice(&errors), SLICE("relays:1: ")));
	}
	ck_assert_int_eq(read_text("a.example h:25\nb.example\nc.example h:25\n"), HEARTH_EINVAL);
	ck_assert_uint_eq(r.count, 2);
	ck_assert(slice_eq(
		strbuf_slice(&errors), SLICE("relays:2: expected HOST:PORT behind the domain\n")));
}
END_TEST

START_TEST(cut_anywhere_and_too_many)
{
	char line[64];
	struct strbuf text = { 0 };

	for (size_t n = 0; n <= strlen(FILE_TEXT); n++) {
		mail_relays_clear(&r);
		mail_relays_read(&r, "relays", slice_of(FILE_TEXT, n), &errors);
		ck_assert_uint_le(r.count, 4);
	}
	for (int i = 0; i < RELAYS_MAX + 1; i++) {
		snprintf(line, sizeof(line), "d%d.example h:25\n", i);
		strbuf_adds(&text, line);
	}
	ck_assert_int_eq(read_text(text.p), HEARTH_EINVAL);
	ck_assert_uint_eq(r.count, RELAYS_MAX);
	strbuf_free(&text);
	strbuf_free(&errors);
	mail_relays_clear(&r);
}
END_TEST

TEST_MAIN("relays", a_file, beside_the_one_for_all, what_is_wrong, cut_anywhere_and_too_many)
