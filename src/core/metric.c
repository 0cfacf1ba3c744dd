/*
 * metric.c: the metrics of the program, in one list under one lock. The lock is for registering and
 * writing; changing a metric is an atomic operation without it. Any thread.
 */
#include "hearth/metric.h"
#include "hearth/arena.h"
#include "hearth/log.h"

#include "core/double.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BOUNDS_MAX 16

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct metric {
	struct metric *next;
	enum kind kind;
	const char *name, *labels, *help; /* labels: "" for none */
	_Atomic int64_t value;            /* of a counter or gauge */
	double bounds[BOUNDS_MAX];
	size_t bound_count;
	_Atomic int64_t buckets[BOUNDS_MAX + 1]; /* the last: above all bounds */
	_Atomic double sum;
};

static const char *const kind_names[] = { "counter", "gauge", "histogram" };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *metrics; /* by name, then by labels */

static int order(const struct metric *a, const struct metric *b)
{
	int by_name = strcmp(a->name, b->name);

	return by_name ? by_name : strcmp(a->labels, b->labels);
}

/* All metrics of a name are of one kind: Prometheus reads one TYPE line for them. */
static void check_kind(const struct metric *a, const struct metric *b)
{
	if (a->kind != b->kind && strcmp(a->name, b->name) == 0)
		log_fatal("metric", "%s is a %s already", a->name, kind_names[a->kind]);
}

static struct metric *copy(const struct metric *like)
{
	struct metric *m = mem_alloc(sizeof(*m));

	*m = *like;
	m->name = mem_strdup(slice_str(like->name));
	m->labels = mem_strdup(slice_str(like->labels));
	m->help = mem_strdup(slice_str(like->help));
	return m;
}

/* Finds the metric of that name and labels, or puts a copy of `like` at its place in the list. */
static struct metric *find_or_add(const struct metric *like)
{
	struct metric **at = &metrics, *m;

	pthread_mutex_lock(&lock);
	for (; (m = *at); at = &m->next) {
		check_kind(m, like);
		if (order(m, like) >= 0)
			break;
	}
	if (!m || order(m, like) != 0) {
		m = copy(like);
		m->next = *at;
		*at = m;
	}
	pthread_mutex_unlock(&lock);
	return m;
}

struct metric *metric_counter(const char *name, const char *labels, const char *help)
{
	return find_or_add(&(struct metric){
		.kind = COUNTER, .name = name, .labels = labels ? labels : "", .help = help });
}

struct metric *metric_gauge(const char *name, const char *labels, const char *help)
{
	return find_or_add(&(struct metric){
		.kind = GAUGE, .name = name, .labels = labels ? labels : "", .help = help });
}

struct metric *metric_histogram(
	const char *name, const char *labels, const char *help, const double *bounds, size_t n)
{
	struct metric like = {
		.kind = HISTOGRAM, .name = name, .labels = labels ? labels : "", .help = help
	};

	INVARIANT(n <= BOUNDS_MAX);
	memcpy(like.bounds, bounds, n * sizeof(*bounds));
	like.bound_count = n;
	return find_or_add(&like);
}

void metric_add(struct metric *m, int64_t delta)
{
	INVARIANT(m->kind == GAUGE || (m->kind == COUNTER && delta >= 0));
	atomic_fetch_add_explicit(&m->value, delta, memory_order_relaxed);
}

void metric_set(struct metric *m, int64_t value)
{
	INVARIANT(m->kind == GAUGE);
	atomic_store_explicit(&m->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *m, double value)
{
	double sum = atomic_load(&m->sum);
	size_t i = 0;

	INVARIANT(m->kind == HISTOGRAM);
	if (!isfinite(value))
		return;
	while (i < m->bound_count && value > m->bounds[i])
		i++;
	atomic_fetch_add_explicit(&m->buckets[i], 1, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&m->sum, &sum, sum + value))
		;
}

int64_t metric_value(const struct metric *m)
{
	int64_t count = atomic_load(&m->value);

	for (size_t i = 0; i <= m->bound_count; i++)
		count += atomic_load(&m->buckets[i]);
	return count;
}

/* Help is one line: a line end and a backslash are written as escapes. */
static void write_head(struct strbuf *out, const struct metric *m)
{
	strbuf_printf(out, "# HELP %s ", m->name);
	for (const char *c = m->help; *c; c++) {
		if (*c == '\n')
			strbuf_adds(out, "\\n");
		else if (*c == '\\')
			strbuf_adds(out, "\\\\");
		else
			strbuf_addc(out, *c);
	}
	strbuf_printf(out, "\n# TYPE %s %s\n", m->name, kind_names[m->kind]);
}

/* name_suffix{labels} without its value. */
static void write_name(struct strbuf *out, const struct metric *m, const char *suffix)
{
	strbuf_printf(out, *m->labels ? "%s%s{%s} " : "%s%s%s ", m->name, suffix, m->labels);
}

static void write_histogram(struct strbuf *out, const struct metric *m)
{
	int64_t count = 0;

	for (size_t i = 0; i <= m->bound_count; i++) {
		count += atomic_load(&m->buckets[i]);
		strbuf_printf(
			out, "%s_bucket{%s%sle=\"", m->name, m->labels, *m->labels ? "," : "");
		if (i < m->bound_count)
			double_append(out, m->bounds[i]);
		else
			strbuf_adds(out, "+Inf");
		strbuf_printf(out, "\"} %" PRId64 "\n", count);
	}
	write_name(out, m, "_sum");
	double_append(out, atomic_load(&m->sum));
	strbuf_addc(out, '\n');
	write_name(out, m, "_count");
	strbuf_printf(out, "%" PRId64 "\n", count);
}

void metric_write(struct strbuf *out)
{
	const char *name = "";

	pthread_mutex_lock(&lock);
	for (const struct metric *m = metrics; m; m = m->next) {
		if (strcmp(m->name, name) != 0)
			write_head(out, m);
		name = m->name;
		if (m->kind == HISTOGRAM) {
			write_histogram(out, m);
			continue;
		}
		write_name(out, m, "");
		strbuf_printf(out, "%" PRId64 "\n", metric_value(m));
	}
	pthread_mutex_unlock(&lock);
}
