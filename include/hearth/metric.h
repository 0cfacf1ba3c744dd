/*
 * metric.h: counters, gauges and histograms, shown as Prometheus text at /metrics.
 *
 * A metric is registered once and lives as long as the program; changing it is one atomic add.
 * Names follow Prometheus: hearth_<area>_<what>_<unit>[_total]. Any thread.
 */
#ifndef HEARTH_METRIC_H
#define HEARTH_METRIC_H

#include "hearth/str.h"

struct metric;

/*
 * Registers, or finds one registered under the same name and labels. `labels` is ready Prometheus
 * text such as `listener="smtp"`, or NULL. The strings are copied. Never NULL.
 */
struct metric *metric_counter(const char *name, const char *labels, const char *help);
struct metric *metric_gauge(const char *name, const char *labels, const char *help);
/* Upper bounds of the buckets in ascending order, at most 16; +Inf is added. */
struct metric *metric_histogram(
	const char *name, const char *labels, const char *help, const double *bounds, size_t n);

void metric_add(struct metric *m, int64_t delta);    /* counter (delta >= 0) and gauge */
void metric_set(struct metric *m, int64_t value);    /* gauge */
void metric_observe(struct metric *m, double value); /* histogram */
int64_t metric_value(const struct metric *m);        /* counter, gauge; a histogram's count */

/* Appends all of them in text format 0.0.4, sorted by name. */
void metric_write(struct strbuf *out);

#endif
