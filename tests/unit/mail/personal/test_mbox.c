/*
 * test_mbox.c: messages go into an mbox and come back byte for byte, whatever is in them.
 */
#include "harness.h"

#include "personal/mbox.h"
#include "store/store.h"

static void ck_message(const char *message, const char *want)
{
	struct strbuf out = { 0 };

	mbox_add_message(&out, slice_str(message));
	ck_assert_str_eq(out.p, want);
	strbuf_free(&out);
}

START_TEST(quotes_what_looks_like_a_beginning)
{
	ck_message("a\r\nFrom b\r\n", "a\r\n>From b\r\n\n");
	ck_message("From a\r\n\r\n>From b\r\n>>>From c\r\n",
		">From a\r\n\r\n>>From b\r\n>>>>From c\r\n\n");
	ck_message("From: a\r\nfrom b\r\n From c\r\n> From d\r\nFrom\r\n",
		"From: a\r\nfrom b\r\n From c\r\n> From d\r\nFrom\r\n\n");
	ck_message("a\nFrom b\rFrom c", "a\n>From b\rFrom c\n\n");
	ck_message("", "\n\n");
	ck_message("\n", "\n\n");
}
END_TEST

START_TEST(heads)
{
	struct strbuf out = { 0 };

	mbox_add_head(&out, SLICE("bob@example.org"), 1700000000, 0, SLICE(""));
	ck_assert_str_eq(out.p, "From bob@example.org Tue Nov 14 22:13:20 2023\nStatus: "
				"O\r\nX-Status: \r\nX-Keywords: \r\n");
	strbuf_reset(&out);
	mbox_add_head(&out, SLICE(""), 0,
		MAIL_SEEN | MAIL_ANSWERED | MAIL_FLAGGED | MAIL_DELETED | MAIL_DRAFT,
		SLICE("$Forwarded Work"));
	ck_assert_str_eq(out.p, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nStatus: "
				"RO\r\nX-Status: AFDT\r\nX-Keywords: $Forwarded Work\r\n");
	strbuf_reset(&out);
	mbox_add_head(&out, SLICE("a b\nFrom c"), 0, MAIL_FLAGGED, SLICE(""));
	ck_assert_str_eq(out.p, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nStatus: "
				"O\r\nX-Status: F\r\nX-Keywords: \r\n");
	strbuf_free(&out);
}
END_TEST

/* Takes the messages out again, as any reader of mboxrd does. */
static struct slice unquote(struct strbuf *out, struct slice text)
{
	strbuf_reset(out);
	while (text.n) {
		ptrdiff_t end = slice_chr(text, '\n');
		struct slice line = end < 0 ? text : slice_head(text, (size_t)end + 1);
		size_t marks = 0;

		while (marks < line.n && line.p[marks] == '>')
			marks++;
		if (marks && slice_starts(slice_skip(line, marks), SLICE("From ")))
			line = slice_skip(line, 1);
		strbuf_add(out, line);
		text = slice_skip(text, (size_t)end + 1);
		if (end < 0)
			break;
	}
	return strbuf_slice(out);
}

START_TEST(everything_comes_back)
{
	static const char letters[] = ">>From \r\n\nF";
	struct strbuf out = { 0 }, back = { 0 };
	char message[24];
	unsigned seed = 1;

	for (int round = 0; round < 200000; round++) {
		size_t n = (size_t)round % (sizeof(message) - 2);
		struct slice got;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			message[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		if (round & 1 && n >= 6)
			memcpy(message + n - 6, "From \n", 6);
		message[n] = '\n';
		strbuf_reset(&out);
		mbox_add_message(&out, slice_of(message, n + 1));
		/* No line of it would begin another message. */
		ck_assert(!slice_starts(strbuf_slice(&out), SLICE("From ")));
		ck_assert(slice_find(strbuf_slice(&out), SLICE("\nFrom ")) < 0);
		got = unquote(&back, slice_head(strbuf_slice(&out), out.n - 1));
		ck_assert(slice_eq(got, slice_of(message, n + 1)));
	}
	strbuf_free(&out);
	strbuf_free(&back);
}
END_TEST

START_TEST(paths_that_every_file_system_takes)
{
	static const struct {
		const char *name, *path;
		bool changed;
	} rows[] = {
		{ "INBOX", "INBOX", false },
		{ "Archive/2024", "Archive/2024", false },
		{ "Gr\xc3\xbc\xc3\x9f"
		  "e",
			"Gr\xc3\xbc\xc3\x9f"
			"e",
			false },
		{ "..", "_.", true },
		{ ".", "_", true },
		{ "a/../b", "a/_./b", true },
		{ ".hidden", "_hidden", true },
		{ "a:b*c\\d", "a_b_c_d", true },
		{ "a.mbox/b", "a.mbox_/b", true },
		{ "a.MBOX", "a.MBOX_", true },
		{ "mbox", "mbox", false },
	};
	struct strbuf out = { 0 }, longest = { 0 };
	bool changed;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strbuf_reset(&out);
		mbox_path(&out, slice_str(rows[i].name), &changed);
		ck_assert_str_eq(out.p, rows[i].path);
		ck_assert_int_eq(changed, rows[i].changed);
	}
	/* Cut between two letters. */
	strbuf_adds(&longest, "x");
	while (longest.n < 400)
		strbuf_adds(&longest, "\xe6\x97\xa5");
	strbuf_reset(&out);
	mbox_path(&out, strbuf_slice(&longest), &changed);
	ck_assert(changed);
	ck_assert_uint_eq(out.n, 199);
	strbuf_free(&out);
	strbuf_free(&longest);
}
END_TEST

TEST_MAIN("mbox", quotes_what_looks_like_a_beginning, heads, everything_comes_back,
	paths_that_every_file_system_takes)
