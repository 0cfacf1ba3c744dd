/*
 * test_filter.c: rules against messages: conditions, actions, their order, and rules that are not
 * what they should be.
 */
#include "delivery/filter.h"
#include "harness.h"
#include "mime/header.h"

static const char message[] = "From: =?UTF-8?Q?J=C3=B6rg?= <joerg@Example.org>\r\n"
			      "To: Ann <ann@hearth.test>,\r\n other@example.net\r\n"
			      "Cc: third@example.com\r\n"
			      "Subject: Weekly   Report\r\n of =?UTF-8?B?w4RwZmVs?=\r\n"
			      "List-Id: Hearth talk <talk.hearth.test>\r\n"
			      "X-Other: nothing to see\r\n"
			      "\r\n"
			      "Subject: body\r\n";

static struct arena *a;

/* What these rules make of the message: "mailbox|trash|flags|keywords". */
static const char *outcome_of(const char *rules)
{
	struct mail_filter_facts facts = { .size = 1000 };
	struct mail_filter_outcome out;
	struct json *j;
	const char *why = "";

	mail_filter_read(a, slice_str(message), &facts);
	ck_assert_msg(json_read(a, slice_str(rules), &j, &why) == 0, "%s: %s", rules, why);
	mail_filter_apply(a, j, &facts, SLICE("ann+lists@hearth.test"), &out);
	return arena_printf(a, "%.*s|%d|%u|%.*s", SLICE_ARG(out.mailbox), out.trash, out.flags,
		SLICE_ARG(out.keywords));
}

#define HIT  "hit|0|0|"
#define MISS "|0|0|"

START_TEST(conditions)
{
	static const struct {
		const char *condition;
		bool holds;
	} rows[] = {
		{ "\"from\":\"JÖRG\"", true },
		{ "\"from\":\"example.ORG\"", true },
		{ "\"from\":\"ann\"", false },
		{ "\"from\":\"\"", false },
		{ "\"to\":\"ann@hearth\"", true },
		{ "\"to\":\"other@\"", true },
		{ "\"to\":\"third@example.com\"", true },
		{ "\"to\":\"ann+lists\"", true }, /* the address it came to */
		{ "\"to\":\"joerg\"", false },
		{ "\"subject\":\"weekly report of äpfel\"", true },
		{ "\"subject\":\"report  of\"", true },
		{ "\"subject\":\"body\"", false },
		{ "\"list\":\"talk.hearth\"", true },
		{ "\"list\":\"nothing\"", false },
		{ "\"has_attachment\":false", true },
		{ "\"has_attachment\":true", false },
		{ "\"larger_than\":999", true },
		{ "\"larger_than\":1000", false },
		{ "\"from\":\"jörg\",\"subject\":\"report\"", true },
		{ "\"from\":\"jörg\",\"subject\":\"no\"", false },
		/* what no schema allows */
		{ "\"from\":7", false },
		{ "\"from\":null", false },
		{ "\"larger_than\":\"1\"", false },
		{ "\"has_attachment\":\"false\"", false },
		{ "\"other\":\"x\"", false },
		{ "\"other\":true", false },
	};

	a = arena_new();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(
			outcome_of(arena_printf(a, "[{\"if\":{%s},\"then\":{\"move\":\"hit\"}}]",
				rows[i].condition)),
			rows[i].holds ? HIT : MISS);
	ck_assert_str_eq(outcome_of("[{\"match\":\"any\",\"if\":{\"from\":\"no\",\"to\":\"ann\"},"
				    "\"then\":{\"move\":\"hit\"}}]"),
		HIT);
	ck_assert_str_eq(outcome_of("[{\"match\":\"any\",\"if\":{\"from\":\"no\",\"to\":\"no\"},"
				    "\"then\":{\"move\":\"hit\"}}]"),
		MISS);
	ck_assert_str_eq(outcome_of("[{\"enabled\":false,\"if\":{\"to\":\"ann\"},\"then\":{"
				    "\"move\":\"hit\"}}]"),
		MISS);
	arena_free(&a);
}
END_TEST

