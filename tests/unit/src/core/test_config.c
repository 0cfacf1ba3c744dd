/*
 * test_config.c: declared settings, files and --set, every kind of error line, the example file.
 */
#include "harness.h"
#include "hearth/config.h"
#include "hearth/error.h"
#include "src/dies.h"

#include <stdio.h>
#include <sys/stat.h>

static const struct config_setting kernel_rows[] = {
	{ "server", "hostname", CONFIG_TEXT, "localhost", NULL, NULL, NULL, "the name" },
	{ "server", "log_level", CONFIG_CHOICE, "info", NULL, NULL, "debug|info|warn",
		"the level" },
	{ "listen", "http", CONFIG_ADDRESS, "127.0.0.1:8080", NULL, NULL, NULL, "the web" },
	{ "listen", "https", CONFIG_ADDRESS, "off", NULL, NULL, NULL, "the web over TLS" },
	{ "server", "drain", CONFIG_DURATION, "10s", "0s", "10m", NULL, "time to finish" },
	CONFIG_END,
};

static const struct config_setting mail_rows[] = {
	{ NULL, "domains", CONFIG_LIST, "", NULL, NULL, NULL, "local domains" },
	{ NULL, "max_message", CONFIG_SIZE, "50M", "1K", "1G", NULL, "largest message" },
	{ NULL, "spam", CONFIG_BOOL, "yes", NULL, NULL, NULL, "whether to look for spam" },
	{ NULL, "workers", CONFIG_INT, "2", "1", "64", NULL, "threads" },
	CONFIG_END,
};

static struct config *declared(void)
{
	struct config *c = config_new();

	config_declare(c, NULL, kernel_rows);
	config_declare(c, "mail", mail_rows);
	return c;
}

/* Reads a text and compares all error lines. */
static void check_errors(const char *text, const char *expected)
{
	struct config *c = declared();
	struct strbuf errors = { 0 };

	ck_assert_int_eq(
		config_read_text(c, "f", slice_str(text), &errors), *expected ? HEARTH_EINVAL : 0);
	ck_assert_str_eq(errors.p ? errors.p : "", expected);
	strbuf_free(&errors);
	config_free(&c);
	ck_assert_ptr_null(c);
}

START_TEST(defaults)
{
	struct config *c = declared(), *never = NULL;

	ck_assert_str_eq(config_text(c, "server", "hostname"), "localhost");
	ck_assert_str_eq(config_text(c, "server", "log_level"), "info");
	ck_assert_int_eq(config_address(c, "listen", "http").port, 8080);
	ck_assert(config_address(c, "listen", "https").off);
	ck_assert_int_eq(config_duration_ms(c, "server", "drain"), 10000);
	ck_assert_ptr_null(config_list(c, "mail", "domains")[0]);
	ck_assert_int_eq(config_size(c, "mail", "max_message"), 50 << 20);
	ck_assert(config_bool(c, "mail", "spam"));
	ck_assert_int_eq(config_int(c, "mail", "workers"), 2);
	config_free(&c);
	config_free(&never);
}
END_TEST

START_TEST(text_then_set)
{
	struct config *c = declared();
	struct strbuf errors = { 0 };
	struct slice text =
		SLICE("[server]\nhostname = a.org\n[mail]\nspam=no\ndomains=a.org, b.org\n"
		      "[listen]\nhttp = [::1]:80\n");

	ck_assert_int_eq(config_read_text(c, "f", text, &errors), 0);
	ck_assert_int_eq(config_set(c, "server.hostname=b.org", &errors), 0);
	ck_assert_int_eq(config_set(c, " mail.workers = 3 ", &errors), HEARTH_EINVAL);
	ck_assert_int_eq(config_set(c, "mail.workers= 3 ", &errors), 0);
	ck_assert_int_eq(config_set(c, "mail.workers=4", &errors), 0);
	ck_assert_str_eq(config_text(c, "server", "hostname"), "b.org");
	ck_assert(!config_bool(c, "mail", "spam"));
	ck_assert_str_eq(config_list(c, "mail", "domains")[1], "b.org");
	ck_assert_str_eq(config_address(c, "listen", "http").host, "::1");
	ck_assert_int_eq(config_int(c, "mail", "workers"), 4);
	/* A second text may say otherwise. */
	ck_assert_int_eq(config_read_text(c, "g", SLICE("[mail]\nworkers=5"), &errors), 0);
	ck_assert_int_eq(config_int(c, "mail", "workers"), 5);
	strbuf_free(&errors);
	config_free(&c);
}
END_TEST

