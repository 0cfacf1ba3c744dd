/*
 * test_health.c: named conditions: set, told, cleared; bounded.
 */
#include "harness.h"
#include "hearth/clock.h"
#include "hearth/health.h"
#include "hearth/metric.h"

#include <stdio.h>

static void check_written(bool details, const char *expected)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	health_write(&w, details);
	ck_assert_str_eq(out.p, expected);
	strbuf_free(&out);
}

START_TEST(in_the_order_they_were_set)
{
	ck_assert(!health_is_degraded());
	clock_fake(1000, 0);
	health_set("disk-full", "%d bytes free", 7);
	clock_fake_advance(5);
	health_set("bus.x", "lags");
	health_set("disk-full", "%d bytes \"free\"", 6);
	ck_assert(health_is_degraded() && health_is_set("bus.x") && !health_is_set("bus"));
	check_written(false,
		"[{\"name\":\"disk-full\",\"since\":1000},{\"name\":\"bus.x\",\"since\":1005}]");
	check_written(true,
		"[{\"name\":\"disk-full\",\"since\":1000,\"detail\":\"6 bytes \\\"free\\\"\"},"
		"{\"name\":\"bus.x\",\"since\":1005,\"detail\":\"lags\"}]");
	health_clear("disk-full");
	health_clear("disk-full");
	check_written(false, "[{\"name\":\"bus.x\",\"since\":1005}]");
	health_clear("bus.x");
	ck_assert(!health_is_degraded());
	check_written(true, "[]");
	clock_fake(-1, 0);
}
END_TEST

START_TEST(the_metric_says_so)
{
	struct metric *m = metric_gauge("hearth_condition", "name=\"m\"", NULL);

	health_set("m", "x");
	ck_assert_int_eq(metric_value(m), 1);
	health_clear("m");
	ck_assert_int_eq(metric_value(m), 0);
}
END_TEST

START_TEST(bounded)
{
	char name[16], detail[2 * HEALTH_DETAIL_MAX];

	memset(detail, 'd', sizeof(detail));
	detail[sizeof(detail) - 1] = 0;
	for (int i = 0; i < HEALTH_MAX + 3; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		health_set(name, "%s", i ? "x" : detail);
	}
	snprintf(name, sizeof(name), "n%d", HEALTH_MAX);
	ck_assert(!health_is_set(name));
	for (int i = 0; i < HEALTH_MAX + 3; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		health_clear(name);
	}
	ck_assert(!health_is_degraded());
}
END_TEST

TEST_MAIN("health", in_the_order_they_were_set, the_metric_says_so, bounded)
