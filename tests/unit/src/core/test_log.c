/*
 * test_log.c: what arrives at standard error, byte by byte, with the clock held still.
 */
#include "harness.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/str.h"
#include "src/dies.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#define HEAD "2023-11-14T22:13:20.007Z info  test: "

static char seen[1 << 20];
static FILE *capture;
static int saved_stderr;

static void capture_begin(void)
{
	clock_fake(1700000000007, 0);
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	capture = tmpfile();
	dup2(fileno(capture), STDERR_FILENO);
}

/* What was written to standard error since capture_begin. */
static const char *capture_end(void)
{
	size_t n;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	rewind(capture);
	n = fread(seen, 1, sizeof(seen) - 1, capture);
	seen[n] = '\0';
	fclose(capture);
	return seen;
}

START_TEST(one_line_an_event)
{
	capture_begin();
	log_info("test", "message accepted", "conn", "%" PRIu64, (uint64_t)17, "from", "%s", "a b",
		NULL);
	log_error("test", "no fields", NULL);
	ck_assert_str_eq(capture_end(), HEAD "message accepted conn=17 from=\"a b\"\n"
					     "2023-11-14T22:13:20.007Z error test: no fields\n");
}
END_TEST

static void grumble(int n)
{
	log_warn("test", "it fails", "n", "%d", n, NULL);
}

START_TEST(says_the_same_trouble_a_few_times_a_minute)
{
	const char *text;
	int lines = 0;

	capture_begin();
	for (int i = 0; i < 1000; i++)
		grumble(i);
	log_warn("test", "something else fails", NULL);
	for (int i = 0; i < 30; i++)
		log_info("test", "what happens is told each time", NULL);
	clock_fake_advance(60000);
	grumble(-1);
	text = capture_end();
	ck_assert_ptr_nonnull(strstr(text, "something else"));
	ck_assert_ptr_nonnull(strstr(text, "it fails n=-1 left_out=980\n"));
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	ck_assert_int_eq(lines, 20 + 1 + 30 + 1);
}
END_TEST

START_TEST(formats)
{
	capture_begin();
	log_info("test", "x", "a", "%d", -1, "b", "%u", 2u, "c", "%zu", (size_t)3, "d", "%lld",
		-4LL, "e", "%llu", UINT64_C(18446744073709551615) + 0ULL, "f", "%ld", -6L, "g",
		"%lu", 7UL, "h", "%c", 'h', "i", "%5.2f", 1.005, "j", "%-4x|", 255u, "k", "plain",
		"l", "100%%", "m", "%.3s", "abcdef", "n", "%.*s", 2, "xyz", "o", "p%sq", "-", "p",
		"%03d", 7, NULL);
	ck_assert_str_eq(capture_end(), HEAD
		"x a=-1 b=2 c=3 d=-4 e=18446744073709551615 f=-6 g=7 h=h i=\" 1.00\" j=\"ff  |\" "
		"k=plain l=100% m=abc n=xy o=p-q p=007\n");
}
END_TEST

START_TEST(pointers_are_understood)
{
	char expected[128];

	snprintf(expected, sizeof(expected), HEAD "x at=%p\n", (void *)seen);
	capture_begin();
	log_info("test", "x", "at", "%p", (void *)seen, NULL);
	ck_assert_str_eq(capture_end(), expected);
}
END_TEST

START_TEST(nothing_raw_from_outside)
{
	capture_begin();
	log_info("test", "x", "a", "%s", "\033[31m\r\n\t\x7F", "b", "%s", "say \"\\\"", "c", "%s",
		"", "d", "%s", "k=v", "e", "%s", "gr\xC3\xBC\xC3\x9F", "f", "%s", "\xFF\xC3", "g",
		"%s",
		"\xC2\x9B"
		"31m",
		"h", "%s",
		"\xE2\x80\xAE"
		"x",
		"i", "%s", "\xE2\x80\xA8", NULL);
	ck_assert_str_eq(capture_end(), HEAD
		"x a=\"\\x1b[31m\\x0d\\x0a\\x09\\x7f\" b=\"say \\\"\\\\\\\"\" c=\"\" d=\"k=v\" "
		"e=gr\xC3\xBC\xC3\x9F f=\"\\xff\\xc3\" g=\\xc2\\x9b31m h=\\xe2\\x80\\xaex "
		"i=\\xe2\\x80\\xa8\n");
}
END_TEST