START_TEST(errors_name_line_and_nearest)
{
	check_errors("", "");
	check_errors("# nothing\n", "");
	check_errors("[server]\nhostnam = x\n",
		"f:2: unknown key \"hostnam\" in [server]; nearest known key: [server] hostname\n");
	check_errors("[mail]\nmax_mesage = 1M\n", "f:2: unknown key \"max_mesage\" in [mail]; "
						  "nearest known key: [mail] max_message\n");
	check_errors("[server]\nhttp = off\n",
		"f:2: unknown key \"http\" in [server]; nearest known key: [listen] http\n");
	check_errors("[sever]\nhostname = x\nalso = y\n[mail]\nspam = no\n",
		"f:1: unknown section [sever]; nearest known section: [server]\n");
	check_errors("[server]\n\ndrain = soon\n", "f:3: [server] drain: found \"soon\", expected "
						   "a duration such as 250ms, 30s, 10m, 24h or "
						   "7d, from 0s to 10m\n");
	check_errors("[mail]\nworkers = 65\n",
		"f:2: [mail] workers: found \"65\", expected a whole number, from 1 to 64\n");
	check_errors("[server]\nlog_level = loud\n",
		"f:2: [server] log_level: found \"loud\", expected one of debug, info, warn\n");
	check_errors("[mail]\nspam=no\n[mail]\nspam=no\n",
		"f:4: [mail] spam is set already on line 2\n");
	check_errors("spam=no\n", "f:1: expected a [section] before the first key\n");
}
END_TEST

START_TEST(all_errors_at_once)
{
	check_errors("[mail]\nspam=maybe\nworkers\n[serve]\nx=y\n[listen]\nhttp=80\n",
		"f:2: [mail] spam: found \"maybe\", expected yes or no\n"
		"f:3: expected key = value, the key in small letters\n"
		"f:4: unknown section [serve]; nearest known section: [server]\n"
		"f:7: [listen] http: found \"80\", expected host:port, [ipv6]:port, :port or "
		"off\n");
}
END_TEST

