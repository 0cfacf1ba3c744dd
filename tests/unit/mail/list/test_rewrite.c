/*
 * test_rewrite.c: what a group changes in the header of its mail, and what it leaves alone.
 */
#include "harness.h"
#include "list/rewrite.h"

#include <stdlib.h>

static const struct list_rewrite prefix = { .prefix = { "[choir]", 7 } };
static const struct list_rewrite from = {
	.from = true, .title = { "The choir", 9 }, .address = { "choir@ours.test", 15 }
};

static void becomes(const struct list_rewrite *r, const char *message, const char *wanted)
{
	struct strbuf out = { 0 };

	list_rewrite(&out, slice_str(message), r);
	strbuf_reserve(&out, 1)[0] = '\0';
	ck_assert_str_eq(out.p, wanted);
	strbuf_free(&out);
}

START_TEST(the_subject)
{
	becomes(&prefix, "To: a\r\nSubject: hello\r\nX: y\r\n\r\nSubject: body\r\n",
		"To: a\r\nSubject: [choir] hello\r\nX: y\r\n\r\nSubject: body\r\n");
	becomes(&prefix, "SUBJECT:=?utf-8?Q?h=C3=A9?=\r\n two\r\n\r\n",
		"Subject: [choir] =?utf-8?Q?h=C3=A9?=\r\n two\r\n\r\n");
	becomes(&prefix, "To: a\r\n\r\nx", "To: a\r\nSubject: [choir]\r\n\r\nx");
	/* What is long is folded, and one without a body stays a header. */
	becomes(&prefix,
		"Subject: "
		"0123456789012345678901234567890123456789012345678901234567890123456789\r\n",
		"Subject: [choir]\r\n "
		"0123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n");
	becomes(&prefix, "", "Subject: [choir]\r\n\r\n");
	becomes(&prefix, "no field", "no field\r\nSubject: [choir]\r\n\r\n");
}
END_TEST

