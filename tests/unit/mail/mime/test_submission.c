/*
 * test_submission.c: headers as programs submit them: what is added, left out, encoded and refused; and
 * that a header cut at any byte never says more than the whole.
 */
#include "harness.h"

#include "mime/header.h"
#include "mime/submission.h"

#define ADDED "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <new@hearth.test>\r\n"
#define HAS   "Date: Mon, 1 Jan 2024 10:00:00 +0100\r\nMessage-ID: <x@y>\r\n"

static const char *mend(struct strbuf *out, struct arena *a, struct slice header, bool utf8,
	struct mime_submission *s)
{
	*s = (struct mime_submission){
		.utf8 = utf8, .date_s = 1700000000, .message_id = SLICE("new@hearth.test")
	};
	strbuf_adds(out, "");
	return mime_submission_mend(out, a, header, s);
}

static const struct {
	const char *in, *out, *authors;
	bool utf8;
} good[] = {
	{ "From: ann@hearth.test\r\n" HAS "\r\n", "From: ann@hearth.test\r\n" HAS "\r\n",
		"ann@hearth.test ", false },
	{ "From: ann@hearth.test\r\n\r\n", "From: ann@hearth.test\r\n" ADDED "\r\n",
		"ann@hearth.test ", false },
	/* Bcc goes, with its folds, whatever its case. */
	{ "From: a@b\r\nBCC: x@y,\r\n z@y\r\nTo: c@d\r\nResent-Bcc: q@r\r\nReturn-Path: "
	  "<q@r>\r\n" HAS "\r\n",
		"From: a@b\r\nTo: c@d\r\n" HAS "\r\n", "a@b ", false },
	/* Lines that end in LF; no empty line at the end; an mbox line in front. */
	{ "From x Mon\nFrom: a@b\nSubject: one\n two\n" HAS,
		"From: a@b\r\nSubject: one\r\n two\r\n" HAS "\r\n", "a@b ", false },
	/* A line that is no field begins the text. */
	{ "From: a@b\r\n" HAS "Hello\r\nTo: c@d\r\n\r\n",
		"From: a@b\r\n" HAS "\r\nHello\r\nTo: c@d\r\n\r\n", "a@b ", false },
	/* Several authors, and who of them has sent it. */
	{ "From: A <a@B>, \"C, D\" <c@d>\r\nSender: c@d\r\n" HAS "\r\n",
		"From: A <a@B>, \"C, D\" <c@d>\r\nSender: c@d\r\n" HAS "\r\n", "a@b c@d c@d ",
		false },
	/* Sent again: by whom the newest of these fields say; of old ones further down nobody asks. */
	{ "Resent-From: me@x\r\nResent-Date: now\r\nResent-To: y@z\r\nFrom: a@b\r\n" HAS "\r\n",
		"Resent-From: me@x\r\nResent-Date: now\r\nResent-To: y@z\r\nFrom: a@b\r\n" HAS
		"\r\n",
		"me@x | a@b ", false },
	{ "Resent-Bcc: q@r\r\nresent-to: y@z\r\nRESENT-FROM: me@x, you@x\r\nResent-Sender: "
	  "you@x\r\nResent-From: old@x\r\nFrom: a@b\r\n" HAS "\r\n",
		"Resent-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nresent-to: y@z\r\nRESENT-FROM: "
		"me@x, you@x\r\nResent-Sender: you@x\r\nResent-From: old@x\r\nFrom: a@b\r\n" HAS
		"\r\n",
		"me@x you@x you@x | a@b ", false },
	{ "From: a@b\r\nResent-From: old@x\r\n" HAS "\r\n",
		"From: a@b\r\nResent-From: old@x\r\n" HAS "\r\n", "a@b ", false },
	{ "Resent-To: y@z\r\nX: y\r\nResent-From: old@x\r\nFrom: a@b\r\n" HAS "\r\n",
		"Resent-To: y@z\r\nX: y\r\nResent-From: old@x\r\nFrom: a@b\r\n" HAS "\r\n", "a@b ",
		false },
	/* Bytes beyond ASCII. */
	{ "From: J\xc3\xb6rg <a@b>\r\nSubject: caf\xc3\xa9\r\n" HAS "\r\n",
		"From: =?utf-8?B?SsO2cmc=?= <a@b>\r\nSubject: =?utf-8?B?Y2Fmw6k=?=\r\n" HAS "\r\n",
		"a@b ", false },
	{ "From: a@b\r\nSubject: caf\xe9\r\n" HAS "\r\n",
		"From: a@b\r\nSubject: =?utf-8?B?Y2Fmw6k=?=\r\n" HAS "\r\n", "a@b ", false },
	{ "From: J\xc3\xb6rg <j\xc3\xb6rg@b>\r\nSubject: caf\xc3\xa9\r\n" HAS "\r\n",
		"From: J\xc3\xb6rg <j\xc3\xb6rg@b>\r\nSubject: caf\xc3\xa9\r\n" HAS "\r\n",
		"j\xc3\xb6rg@b ", true },
	{ "From: a@b\r\nSubject: caf\xe9\r\n" HAS "\r\n",
		"From: a@b\r\nSubject: =?utf-8?B?Y2Fmw6k=?=\r\n" HAS "\r\n", "a@b ", true },
};