START_TEST(set_errors)
{
	static const struct {
		const char *assignment, *error;
	} cases[] = {
		{ "server.hostnam=x",
			"--set server.hostnam=x: unknown key \"hostnam\" in [server]; "
			"nearest known key: [server] hostname\n" },
		{ "mail.spam=perhaps", "--set mail.spam=perhaps: [mail] spam: found \"perhaps\", "
				       "expected yes or no\n" },
		{ "mail.spam", "--set mail.spam: expected section.key=value\n" },
		{ "spam=no", "--set spam=no: expected section.key=value\n" },
		{ "=", "--set =: expected section.key=value\n" },
		{ "", "--set : expected section.key=value\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = declared();
		struct strbuf errors = { 0 };

		ck_assert_int_eq(config_set(c, cases[i].assignment, &errors), HEARTH_EINVAL);
		ck_assert_str_eq(errors.p, cases[i].error);
		strbuf_free(&errors);
		config_free(&c);
	}
}
END_TEST

START_TEST(empty_configuration_knows_nothing)
{
	struct config *c = config_new();
	struct strbuf errors = { 0 };

	ck_assert_int_eq(config_set(c, "a.b=c", &errors), HEARTH_EINVAL);
	ck_assert_str_eq(errors.p, "--set a.b=c: unknown key \"b\" in [a]\n");
	ck_assert_int_eq(config_read_text(c, "f", SLICE("[a]\nb=c"), &errors), HEARTH_EINVAL);
	strbuf_free(&errors);
	config_free(&c);
}
END_TEST

START_TEST(files)
{
	char path[] = "/tmp/hearth-config-XXXXXX";
	int fd = mkstemp(path);
	struct config *c = declared();
	struct strbuf errors = { 0 };
	char expected[200];

	ck_assert_int_eq(write(fd, "[mail]\nworkers=9\n", 17), 17);
	ck_assert_int_eq(config_read_file(c, path, &errors), 0);
	ck_assert_int_eq(config_int(c, "mail", "workers"), 9);
	ck_assert_int_eq(ftruncate(fd, (1 << 20) + 1), 0);
	ck_assert_int_eq(config_read_file(c, path, &errors), HEARTH_EIO);
	close(fd);
	unlink(path);
	ck_assert_int_eq(config_read_file(c, path, &errors), HEARTH_EIO);
	ck_assert_int_eq(config_read_file(c, "/tmp", &errors), HEARTH_EIO);
	snprintf(expected, sizeof(expected),
		"%s: larger than 1 MiB: no configuration\n%s: No such file or directory\n/tmp: Is "
		"a directory\n",
		path, path);
	ck_assert_str_eq(errors.p, expected);
	strbuf_free(&errors);
	config_free(&c);
}
END_TEST

/* The example names every key; with the marks taken off it reads, and changes nothing. */
START_TEST(example_reads_back)
{
	struct config *c = declared();
	struct strbuf example = { 0 }, again = { 0 }, errors = { 0 };

	config_write_example(c, &example);
	ck_assert_ptr_nonnull(
		strstr(example.p, "\n[server]\n\n# the name\n;hostname = localhost\n"));
	ck_assert_ptr_nonnull(strstr(example.p, "\n# local domains\n# (words with commas or spaces "
						"between)\n;domains =\n"));
	ck_assert_ptr_nonnull(strstr(example.p, ";drain = 10s\n\n[listen]\n"));
	ck_assert_ptr_eq(strstr(strstr(example.p, "[server]") + 1, "[server]"), NULL);
	ck_assert_int_eq(config_read_text(c, "f", strbuf_slice(&example), &errors), 0);
	for (char *at = example.p; (at = strstr(at, "\n;"));)
		at[1] = ' ';
	ck_assert_msg(
		config_read_text(c, "f", strbuf_slice(&example), &errors) == 0, "%s", errors.p);
	ck_assert_int_eq(config_int(c, "mail", "workers"), 2);
	config_write_example(c, &again);
	strbuf_free(&example);
	strbuf_free(&again);
	strbuf_free(&errors);
	config_free(&c);
}
END_TEST

static void declare_twice(void)
{
	config_declare(declared(), "mail", mail_rows);
}

static void wrong_default(void)
{
	static const struct config_setting rows[] = {
		{ "a", "b", CONFIG_INT, "x", NULL, NULL, NULL, "" }, CONFIG_END
	};

	config_declare(config_new(), NULL, rows);
}

static void no_section(void)
{
	config_declare(config_new(), NULL, mail_rows);
}

static void undeclared(void)
{
	config_text(declared(), "server", "none");
}

static void another_type(void)
{
	config_int(declared(), "server", "hostname");
}

START_TEST(mistakes_of_the_program_end_it)
{
	ck_assert(dies_alone(declare_twice));
	ck_assert(dies_alone(wrong_default));
	ck_assert(dies_alone(no_section));
	ck_assert(dies_alone(undeclared));
	ck_assert(dies_alone(another_type));
}
END_TEST

TEST_MAIN("config", defaults, text_then_set, errors_name_line_and_nearest, all_errors_at_once,
	set_errors, empty_configuration_knows_nothing, files, example_reads_back,
	mistakes_of_the_program_end_it)
