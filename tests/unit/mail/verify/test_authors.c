/*
 * test_authors.c: whose mail it is (verify/authors.h), as a table.
 */
#include "harness.h"
#include "verify/authors.h"

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
	const char *header, *sole; /* NULL: there is none */
} soles[] = {
	{ "From: Ann <Ann@EXAMPLE.org>\r\n", "Ann@example.org" },
	{ "From: a.b+c@example.org (Ann)\r\n", "a.b+c@example.org" },
	{ "From: =?utf-8?q?Ann?=\r\n <a@example.org>\r\n", "a@example.org" },
	{ "From: a@example.org, b@example.org\r\n", NULL },
	{ "From: a@example.org\r\nFrom: a@example.org\r\n", NULL },
	{ "From: a@example.org\r\nFrom:\r\n", NULL },
	{ "From: nobody\r\nFrom: a@example.org\r\n", NULL },
	{ "From: Doe, John <a@example.org>\r\n", NULL },
	{ "From: us: a@example.org;\r\n", NULL },
	{ "From: <@b.example:a@example.org>\r\n", NULL },
	{ "From: a@example.org <b@example.org>\r\n", "b@example.org" },
	{ "From: <a@example.org> <b@example.org>\r\n", NULL },
	{ "From: @example.org\r\n", NULL },
	{ "From: a@[192.0.2.1]\r\n", NULL },
	{ "Sender: a@example.org\r\n", NULL },
};

START_TEST(the_one_author_is_nobody_else)
{
	for (size_t i = 0; i < sizeof(soles) / sizeof(soles[0]); i++) {
		struct arena *a = arena_new();
		struct authors found;

		authors_read(a, slice_str(soles[i].header), &found);
		ck_assert_msg(slice_eq(found.sole, slice_str(soles[i].sole ? soles[i].sole : "")),
			"%s: %.*s", soles[i].header, SLICE_ARG(found.sole));
		arena_free(&a);
	}
}
END_TEST

TEST_MAIN("authors", authors_are_found, the_one_author_is_nobody_else)
