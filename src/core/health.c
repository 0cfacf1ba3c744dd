/*
 * health.c: the conditions of health.h: a small table under one lock, in the order they were set.
 * Any thread. At most HEALTH_MAX of them.
 */
#include "hearth/health.h"

#include <pthread.h>
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/log.h"
#include "hearth/metric.h"

struct condition {
	char name[HEALTH_NAME_MAX + 1];
	char detail[HEALTH_DETAIL_MAX + 1];
	int64_t since_ms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct condition conditions[HEALTH_MAX]; /* lock */
static size_t count;                            /* lock */

/* With the lock held; NULL when it is not set. */
static struct condition *find(const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(conditions[i].name, name) == 0)
			return &conditions[i];
	return NULL;
}

static void show(const char *name, int64_t value)
{
	char label[HEALTH_NAME_MAX + 16];

	snprintf(label, sizeof(label), "name=\"%s\"", name);
	metric_set(metric_gauge(
			   "hearth_condition", label, "1 while something is wrong (see /healthz)"),
		value);
}

void health_set(const char *name, const char *format, ...)
{
	char detail[HEALTH_DETAIL_MAX + 1];
	struct condition *c;
	bool news;
	va_list ap;

	INVARIANT(strlen(name) <= HEALTH_NAME_MAX);
	va_start(ap, format);
	vsnprintf(detail, sizeof(detail), format, ap);
	va_end(ap);
	pthread_mutex_lock(&lock);
	c = find(name);
	news = !c && count < HEALTH_MAX;
	if (news) {
		c = &conditions[count++];
		snprintf(c->name, sizeof(c->name), "%s", name);
		c->since_ms = clock_wall_ms();
		show(name, 1);
	}
	if (c)
		snprintf(c->detail, sizeof(c->detail), "%s", detail);
	pthread_mutex_unlock(&lock);
	if (news)
		log_error("health", "degraded", "name", "%s", name, "why", "%s", detail, NULL);
}

void health_clear(const char *name)
{
	struct condition *c;

	pthread_mutex_lock(&lock);
	c = find(name);
	if (c) {
		count--;
		memmove(c, c + 1, (size_t)(&conditions[count] - c) * sizeof(*c));
		show(name, 0);
	}
	pthread_mutex_unlock(&lock);
	if (c)
		log_info("health", "well again", "name", "%s", name, NULL);
}

bool health_is_set(const char *name)
{
	bool set;

	pthread_mutex_lock(&lock);
	set = find(name) != NULL;
	pthread_mutex_unlock(&lock);
	return set;
}

bool health_is_degraded(void)
{
	bool degraded;

	pthread_mutex_lock(&lock);
	degraded = count > 0;
	pthread_mutex_unlock(&lock);
	return degraded;
}

void health_write(struct json_writer *w, bool with_details)
{
	json_open_array(w);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count; i++) {
		json_open_object(w);
		json_put_str(w, "name", conditions[i].name);
		json_put_i64(w, "since", conditions[i].since_ms);
		if (with_details)
			json_put_str(w, "detail", conditions[i].detail);
		json_close_object(w);
	}
	pthread_mutex_unlock(&lock);
	json_close_array(w);
}
