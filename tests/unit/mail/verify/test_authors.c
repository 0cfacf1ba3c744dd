/*
 * test_authors.c: whose mail it is (verify/authors.h), and whether a client is of a network
 * (verify/networks.h), as tables.
 */
#include "harness.h"
#include "verify/authors.h"
#include "verify/networks.h"

static const struct {
	const char *header, *domains; /* separated by spaces; NULL: nobody's */
} headers[] = {
	{ "From: a@example.org\r\n", "example.org" },
	{ "from:Name <a@EXAMPLE.org.>\r\n", "example.org" },
	{ "From: a@B\xc3\xbc"
	  "cher.example\r\n",
		"xn--bcher-kva.example" },
	{ "From: a@b\xfc"
	  "cher.example\r\n",
		NULL },
	{ "From: \"x@evil.example\" <a@example.org>\r\n", "example.org" },
	{ "From: a@example.org (b@evil.example)\r\n", "example.org" },
	{ "From: a@example.org, b@example.org, c@example.net\r\n", "example.org example.net" },
	{ "From: a@example.org\r\nX: y\r\nFROM: b@example.net\r\n", "example.org example.net" },
	{ "From: friends: a@example.org, b@example.net;\r\n", "example.org example.net" },
	{ "From: folded\r\n <a@example.org>\r\n\r\nFrom: b@body.example\r\n", "example.org" },
	{ "From: a@b.c, a@c.d, a@d.e, a@e.f\r\n", "b.c c.d d.e e.f" },
	{ "From: a@b.c, a@c.d, a@d.e, a@e.f, a@f.g\r\n", NULL },
	{ "From: Doe, John <a@example.org>\r\n", "example.org" },
	{ "From: nobody\r\n", NULL },
	{ "From: a@localhost\r\n", NULL },
	{ "From: a@[192.0.2.1]\r\n", NULL },
	{ "From: a@exa..mple.org\r\n", NULL },
	{ "From: a@\"example.org\"\r\n", NULL },
	{ "From: \r\n", NULL },
	{ "From: undisclosed:;\r\n", NULL },
	{ "Sender: a@example.org\r\n\r\nFrom: a@example.org\r\n", NULL },
	{ "", NULL },
};

START_TEST(authors_are_found)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct arena *a = arena_new();
		struct strbuf list = { 0 };
		struct authors found;

		authors_read(a, slice_str(headers[i].header), &found);
		for (size_t n = 0; n < found.n; n++)
			strbuf_printf(&list, "%s%.*s", n ? " " : "", SLICE_ARG(found.domains[n]));
		ck_assert_msg((found.wrong == NULL) == (headers[i].domains != NULL), "%s: %s",
			headers[i].header, found.wrong);
		if (headers[i].domains)
			ck_assert_msg(slice_eq(strbuf_slice(&list), slice_str(headers[i].domains)),
				"%s: %s", headers[i].header, list.p);
		strbuf_free(&list);
		arena_free(&a);
	}
}
END_TEST

static const struct {
	const char *network, *address;
	bool has;
} networks[] = {
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/23", "192.0.3.0", true },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
	{ "fc00::/7", "fd12::1", true },
	{ "fc00::/7", "fe80::1", false },
	{ "::1", "::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "192.0.2.0/33", "192.0.2.0", false },
	{ "192.0.2.0/", "192.0.2.0", false },
	{ "none", "192.0.2.0", false },
	{ "192.0.2.0/24", "nobody", false },
};

START_TEST(networks_have_addresses)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		ck_assert_msg(network_has(slice_str(networks[i].network), networks[i].address) ==
				      networks[i].has,
			"%s %s", networks[i].network, networks[i].address);
	ck_assert(network_is_good(SLICE("10.0.0.0/8")) && network_is_good(SLICE("::1")));
	ck_assert(!network_is_good(SLICE("10.0.0.0/40")) && !network_is_good(SLICE("")));
	ck_assert(network_of("192.0.2.1") == network_of("192.0.2.200"));
	ck_assert(network_of("192.0.2.1") != network_of("192.0.3.1"));
	ck_assert(network_of("2001:db8:1::1") == network_of("2001:db8:1:2::3"));
	ck_assert(network_of("2001:db8:1::1") != network_of("2001:db8:2::1"));
	ck_assert(network_of("what") != 0);
}
END_TEST

TEST_MAIN("authors and networks", authors_are_found, networks_have_addresses)
