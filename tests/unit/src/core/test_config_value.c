/*
 * test_config_value.c: each type of setting: what it takes, what it refuses, and its bounds.
 */
#include "core/config_value.h"
#include "harness.h"
#include "hearth/error.h"

static struct arena *a;

static void setup(void)
{
	if (!a)
		a = arena_new();
}

static struct config_value take(const struct config_setting *row, const char *text)
{
	struct config_value v = { 0 };
	const char *why;

	setup();
	why = config_value_parse(a, row, slice_str(text), &v);
	ck_assert_msg(!why, "%s: %s", text, why);
	ck_assert_str_eq(v.text, text);
	return v;
}

static void refuse_all(const struct config_setting *row, const char *const *texts)
{
	struct config_value v = { .number = 7 };

	setup();
	for (; *texts; texts++)
		ck_assert_msg(
			config_value_parse(a, row, slice_str(*texts), &v), "taken: %s", *texts);
	ck_assert_int_eq(v.number, 7);
}

START_TEST(booleans)
{
	const struct config_setting row = { .type = CONFIG_BOOL };
	static const char *const bad[] = { "", "y", "1", "0", "yess", "yes no", NULL };

	ck_assert(take(&row, "yes").number && take(&row, "True").number && take(&row, "ON").number);
	ck_assert(!take(&row, "no").number && !take(&row, "false").number &&
		  !take(&row, "off").number);
	refuse_all(&row, bad);
	arena_free(&a);
}
END_TEST

START_TEST(integers)
{
	const struct config_setting row = { .type = CONFIG_INT, .min = "-5", .max = "10" };
	const struct config_setting any = { .type = CONFIG_INT };
	static const char *const bad[] = { "", "-6", "11", "1.0", "0x1", "1K", " 1", NULL };

	ck_assert_int_eq(take(&row, "-5").number, -5);
	ck_assert_int_eq(take(&row, "10").number, 10);
	ck_assert(take(&any, "-9223372036854775808").number == INT64_MIN);
	refuse_all(&row, bad);
	arena_free(&a);
}
END_TEST

START_TEST(sizes)
{
	const struct config_setting row = { .type = CONFIG_SIZE };
	const struct config_setting bounded = { .type = CONFIG_SIZE, .min = "1K", .max = "1G" };
	static const char *const bad[] = { "", "K", "-1", "1 K", "1KB", "1.5K", "1X", "8388608T",
		"9223372036854775808", NULL };
	static const char *const outside[] = { "1023", "1025M", "0", NULL };

	ck_assert_int_eq(take(&row, "0").number, 0);
	ck_assert_int_eq(take(&row, "512").number, 512);
	ck_assert_int_eq(take(&row, "16K").number, 16384);
	ck_assert_int_eq(take(&row, "50m").number, 50 << 20);
	ck_assert_int_eq(take(&row, "2G").number, 2LL << 30);
	ck_assert_int_eq(take(&row, "8388607T").number, 8388607LL << 40);
	ck_assert_int_eq(take(&bounded, "1024").number, 1024);
	ck_assert_int_eq(take(&bounded, "1024M").number, 1 << 30);
	refuse_all(&row, bad);
	refuse_all(&bounded, outside);
	arena_free(&a);
}
END_TEST

START_TEST(durations)
{
	const struct config_setting row = { .type = CONFIG_DURATION };
	const struct config_setting bounded = {
		.type = CONFIG_DURATION, .min = "1s", .max = "24h"
	};
	static const char *const bad[] = { "", "10", "s", "-1s", "1 s", "1.5s", "1h30m", "1w",
		"106751991168d", "00", NULL };
	static const char *const outside[] = { "0", "999ms", "25h", "2d", NULL };

	ck_assert_int_eq(take(&row, "0").number, 0);
	ck_assert_int_eq(take(&row, "0s").number, 0);
	ck_assert_int_eq(take(&row, "250ms").number, 250);
	ck_assert_int_eq(take(&row, "30s").number, 30000);
	ck_assert_int_eq(take(&row, "10m").number, 600000);
	ck_assert_int_eq(take(&row, "24H").number, 86400000);
	ck_assert_int_eq(take(&row, "7d").number, 604800000);
	ck_assert_int_eq(take(&bounded, "1d").number, 86400000);
	refuse_all(&row, bad);
	refuse_all(&bounded, outside);
	arena_free(&a);
}
END_TEST

