/*
 * Where the page is opened, as the INI file has it (the server's own ports need a server).
 */
#include "harness.h"
#include "kernel/kernel.h"

static void expect(const char *http, const char *https, const char *url)
{
	struct strbuf out = { 0 }, text = { 0 }, errors = { 0 };
	struct hearth *h = kernel_new();

	strbuf_printf(&text, "[server]\nhostname = example.org\n[listen]\nhttp = %s\nhttps = %s\n",
		http, https);
	ck_assert_int_eq(config_read_text(h->config, "t", strbuf_slice(&text), &errors), 0);
	hearth_url(h, &out);
	ck_assert_str_eq(out.p, url);
	strbuf_free(&out);
	strbuf_free(&text);
	strbuf_free(&errors);
	kernel_free(&h);
}

START_TEST(under_its_name_over_tls)
{
	expect(":80", ":443", "https://example.org/");
	expect("127.0.0.1:8080", "0.0.0.0:8443", "https://example.org:8443/");
	expect("off", "[::]:443", "https://example.org/");
}
END_TEST

START_TEST(here_when_nobody_else_is_listened_to)
{
	expect("127.0.0.1:8080", "127.0.0.1:8443", "http://127.0.0.1:8080/");
	expect("[::1]:8080", "off", "http://[::1]:8080/");
	expect(":8080", "off", "http://example.org:8080/");
	expect("off", "127.0.0.1:8443", "https://example.org:8443/");
	expect("off", "off", "https://example.org/");
	expect("127.0.0.1:0", "off", "http://127.0.0.1/");
}
END_TEST

static void expect_parsed(const char *text, bool https, const char *base, const char *host)
{
	struct url u;

	ck_assert_int_eq(url_parse(slice_str(text), &u), 0);
	ck_assert_int_eq(u.https, https);
	ck_assert(slice_eq(u.base, slice_str(base)));
	ck_assert(slice_eq(u.host, slice_str(host)));
}

START_TEST(as_the_file_says)
{
	static const char *const wrong[] = { "mail.example.org", "ftp://a", "https://", "https:///",
		"https://a/b", "https://a//", "https://a?b", "https://u@a", "https://a b" };
	struct url u;

	expect_parsed(
		"https://mail.example.org", true, "https://mail.example.org", "mail.example.org");
	expect_parsed("HTTP://a:8080/", false, "HTTP://a:8080", "a");
	expect_parsed("https://[::1]:8443/", true, "https://[::1]:8443", "::1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(url_parse(slice_str(wrong[i]), &u) < 0, "%s", wrong[i]);
}
END_TEST

TEST_MAIN("url", as_the_file_says, under_its_name_over_tls, here_when_nobody_else_is_listened_to)
