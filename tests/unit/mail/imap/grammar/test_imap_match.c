/*
 * test_imap_match.c: LIST patterns.
 */
#include "harness.h"

#include "imap/grammar/imap_match.h"

static bool match(const char *pattern, const char *name)
{
	return imap_match(slice_str(pattern), slice_str(name), '/');
}

START_TEST(wildcards)
{
	ck_assert(match("*", ""));
	ck_assert(match("%", ""));
	ck_assert(match("", ""));
	ck_assert(!match("", "a"));
	ck_assert(match("*", "a/b/c"));
	ck_assert(match("%", "a"));
	ck_assert(!match("%", "a/b"));
	ck_assert(match("%/%", "a/b"));
	ck_assert(!match("%/%", "a/b/c"));
	ck_assert(match("a*", "a"));
	ck_assert(match("a*", "a/b"));
	ck_assert(!match("a%", "a/b"));
	ck_assert(match("a/%", "a/"));
	ck_assert(match("*b", "a/b"));
	ck_assert(match("*b*d", "abcbcd"));
	ck_assert(!match("*b*d", "abcbc"));
	ck_assert(match("%b%d", "abcbcd"));
	ck_assert(!match("%b%d", "ab/cd"));
	ck_assert(match("*%*%", "a/b/c"));
	ck_assert(match("%*", "a/b"));
	ck_assert(match("*/x", "a/b/x"));
	ck_assert(match("%/x*y", "a/xb/cy"));
	ck_assert(!match("abc", "ab"));
	ck_assert(!match("ab", "abc"));
	ck_assert(!match("A", "a"));
	ck_assert(match("*é", "caf\xc3\xa9"));
}
END_TEST

START_TEST(inbox)
{
	ck_assert(match("inbox", "INBOX"));
	ck_assert(match("INB%", "INBOX"));
	ck_assert(match("%nBox", "INBOX"));
	ck_assert(match("Inbox/a", "INBOX/a"));
	ck_assert(!match("Inbox/A", "INBOX/a"));
	ck_assert(!match("inboxes", "INBOXES"));
	ck_assert(imap_is_inbox(SLICE("iNbOx")));
	ck_assert(!imap_is_inbox(SLICE("INBOX/")));
}
END_TEST

START_TEST(no_delimiter)
{
	ck_assert(imap_match(SLICE("%"), SLICE("a/b"), '\0'));
	ck_assert(!imap_match(SLICE("%"), SLICE("a.b"), '.'));
}
END_TEST

START_TEST(reference)
{
	struct arena *a = arena_new();

	ck_assert(slice_eq(imap_match_pattern(a, SLICE("foo/"), SLICE("%")), SLICE("foo/%")));
	ck_assert(slice_eq(imap_match_pattern(a, SLICE(""), SLICE("*")), SLICE("*")));
	ck_assert_uint_eq(imap_match_pattern(a, SLICE(""), SLICE("")).n, 0);
	arena_free(&a);
}
END_TEST

/* A plain reading of section 6.3.8, in exponential time. */
static bool slow(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (*p == '*' || *p == '%')
		return slow(p + 1, s) || (*s && (*p == '*' || *s != '/') && slow(p, s + 1));
	return *p == *s && slow(p + 1, s + 1);
}

/* The i-th word over the letters. */
static void word(char *out, size_t length, size_t i, const char *letters)
{
	size_t base = strlen(letters);

	for (size_t k = 0; k < length; k++, i /= base)
		out[k] = letters[i % base];
	out[length] = '\0';
}

START_TEST(all_short_ones)
{
	char p[8], s[8];

	for (size_t i = 0; i < 1024; i++)
		for (size_t k = 0; k < 243; k++) {
			word(p, 5, i, "ab/*");
			word(s, 5, k, "ab/");
			ck_assert_msg(match(p, s) == slow(p, s), "%s %s", p, s);
			p[3] = '%';
			ck_assert_msg(match(p, s) == slow(p, s), "%s %s", p, s);
			p[0] = '%';
			ck_assert_msg(match(p, s) == slow(p, s), "%s %s", p, s);
		}
}
END_TEST

/* What takes exponential time when it is tried one by one. */
START_TEST(hostile)
{
	struct strbuf p = { 0 }, s = { 0 };

	for (int i = 0; i < 500; i++) {
		strbuf_adds(&p, "*a");
		strbuf_adds(&s, "aa");
	}
	strbuf_adds(&p, "b");
	ck_assert(!imap_match(strbuf_slice(&p), strbuf_slice(&s), '/'));
	strbuf_addc(&s, 'b');
	ck_assert(imap_match(strbuf_slice(&p), strbuf_slice(&s), '/'));
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&p, "*");
	ck_assert(
		!imap_match(strbuf_slice(&p), strbuf_slice(&s), '/')); /* longer than any can be */
	strbuf_free(&p);
	strbuf_free(&s);
}
END_TEST

TEST_MAIN("imap match", wildcards, inbox, no_delimiter, reference, all_short_ones, hostile)