#define IF(then) "{\"if\":{\"from\":\"jörg\"},\"then\":{" then "}}"

START_TEST(actions)
{
	a = arena_new();
	ck_assert_str_eq(outcome_of("[]"), MISS);
	ck_assert_str_eq(outcome_of("[" IF("\"discard\":true") "]"), "|1|0|");
	ck_assert_str_eq(outcome_of("[" IF("\"seen\":true,\"flagged\":true") "]"), "|0|5|");
	ck_assert_str_eq(outcome_of("[" IF("\"seen\":false,\"discard\":false") "]"), MISS);
	ck_assert_str_eq(outcome_of("[" IF("\"keywords\":[\"$A\",\"b\"]") "," IF(
				 "\"keywords\":[\"B\",\"c\"]") "]"),
		"|0|0|$A b c");
	/* The last move counts; stop ends it. */
	ck_assert_str_eq(
		outcome_of("[" IF("\"move\":\"one\",\"seen\":true") "," IF("\"move\":\"two\"") "]"),
		"two|0|1|");
	ck_assert_str_eq(outcome_of("[" IF("\"move\":\"one\",\"stop\":true") "," IF(
				 "\"move\":\"two\",\"seen\":true") "]"),
		"one|0|0|");
	ck_assert_str_eq(
		outcome_of("[" IF("\"discard\":true") "," IF("\"move\":\"two\"") "]"), "two|0|0|");
	ck_assert_str_eq(
		outcome_of("[" IF("\"move\":\"two\"") "," IF("\"discard\":true") "]"), "two|1|0|");
	ck_assert_str_eq(outcome_of("[" IF("\"move\":\"inbox/x\"") "]"), "inbox/x|0|0|");
	arena_free(&a);
}
END_TEST

/* None of these does anything, and none does harm. */
START_TEST(nonsense)
{
	static const char *const rows[] = { "{}", "7", "[7,null,[],\"x\",{}]",
		"[{\"if\":7,\"then\":{\"move\":\"x\"}}]", "[{\"if\":{},\"then\":{\"move\":\"x\"}}]",
		"[{\"if\":[{\"from\":\"jörg\"}],\"then\":{\"move\":\"x\"}}]",
		"[{\"then\":{\"move\":\"x\"}}]", "[{\"if\":{\"from\":\"jörg\"}}]",
		"[" IF("\"move\":\"\"") "]", "[" IF("\"move\":\"a//b\"") "]",
		"[" IF("\"move\":7,\"seen\":1,\"keywords\":\"x\",\"discard\":\"yes\"") "]",
		"[" IF("\"keywords\":[7,\"a b\",null,\"\"]") "]" };

	a = arena_new();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(outcome_of(rows[i]), MISS);
	arena_free(&a);
}
END_TEST

/* However many keywords there are, the list stays what the store takes. */
START_TEST(many_keywords)
{
	struct strbuf rules = { 0 };
	struct mail_filter_facts facts = { 0 };
	struct mail_filter_outcome out;
	struct json *j;

	a = arena_new();
	strbuf_addc(&rules, '[');
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&rules,
			"%s{\"if\":{\"has_attachment\":false},\"then\":{\"keywords\":[\"keyword-%"
			"d\"]"
			"}}",
			i ? "," : "", i);
	strbuf_addc(&rules, ']');
	ck_assert_int_eq(json_read(a, strbuf_slice(&rules), &j, NULL), 0);
	mail_filter_apply(a, j, &facts, SLICE("x"), &out);
	ck_assert_uint_le(out.keywords.n, MAIL_KEYWORDS_MAX);
	ck_assert_uint_gt(out.keywords.n, MAIL_KEYWORDS_MAX - 20);
	strbuf_free(&rules);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mail filter", conditions, actions, nonsense, many_keywords)
