/*
 * test_ini.c: the events of an INI text, written out as one string a case.
 */
#include "check_slice.h"
#include "core/ini.h"
#include "harness.h"
#include "hearth/rand.h"

/* "line[section]" , "line:section.key=<value>", "line!error" */
static void write_events(struct slice text, struct strbuf *out)
{
	struct ini_parser p;
	struct ini_event e;

	ini_init(&p, text);
	while ((e = ini_next(&p)).type != INI_END) {
		strbuf_printf(out, "%d", e.line);
		if (e.type == INI_SECTION)
			strbuf_printf(out, "[%.*s]", SLICE_ARG(e.section));
		else if (e.type == INI_SETTING)
			strbuf_printf(out, ":%.*s.%.*s=<%.*s>", SLICE_ARG(e.section),
				SLICE_ARG(e.key), SLICE_ARG(e.value));
		else
			strbuf_printf(out, "!%s", e.error);
		strbuf_addc(out, ' ');
	}
	ck_assert_int_eq(ini_next(&p).type, INI_END);
}

static void check_events(struct slice text, const char *expected)
{
	struct strbuf out = { 0 };

	write_events(text, &out);
	ck_slice_eq(strbuf_slice(&out), expected);
	strbuf_free(&out);
}

START_TEST(settings)
{
	check_events(SLICE(""), "");
	check_events(SLICE("\n\n"), "");
	check_events(SLICE("[a]\nk = v"), "1[a] 2:a.k=<v> ");
	check_events(SLICE("[a]\nk=v\n[b]\nk=w\n"), "1[a] 2:a.k=<v> 3[b] 4:b.k=<w> ");
	check_events(SLICE("  [ a ]  \n\tkey_1-x\t=\t v w \t\n"), "1[a] 2:a.key_1-x=<v w> ");
	check_events(SLICE("[a]\r\nk=v\r\n\r\n"), "1[a] 2:a.k=<v> ");
	check_events(SLICE("\xEF\xBB\xBF[a]\nk=v"), "1[a] 2:a.k=<v> ");
	check_events(SLICE("[a]\nk=\nl = \n"), "1[a] 2:a.k=<> 3:a.l=<> ");
	check_events(SLICE("[a]\nk=x=y=z"), "1[a] 2:a.k=<x=y=z> ");
	check_events(SLICE("[a]\nk=gr\xC3\xBC\xC3\x9F"), "1[a] 2:a.k=<gr\xC3\xBC\xC3\x9F> ");
}
END_TEST

START_TEST(comments_are_whole_lines)
{
	check_events(SLICE("# c\n; c\n  # c\n[a]\n#k=v\n;k=v"), "4[a] ");
	check_events(SLICE("[a]\nk = v # w\nl = v ; w"), "1[a] 2:a.k=<v # w> 3:a.l=<v ; w> ");
}
END_TEST

START_TEST(quotes_keep_white_space)
{
	check_events(SLICE("[a]\nk = \" v \"\nl=\"\"\nm=\"a\"b\"\nn=a\"b\""),
		"1[a] 2:a.k=< v > 3:a.l=<> 4:a.m=<a\"b> 5:a.n=<a\"b\"> ");
	check_events(SLICE("[a]\nk=\"v\nl=\"\nm=\"a\" b"),
		"1[a] 2!a value that begins with a quote ends with one "
		"3!a value that begins with a quote ends with one "
		"4!a value that begins with a quote ends with one ");
}
END_TEST

START_TEST(errors_and_goes_on)
{
	check_events(SLICE("k=v\n[a]\nk=v"),
		"1!expected a [section] before the first key 2[a] 3:a.k=<v> ");
	check_events(SLICE("[a]\nkey\n= v\nK=v\nk k=v\nk.l=v\nl=w"),
		"1[a] 2!expected key = value, the key in small letters "
		"3!expected key = value, the key in small letters "
		"4!expected key = value, the key in small letters "
		"5!expected key = value, the key in small letters "
		"6!expected key = value, the key in small letters 7:a.l=<w> ");
	check_events(SLICE("[\n[]\n[ ]\n[a\n[A]\n[a]x\n[a b]\n]\n"),
		"1!expected [section], in small letters 2!expected [section], in small letters "
		"3!expected [section], in small letters 4!expected [section], in small letters "
		"5!expected [section], in small letters 6!expected [section], in small letters "
		"7!expected [section], in small letters 8!expected key = value, the key in small "
		"letters ");
	check_events(SLICE("[a]\nk=\xFF\nl=\x01\nm=\0n\no=a\rb\np=\x7F\nq=\t1\t2"),
		"1[a] 2!expected UTF-8 3!expected no control characters 4!expected no control "
		"characters "
		"5!expected no control characters 6!expected no control characters 7:a.q=<1\t2> ");
	/* Also in comments: an editor that shows them may be fooled. */
	check_events(SLICE("# \x1B[2J"), "1!expected no control characters ");
}
END_TEST

/* Whatever comes in: it ends, and each event lies in the text on its line. */
START_TEST(any_bytes)
{
	static const char letters[] = "[]=;#\"\n\r\t ab_-.A\xC3\xBC\x01";

	rand_seed_for_tests(14);
	for (int i = 0; i < 50000; i++) {
		char in[40];
		size_t n = rand_below(sizeof(in));
		struct ini_parser p;
		struct ini_event e;
		int line = 0;

		for (size_t j = 0; j < n; j++)
			in[j] = letters[rand_below(sizeof(letters) - 1)];
		ini_init(&p, slice_of(in, n));
		while ((e = ini_next(&p)).type != INI_END) {
			ck_assert_int_gt(e.line, line);
			line = e.line;
			ck_assert_int_eq(e.type == INI_ERROR, e.error != NULL);
			if (e.type == INI_SETTING)
				ck_assert(e.key.n && e.section.n && e.value.p >= in &&
					  e.value.p + e.value.n <= in + n);
		}
	}
}
END_TEST

TEST_MAIN("ini", settings, comments_are_whole_lines, quotes_keep_white_space, errors_and_goes_on,
	any_bytes)