START_TEST(lists)
{
	const struct config_setting row = { .type = CONFIG_LIST };
	const char *const *list = take(&row, " a.org, b.org,,c.org\td ").list;

	ck_assert_str_eq(list[0], "a.org");
	ck_assert_str_eq(list[1], "b.org");
	ck_assert_str_eq(list[2], "c.org");
	ck_assert_str_eq(list[3], "d");
	ck_assert_ptr_null(list[4]);
	ck_assert_ptr_null(take(&row, "").list[0]);
	ck_assert_ptr_null(take(&row, " , ").list[0]);
	arena_free(&a);
}
END_TEST

START_TEST(choices)
{
	const struct config_setting row = { .type = CONFIG_CHOICE, .choices = "open|closed" };
	static const char *const bad[] = { "", "Open", "open|closed", "ope", "opened", NULL };

	take(&row, "open");
	take(&row, "closed");
	refuse_all(&row, bad);
	arena_free(&a);
}
END_TEST

static void check_address(const char *text, const char *host, int port)
{
	struct config_address address = { .off = true };

	ck_assert_msg(config_address_parse(slice_str(text), &address) == 0, "%s", text);
	ck_assert(!address.off);
	ck_assert_str_eq(address.host, host);
	ck_assert_int_eq(address.port, port);
}

START_TEST(addresses)
{
	static const char *const bad[] = { "", "8080", "host", "host:", "host:x", "host:-1",
		"host:65536", "host:80 ", "::1:80", "[::1]", "[::1]80", "[]:80", "[:80", "]:80",
		"[host]:80", "[127.0.0.1]:80", "ho st:80", "host:80:90", "OFF",
		"[::1]:", "ho\nst:80", "a/b:80", "host:+1",
		"a123456789a123456789a123456789a123456789a123456789a123456789a123:80", NULL };
	struct config_address address = { .port = 7 };

	check_address("127.0.0.1:8080", "127.0.0.1", 8080);
	check_address("mail.Example-1.org:25", "mail.Example-1.org", 25);
	check_address(":443", "", 443);
	check_address("[::1]:8443", "::1", 8443);
	check_address("[2001:db8::1]:0", "2001:db8::1", 0);
	check_address("localhost:65535", "localhost", 65535);
	for (size_t i = 0; bad[i]; i++)
		ck_assert_msg(config_address_parse(slice_str(bad[i]), &address) == HEARTH_EINVAL,
			"%s", bad[i]);
	ck_assert_int_eq(address.port, 7);
	ck_assert_int_eq(config_address_parse(SLICE("off"), &address), 0);
	ck_assert(address.off);
	ck_assert_int_eq(config_address_parse((struct slice){ NULL, 0 }, &address), HEARTH_EINVAL);
}
END_TEST

START_TEST(errors_say_what_is_expected)
{
	const struct config_setting rows[] = {
		{ .type = CONFIG_INT, .min = "1", .max = "9" },
		{ .type = CONFIG_SIZE, .min = "1K" },
		{ .type = CONFIG_DURATION, .max = "1h" },
		{ .type = CONFIG_CHOICE, .choices = "a|b|c" },
		{ .type = CONFIG_BOOL },
		{ .type = CONFIG_ADDRESS },
	};
	static const char *const expected[] = {
		"found \"x\", expected a whole number, from 1 to 9",
		"found \"x\", expected a size such as 512, 16K, 50M or 2G, at least 1K",
		"found \"x\", expected a duration such as 250ms, 30s, 10m, 24h or 7d, at most 1h",
		"found \"x\", expected one of a, b, c",
		"found \"x\", expected yes or no",
		"found \"x\", expected host:port, [ipv6]:port, :port or off",
	};
	struct config_value v;

	setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(config_value_parse(a, &rows[i], SLICE("x"), &v), expected[i]);
	arena_free(&a);
}
END_TEST

TEST_MAIN("config_value", booleans, integers, sizes, durations, lists, choices, addresses,
	errors_say_what_is_expected)