START_TEST(levels)
{
	enum log_level level = LOG_ERROR;

	ck_assert(log_enabled(LOG_INFO) && !log_enabled(LOG_DEBUG));
	ck_assert_int_eq(log_level_parse("warn", &level), 0);
	ck_assert_int_eq(level, LOG_WARN);
	ck_assert_int_eq(log_level_parse("WARN", &level), HEARTH_EINVAL);
	ck_assert_int_eq(log_level_parse("", &level), HEARTH_EINVAL);
	ck_assert_int_eq(level, LOG_WARN);
	log_set_level(level);
	capture_begin();
	log_debug("test", "no", NULL);
	log_info("test", "no", NULL);
	log_warn("test", "yes", NULL);
	ck_assert_str_eq(capture_end(), "2023-11-14T22:13:20.007Z warn  test: yes\n");
	log_set_level(LOG_INFO);
}
END_TEST

START_TEST(a_wrong_format_is_shown_and_ends_the_line)
{
	static const char *const bad[] = { "%d %d", "%n", "%", "%q", "%ls", "%*d", "%lc" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		capture_begin();
		log_info("test", "x", "a", bad[i], 1, 2, NULL);
		ck_assert_str_eq(capture_end(), HEAD "x a=\"bad log format\"\n");
	}
}
END_TEST

START_TEST(long_lines_are_cut)
{
	static char text[5000];
	const char *line;
	size_t n;

	memset(text, 'x', sizeof(text) - 1);
	for (size_t start = 0; start < 2000; start += 7) {
		capture_begin();
		log_info("test", "x", "a", "%s", text + start, "b", "%s", text + start, NULL);
		line = capture_end();
		n = strlen(line);
		ck_assert_uint_le(n, 4096);
		ck_assert_str_eq(line + n - 5, " ...\n");
		ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
	}
}
END_TEST

START_TEST(errno_stays)
{
	capture_begin();
	errno = EAGAIN;
	log_info("test", "x", "a", "%s", "b", NULL);
	ck_assert_int_eq(errno, EAGAIN);
	capture_end();
}
END_TEST

static void *write_lines(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info("test", "line", "thread", "%s", (const char *)arg, "n", "%d", i, NULL);
	return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
	static char names[4][200];
	pthread_t threads[4];
	struct slice rest;
	size_t lines = 0;

	capture_begin();
	for (int i = 0; i < 4; i++) {
		memset(names[i], 'a' + i, sizeof(names[i]) - 1);
		pthread_create(&threads[i], NULL, write_lines, names[i]);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	rest = slice_str(capture_end());
	while (rest.n) {
		struct slice line = slice_split(&rest, '\n');
		char thread;

		ck_assert(slice_starts(line, SLICE(HEAD "line thread=")));
		line = slice_skip(line, strlen(HEAD "line thread="));
		thread = line.p[0];
		for (size_t i = 0; i < sizeof(names[0]) - 1; i++)
			ck_assert_int_eq(line.p[i], thread);
		lines++;
	}
	ck_assert_uint_eq(lines, 2000);
}
END_TEST

static void be_fatal(void)
{
	log_fatal("test", "the %s is on fire", "house");
}

static void break_an_invariant(void)
{
	int one = 1;

	INVARIANT(one == 2);
}

START_TEST(fatal_ends_the_process)
{
	ck_assert(dies_alone(be_fatal));
	ck_assert(dies_alone(break_an_invariant));
	INVARIANT(1 + 1 == 2);
}
END_TEST

TEST_MAIN("log", says_the_same_trouble_a_few_times_a_minute, one_line_an_event, formats,
	pointers_are_understood, nothing_raw_from_outside, levels,
	a_wrong_format_is_shown_and_ends_the_line, long_lines_are_cut, errno_stays,
	lines_of_threads_do_not_mix, fatal_ends_the_process)