START_TEST(an_answer_has_it)
{
	static const struct {
		const char *message;
		bool lacks;
	} rows[] = {
		{ "Subject: hello\r\n\r\n", true },
		{ "Subject: Re: [choir] hello\r\n\r\n", false },
		{ "Subject: =?utf-8?B?UmU6IFtjaG9pcl0gaMOp?=\r\n\r\n", false },
		{ "Subject: Re:\r\n [choir]\r\n\r\n", false },
		{ "To: a\r\n\r\nSubject: [choir]\r\n", true },
		{ "", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(list_rewrite_lacks(slice_str(rows[i].message), prefix.prefix) ==
				      rows[i].lacks,
			"row %zu", i);
	ck_assert(!list_rewrite_lacks(SLICE("Subject: x\r\n\r\n"), SLICE("")));
}
END_TEST

START_TEST(the_author)
{
	becomes(&from, "From: Ann <ann@a.test>\r\nSubject: x\r\n\r\n",
		"From: Ann via The choir\r\n <choir@ours.test>\r\nReply-To: Ann <ann@a.test>\r\n"
		"X-Original-From: Ann <ann@a.test>\r\nSubject: x\r\n\r\n");
	/* Without a name, the local part; where replies go elsewhere they still do; one From is left. */
	becomes(&from, "Reply-To: b@b.test\r\nFrom: ann@a.test\r\nFrom: x@x.test\r\n\r\n",
		"Reply-To: b@b.test\r\nFrom: ann via The choir\r\n <choir@ours.test>\r\n"
		"X-Original-From: ann@a.test\r\n\r\n");
	becomes(&from, "From: =?utf-8?Q?=C3=84nn=2C_A?= <a@a.test>\r\nReply-To: b\r\n\r\n",
		"From: =?utf-8?B?w4RubiwgQSB2aWEgVGhlIGNob2ly?=\r\n <choir@ours.test>\r\n"
		"X-Original-From: =?utf-8?Q?=C3=84nn=2C_A?= <a@a.test>\r\nReply-To: b\r\n\r\n");
	becomes(&from, "From: \"x\\\" <evil>, \" <ann@a.test>\r\nReply-To: b\r\n\r\n",
		"From: \"x\\\" <evil>, via The choir\"\r\n <choir@ours.test>\r\n"
		"X-Original-From: \"x\\\" <evil>, \" <ann@a.test>\r\nReply-To: b\r\n\r\n");
	becomes(&from, "From: \"x\\\" <evil@e.test>, \" <ann@a.test>\r\nReply-To: b\r\n\r\n",
		"From: ann via The choir\r\n <choir@ours.test>\r\n"
		"X-Original-From: \"x\\\" <evil@e.test>, \" <ann@a.test>\r\nReply-To: b\r\n\r\n");
	/* No address stands in a name that we sign: as it is, encoded, wide, or in a local part. */
	becomes(&from, "From: \"ceo@bank.test\" <ann@a.test>\r\nReply-To: b\r\n\r\n",
		"From: ann via The choir\r\n <choir@ours.test>\r\n"
		"X-Original-From: \"ceo@bank.test\" <ann@a.test>\r\nReply-To: b\r\n\r\n");
	becomes(&from, "From: =?utf-8?Q?ceo=40bank.test?= <ann@a.test>\r\nReply-To: b\r\n\r\n",
		"From: ann via The choir\r\n <choir@ours.test>\r\n"
		"X-Original-From: =?utf-8?Q?ceo=40bank.test?= <ann@a.test>\r\nReply-To: b\r\n\r\n");
	becomes(&from,
		"From: ceo\xef\xbc\xa0"
		"bank <ann@a.test>\r\nReply-To: b\r\n\r\n",
		"From: ann via The choir\r\n <choir@ours.test>\r\n"
		"X-Original-From: ceo\xef\xbc\xa0"
		"bank <ann@a.test>\r\nReply-To: b\r\n\r\n");
	becomes(&from, "From: \"ceo@bank.test\"@e.test\r\nReply-To: b\r\n\r\n",
		"From: via The choir\r\n <choir@ours.test>\r\n"
		"X-Original-From: \"ceo@bank.test\"@e.test\r\nReply-To: b\r\n\r\n");
	becomes(&from, "Subject: x\r\n\r\n",
		"Subject: x\r\nFrom: via The choir\r\n <choir@ours.test>\r\n\r\n");
}
END_TEST

START_TEST(other_lists)
{
	static const struct list_rewrite alone = { .alone = true };

	becomes(&alone,
		"List-Id: <a.a.test>\r\nlist-unsubscribe: <https://a.test/>,\r\n "
		"<mailto:a@a.test>\r\n"
		"To: a\r\nLIST-POST: NO\r\nList-Unsubscribe-Post: x\r\nListen: y\r\n\r\nList-Help: "
		"z",
		"List-Id: <a.a.test>\r\nTo: a\r\nListen: y\r\n\r\nList-Help: z");
	becomes(&prefix, "List-Post: NO\r\nSubject: x\r\n\r\n",
		"List-Post: NO\r\nSubject: [choir] x\r\n\r\n");
	ck_assert(list_rewrite_has_others(SLICE("To: a\r\nlist-help: x\r\n\r\n")));
	ck_assert(!list_rewrite_has_others(SLICE("List-Id: x\r\n\r\nList-Help: x\r\n")));
	ck_assert(!list_rewrite_has_others(SLICE("")));
}
END_TEST

START_TEST(cut_off_at_every_byte)
{
	static const char whole[] =
		"From: =?utf-8?Q?=C3=84?= <a@a.test>\r\nSubject: a\r\n b\r\n\r\nx";
	const struct list_rewrite both = { prefix.prefix, true, true, from.title, from.address };

	for (size_t n = 0; n < sizeof(whole); n++) {
		struct strbuf out = { 0 };
		char *head = malloc(n ? n : 1); /* the very bytes, for sanitizers */

		memcpy(head, whole, n);
		list_rewrite(&out, slice_of(head, n), &both);
		ck_assert(slice_find(strbuf_slice(&out), SLICE("<choir@ours.test>\r\n")) > 0);
		ck_assert(slice_find(strbuf_slice(&out), SLICE("Subject: [choir]")) >= 0);
		strbuf_free(&out);
		free(head);
	}
}
END_TEST

TEST_MAIN("rewrite", the_subject, an_answer_has_it, the_author, other_lists, cut_off_at_every_byte)
