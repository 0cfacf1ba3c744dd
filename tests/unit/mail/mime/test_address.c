/*
 * test_address.c: address lists: the examples of RFC 5322 appendix A, IMAP's four parts, and what
 * people write instead.
 */
#include "mail/mime/mime_test.h"
#include "mime/address.h"

/*
 * A list as text: name|adl|mailbox|host, with ';' behind each; a group begins with "{mailbox" and
 * ends with "}".
 */
static void render(struct strbuf *out, struct mime_addresses list)
{
	for (size_t i = 0; i < list.n; i++) {
		const struct mime_address *x = &list.v[i];

		if (x->kind == MIME_ADDRESS_GROUP)
			strbuf_printf(out, "{%.*s;", SLICE_ARG(x->mailbox));
		else if (x->kind == MIME_ADDRESS_GROUP_END)
			strbuf_adds(out, "};");
		else
			strbuf_printf(out, "%.*s|%.*s|%.*s|%.*s;", SLICE_ARG(x->name),
				SLICE_ARG(x->adl), SLICE_ARG(x->mailbox), SLICE_ARG(x->host));
	}
}

static const struct {
	const char *text, *expected;
} cases[] = {
	/* RFC 5322 appendix A.1 */
	{ "John Doe <jdoe@machine.example>", "John Doe||jdoe|machine.example;" },
	{ "\"Joe Q. Public\" <john.q.public@example.com>",
		"Joe Q. Public||john.q.public|example.com;" },
	{ "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
		"Mary Smith||mary|x.test;||jdoe|example.org;Who?||one|y.test;" },
	{ "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
		"||boss|nil.test;Giant; \"Big\" Box||sysservices|example.net;" },
	{ "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
		"{A Group;Ed Jones||c|a.test;||joe|where.test;John||jdoe|one.test;};" },
	{ "Undisclosed recipients:;", "{Undisclosed recipients;};" },
	/* A.5: white space, comments */
	{ "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
		"Pete||pete|silly.test;" },
	{ "A Group(Some people)\t:Chris Jones <c@(Chris's host.)public.example>, joe@example.org,"
	  " John <jdoe@one.test> (my dear friend); (the end of the group)",
		"{A Group;Chris Jones||c|public.example;||joe|example.org;John||jdoe|one.test;};" },
	{ "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
		"{Hidden recipients;};" },
	/* A.6.1: obsolete addressing */
	{ "Joe Q. Public <john.q.public@example.com>",
		"Joe Q. Public||john.q.public|example.com;" },
	{ "Mary Smith <@node.test:mary@example.net>, , jdoe@test . example",
		"Mary Smith|@node.test|mary|example.net;||jdoe|test.example;" },
	{ "<@a.test,,@b.test , @c:x@y>", "|@a.test,@b.test,@c|x|y;" },
	{ "john . q@x", "||john.q|x;" },
	/* names in comments */
	{ "user@domain (Real Name)", "Real Name||user|domain;" },
	{ "user@domain (Real (\\(odd) Name)", "Real ((odd) Name||user|domain;" },
	/* quoting */
	{ "\"a b\"@x, a.\"b c\".d@x", "||a b|x;||a.b c.d|x;" },
	{ "x@[127.0.0.1], x@[IPv6:::1]", "||x|[127.0.0.1];||x|[IPv6:::1];" },
	/* two groups */
	{ "group: g1@d1.org, g2@d2.org;, group2: g3@d3.org;",
		"{group;||g1|d1.org;||g2|d2.org;};{group2;||g3|d3.org;};" },
	/* encoded words stay, also with what would be specials in them */
	{ "=?utf-8?Q?Doe,_J?= <j@x>", "=?utf-8?Q?Doe,_J?=||j|x;" },
	{ "=?utf-8?Q?a?= =?utf-8?Q?b?= <j@x>", "=?utf-8?Q?a?= =?utf-8?Q?b?=||j|x;" },
	/* UTF-8 (RFC 6532) */
	{ "J\xC3\xB6rg <j\xC3\xB6rg@b\xC3\xBC"
	  "cher.example>",
		"J\xC3\xB6rg||j\xC3\xB6rg|b\xC3\xBC"
		"cher.example;" },
	/* what is not allowed, and met */
	{ "foo@bar.com <foo@bar.com>", "foo@bar.com||foo|bar.com;" },
	{ "[list] Bob <b@x>", "[list] Bob||b|x;" },
	{ "a@b; c@d", "||a|b;||c|d;" },
	{ "John <j@x", "John||j|x;" },
	{ "\"John <j@x>", "\"John||j|x;" },
	{ "(John <j@x>", "(John||j|x;" },
	{ "John Doe", "||John Doe|;" },
	{ "a@b@c", "||a@b|c;" },
	{ "<a b@c>", "||a b|c;" },
	{ "Bob b@x", "Bob||b|x;" },
	{ "<root>", "||root|;" },
	{ "<>", "" },
	{ "Bob <>", "Bob|||;" },
	{ "group: a@b", "{group;||a|b;};" },
	{ "group: inner: a@b;", "{group;inner:||a|b;};" },
	{ "<undisclosed-recipients:@webnote.net;>", "||undisclosed-recipients:|webnote.net;" },
	{ "<@x>", "|||x;" },
	{ "a@x b@y, c@z", "||a|x;||c|z;" },
	{ "", "" },
	{ " , ;, ", "" },
	{ "(only a comment)", "" },
	{ ":", "" },
	{ "@", "" },
};

START_TEST(lists)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		strbuf_reset(&out);
		render(&out, mime_addresses_parse(a, slice_str(cases[i].text)));
		if (!slice_eq(strbuf_slice(&out), slice_str(cases[i].expected)))
			ck_abort_msg("%s\n  gave     %s\n  expected %s", cases[i].text,
				out.p ? out.p : "", cases[i].expected);
	}
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

START_TEST(bounds)
{
	static const char *const units[] = { "a@b,", "g:a@b;", "g:", "(", "\"", "<", "=?a?q?x",
		"a ", "<@a,", "[", "\\", ".", "@", "(()" };
	struct strbuf b = { 0 };

	for (size_t i = 0; i < COUNT(units); i++) {
		struct arena *a = arena_new();

		strbuf_reset(&b);
		while (b.n < 256 * 1024)
			strbuf_adds(&b, units[i]);
		ck_assert_uint_le(
			mime_addresses_parse(a, strbuf_slice(&b)).n, MIME_ADDRESSES_MAX + 3);
		arena_free(&a);
	}
	strbuf_free(&b);
}
END_TEST

START_TEST(every_prefix)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t n = 0; n <= strlen(cases[i].text); n++) {
			char *exact = malloc(n ? n : 1); /* so that a sanitizer sees reads beyond */

			memcpy(exact, cases[i].text, n);
			mime_addresses_parse(a, slice_of(exact, n));
			free(exact);
		}
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime address", lists, bounds, every_prefix)
