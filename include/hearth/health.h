/*
 * health.h: what is wrong with this server right now, as named conditions: a disk that is full, a
 * subscriber that hangs, a database whose commits fail. While one is set, GET /healthz says
 * "degraded" and names it (it still answers 200: the server is up), and /metrics has
 * hearth_condition{name="…"} 1.
 *
 * Whoever finds the trouble sets the condition, as often as it likes, and clears it when it is
 * over; a line is logged when that changes something. Any thread; never blocks for long.
 */
#ifndef HEARTH_HEALTH_H
#define HEARTH_HEALTH_H

#include "hearth/json.h"

#define HEALTH_NAME_MAX   63  /* bytes of a name: letters, digits, "." "-" "_" */
#define HEALTH_DETAIL_MAX 240 /* bytes of a detail; a longer one is cut */
#define HEALTH_MAX        64  /* conditions that are set at once; more are not kept */

/*
 * Sets a condition. `name` says which for programs ("disk-full", "bus.mail.search"); the detail is
 * a sentence for the administrator and may name folders and numbers, but no secret. Setting one
 * that is set only takes up the new detail, without a log line.
 */
void health_set(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It is over; legal when it is not set. */
void health_clear(const char *name);
/* Whether it is set; whether any is. */
bool health_is_set(const char *name);
bool health_is_degraded(void);
/*
 * Writes the value of "reasons": an array of {"name", "since"}, with "detail" too if wanted, in
 * the order they were set. `since` is wall time in milliseconds.
 */
void health_write(struct json_writer *w, bool with_details);

#endif
