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

TEST_MAIN("url", under_its_name_over_tls, here_when_nobody_else_is_listened_to)