START_TEST(mended)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct arena *a = arena_new();
		struct mime_submission s;
		struct strbuf out = { 0 }, authors = { 0 };
		const char *why = mend(&out, a, slice_str(good[i].in), good[i].utf8, &s);

		ck_assert_msg(!why, "%s: %s", good[i].in, why);
		ck_assert_str_eq(out.p, good[i].out);
		for (size_t k = 0; k < s.author_n; k++)
			strbuf_printf(&authors, "%.*s ", SLICE_ARG(s.authors[k]));
		for (size_t k = 0; k < s.original_n; k++)
			strbuf_printf(
				&authors, "%s%.*s ", k == 0 ? "| " : "", SLICE_ARG(s.originals[k]));
		ck_assert_str_eq(authors.p, good[i].authors);
		strbuf_free(&out);
		strbuf_free(&authors);
		arena_free(&a);
	}
}
END_TEST

/* What could be read as somebody else's mail, or cannot be sent. */
static const char *const bad[] = {
	"",
	"\r\n",
	"Subject: x\r\n\r\n",
	"Hello\r\nFrom: a@b\r\n\r\n",
	"From:\r\n\r\n",
	"From: nobody\r\n\r\n",
	"From: undisclosed:;\r\n\r\n",
	"From: a@b, c@d\r\n\r\n",
	"From: a@b\r\nFrom: c@d\r\n\r\n",
	"From: a@b\r\nfrom : c@d\r\n\r\n",
	"From: a@b\r\nSender: c@d\r\nSender: e@f\r\n\r\n",
	"From: a@b\r\nSender: c@d, e@f\r\n\r\n",
	"From: a@b\r\nSender:\r\n\r\n",
	"From: a@b\r\nDate: x\r\nDate: y\r\n\r\n",
	"From: a@b\r\nSubject: x\r\nSubject: y\r\n\r\n",
	"From: a@b\r\nMessage-ID: <x>\r\nMessage-ID: <y>\r\n\r\n",
	"From: <a@b> c@d\r\n\r\n",
	"From: a@b <c@d> e\r\n\r\n",
	"From: a@b\r\nX: y\rFrom: c@d\r\n\r\n",
	"From: a\rb@c\r\n\r\n",
	"Resent-From: me@x\r\n\r\n",
	"Resent-From: me@x, you@x\r\nFrom: a@b\r\n\r\n",
	"Resent-From: nobody\r\nFrom: a@b\r\n\r\n",
	"Resent-From: me@x\r\nResent-Sender: me@x, you@x\r\nFrom: a@b\r\n\r\n",
	"From: j\xc3\xb6rg@b\r\n\r\n",
	"From: a@b\r\nTo: j\xc3\xb6rg@b\r\n\r\n",
	"From: a@b\r\nContent-Type: text/\xc3\xb6\r\n\r\n",
};

START_TEST(refused)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena *a = arena_new();
		struct mime_submission s;
		struct strbuf out = { 0 };

		ck_assert_msg(mend(&out, a, slice_str(bad[i]), false, &s), "%s", bad[i]);
		strbuf_free(&out);
		arena_free(&a);
	}
}
END_TEST

START_TEST(cut_anywhere)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t n = 0; n <= strlen(good[i].in); n++) {
			struct arena *a = arena_new();
			struct mime_submission s;
			struct strbuf out = { 0 };
			struct mime_field f;

			if (!mend(&out, a, slice_of(good[i].in, n), good[i].utf8, &s)) {
				ck_assert_uint_gt(s.author_n, 0);
				ck_assert(mime_field_find(strbuf_slice(&out), SLICE("Date"), &f));
				ck_assert(!mime_field_find(strbuf_slice(&out), SLICE("Bcc"), &f));
			}
			strbuf_free(&out);
			arena_free(&a);
		}
}
END_TEST

/* More fields than are looked at: one of them might be another From. */
START_TEST(many_fields)
{
	struct arena *a = arena_new();
	struct mime_submission s;
	struct strbuf in = { 0 }, out = { 0 };

	strbuf_adds(&in, "From: a@b\r\n");
	for (int i = 0; i < MIME_FIELDS_MAX; i++)
		strbuf_adds(&in, "X: y\r\n");
	strbuf_adds(&in, "From: c@d\r\n\r\n");
	ck_assert_ptr_nonnull(mend(&out, a, strbuf_slice(&in), false, &s));
	strbuf_free(&in);
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

TEST_MAIN("submission", mended, refused, cut_anywhere, many_fields)
