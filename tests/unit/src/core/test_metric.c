/*
 * test_metric.c: the text that Prometheus reads, and counting from several threads.
 */
#include "harness.h"
#include "hearth/metric.h"
#include "src/dies.h"

#include <math.h>
#include <pthread.h>

/* The lines are there, in one piece: other tests' metrics may stand around them. */
static void check_written(const char *expected)
{
	struct strbuf out = { 0 };

	metric_write(&out);
	ck_assert_msg(strstr(out.p, expected), "%s", out.p);
	strbuf_free(&out);
}

START_TEST(sorted_with_one_head_a_name)
{
	metric_add(metric_counter("b_total", "x=\"2\"", "not shown"), 5);
	metric_add(metric_counter("b_total", NULL, "two\nlines \\ "), 1);
	metric_add(metric_counter("b_total", "x=\"1\"", "not shown"), 2);
	metric_set(metric_gauge("a", NULL, "gauge"), -3);
	metric_add(metric_gauge("a", NULL, NULL), -4);
	metric_gauge("c", NULL, NULL);
	check_written("# HELP a gauge\n# TYPE a gauge\na -7\n"
		      "# HELP b_total two\\nlines \\\\ \n# TYPE b_total counter\n"
		      "b_total 1\nb_total{x=\"1\"} 2\nb_total{x=\"2\"} 5\n"
		      "# HELP c \n# TYPE c gauge\nc 0\n");
}
END_TEST

START_TEST(registering_finds)
{
	char name[] = "n", labels[] = "l=\"1\"";
	struct metric *m = metric_counter(name, labels, "help");

	name[0] = labels[0] = 'x';
	ck_assert_ptr_eq(metric_counter("n", "l=\"1\"", NULL), m);
	ck_assert_ptr_ne(metric_counter("n", "l=\"2\"", NULL), m);
	metric_add(m, 3);
	ck_assert_int_eq(metric_value(m), 3);
}
END_TEST

START_TEST(histograms_add_up)
{
	static const double bounds[] = { 0.1, 1, 2.5 };
	struct metric *m = metric_histogram("h_seconds", NULL, "times", bounds, 3);
	struct metric *labelled = metric_histogram("h_seconds", "a=\"b\"", "times", bounds, 1);

	metric_observe(m, 0.05);
	metric_observe(m, 0.1);
	metric_observe(m, 1.5);
	metric_observe(m, 100);
	metric_observe(m, NAN);
	metric_observe(m, INFINITY);
	metric_observe(labelled, 0.5);
	ck_assert_int_eq(metric_value(m), 4);
	check_written(
		"# HELP h_seconds times\n# TYPE h_seconds histogram\n"
		"h_seconds_bucket{le=\"0.1\"} 2\nh_seconds_bucket{le=\"1\"} 2\n"
		"h_seconds_bucket{le=\"2.5\"} 3\nh_seconds_bucket{le=\"+Inf\"} 4\n"
		"h_seconds_sum 101.65\nh_seconds_count 4\n"
		"h_seconds_bucket{a=\"b\",le=\"0.1\"} 0\nh_seconds_bucket{a=\"b\",le=\"+Inf\"} 1\n"
		"h_seconds_sum{a=\"b\"} 0.5\nh_seconds_count{a=\"b\"} 1\n");
}
END_TEST

static void *count(void *arg)
{
	static const double bounds[] = { 1 };

	for (int i = 0; i < 20000; i++) {
		metric_add(metric_counter("t_total", NULL, ""), 1);
		metric_observe(metric_histogram("t_seconds", NULL, "", bounds, 1), i % 2 ? 0.5 : 2);
	}
	return arg;
}

START_TEST(counts_from_many_threads)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	check_written(
		"# HELP t_seconds \n# TYPE t_seconds histogram\nt_seconds_bucket{le=\"1\"} 40000\n"
		"t_seconds_bucket{le=\"+Inf\"} 80000\nt_seconds_sum 100000\nt_seconds_count 80000\n"
		"# HELP t_total \n# TYPE t_total counter\nt_total 80000\n");
}
END_TEST

static void another_kind(void)
{
	metric_counter("k", NULL, "");
	metric_gauge("k", NULL, "");
}

static void another_kind_with_labels(void)
{
	metric_counter("k", NULL, "");
	metric_gauge("k", "a=\"b\"", "");
}

static void counter_down(void)
{
	metric_add(metric_counter("k", NULL, ""), -1);
}

START_TEST(misuse_ends_the_process)
{
	ck_assert(dies_alone(another_kind));
	ck_assert(dies_alone(another_kind_with_labels));
	ck_assert(dies_alone(counter_down));
}
END_TEST

TEST_MAIN("metric", sorted_with_one_head_a_name, registering_finds, histograms_add_up,
	counts_from_many_threads, misuse_ends_the_process)
