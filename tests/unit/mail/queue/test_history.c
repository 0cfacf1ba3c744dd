/*
 * The last attempts at a recipient (queue/history.h): the newest are kept, whatever a server said; what repeats
 * itself takes a number; and a text that ends anywhere is read as far as it goes.
 */
#include "queue/history.h"

#include "harness.h"

static void add(struct strbuf *text, int64_t at_ms, int64_t code, const char *host, const char *tls,
	struct slice answer)
{
	struct strbuf out = { 0 };

	mail_history_add(&out, strbuf_slice(text),
		&(struct mail_history_attempt){ .at_ms = at_ms,
			.code = code,
			.host = slice_str(host),
			.tls = slice_str(tls),
			.answer = answer });
	strbuf_free(text);
	*text = out;
}

START_TEST(the_newest_are_kept)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	struct strbuf text = { 0 };
	size_t n;

	ck_assert_uint_eq(mail_history_read(strbuf_slice(&text), all), 0);
	add(&text, 1, 0, "", "", SLICE("192.0.2.1: Connection refused"));
	ck_assert_uint_eq(mail_history_read(strbuf_slice(&text), all), 1);
	ck_assert(all[0].at_ms == 1 && all[0].code == 0 && all[0].host.n == 0 && all[0].tls.n == 0);
	for (int i = 2; i <= 20; i++)
		add(&text, i, 450, i % 2 ? "mx1.test" : "mx2.test", "TLSv1.3, proven",
			SLICE("4.2.0 greylisted"));
	n = mail_history_read(strbuf_slice(&text), all);
	ck_assert_uint_eq(n, MAIL_HISTORY_MAX);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(all[i].at_ms, 13 + (int)i);
		ck_assert_int_eq(all[i].code, 450);
		ck_assert(slice_eq(all[i].host, i % 2 ? SLICE("mx2.test") : SLICE("mx1.test")));
		ck_assert(slice_eq(all[i].tls, SLICE("TLSv1.3, proven")));
		ck_assert(slice_eq(all[i].answer, SLICE("4.2.0 greylisted")));
	}
	strbuf_free(&text);
}
END_TEST

START_TEST(what_repeats_itself_is_short)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	struct slice answer = SLICE("192.0.2.1: Connection refused");
	struct strbuf text = { 0 };
	size_t one;

	add(&text, 1795891574717, 0, "", "", answer);
	one = text.n;
	for (int i = 1; i < 100; i++)
		add(&text, 1795891574717 + i, 0, "", "", answer);
	ck_assert_uint_eq(text.n, one + (MAIL_HISTORY_MAX - 1) * sizeof("1795891574717"));
	ck_assert_uint_eq(mail_history_read(strbuf_slice(&text), all), MAIL_HISTORY_MAX);
	ck_assert_int_eq(all[0].at_ms, 1795891574717 + 100 - MAIL_HISTORY_MAX);
	ck_assert(slice_eq(all[0].answer, answer) && slice_eq(all[7].answer, answer));
	strbuf_free(&text);
}
END_TEST

/* Tabs, ends of lines, a letter cut in two, and far too much of it. */
START_TEST(whatever_a_server_says)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	struct strbuf text = { 0 }, answer = { 0 };

	strbuf_adds(&answer, "a\tb\nc\rd\x7f\xff ");
	while (answer.n < 100000)
		strbuf_adds(&answer, "\xc3\xa4");
	for (int i = 0; i < 20; i++) {
		answer.p[0] = (char)('a' + i);
		add(&text, i, 451, "a\thost", "", strbuf_slice(&answer));
	}
	ck_assert_uint_le(text.n, MAIL_HISTORY_MAX * 700);
	ck_assert_uint_eq(mail_history_read(strbuf_slice(&text), all), MAIL_HISTORY_MAX);
	ck_assert(slice_eq(all[7].host, SLICE("a host")));
	ck_assert(slice_eq(slice_head(all[7].answer, 9), SLICE("t b c d \xef")));
	strbuf_free(&text);
	strbuf_free(&answer);
}
END_TEST

START_TEST(read_as_far_as_it_goes)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	struct strbuf text = { 0 };
	size_t n, last = 0;

	for (int i = 0; i < 6; i++)
		add(&text, i, 450 + i / 2, "mx.test", "TLSv1.2", SLICE("later"));
	for (size_t end = 0; end <= text.n; end++) {
		n = mail_history_read(slice_head(strbuf_slice(&text), end), all);
		ck_assert(n == last || n == last + 1 || n + 1 == last);
		last = n;
	}
	ck_assert_uint_eq(last, 6);
	ck_assert_uint_eq(mail_history_read(SLICE("x\n-1\n1\t1000\ta\tb\tc\n2\tx\n\n3\n"), all), 1);
	ck_assert(all[0].at_ms == 3 && all[0].host.n == 0);
	strbuf_free(&text);
}
END_TEST

TEST_MAIN("attempts at a recipient", the_newest_are_kept, what_repeats_itself_is_short,
	whatever_a_server_says, read_as_far_as_it_goes)
