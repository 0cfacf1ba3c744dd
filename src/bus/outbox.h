/*
 * outbox.h: the tables of the bus, for src/bus/ only. All calls are inside a db_fn. That is on a
 * database thread.
 */
#ifndef HEARTH_SRC_OUTBOX_H
#define HEARTH_SRC_OUTBOX_H

#include "hearth/bus.h"

/* ---- in the publisher's database ---- */

/*
 * Reads up to `max` events of a topic behind `position` into `events`, and fewer when they are
 * large; their texts lie in `a`. Returns how many, or an error.
 */
int outbox_read(struct db_tx *tx, const char *topic, int64_t position, struct bus_event *events,
	int max, struct arena *a);

/* What an outbox holds of one topic. */
struct outbox_topic {
	struct outbox_topic *next;
	const char *topic;
	int64_t first, last; /* positions */
};

/* Lists the topics of an outbox, in `a`. 0, or an error. */
int outbox_topics(struct db_tx *tx, struct arena *a, struct outbox_topic **out);
/*
 * How many events of a topic lie behind `position`, counted up to `max`, and when the first of them
 * was published; 0 and 0 when there is none.
 */
int outbox_behind(struct db_tx *tx, const char *topic, int64_t position, int64_t max, int64_t *n,
	int64_t *at_ms);
/* Removes the events of a topic up to and with this position. */
int outbox_trim(struct db_tx *tx, const char *topic, int64_t up_to);
/*
 * The same, but only those that have been there for a while, so that every node can have seen them;
 * and up to where is noted, for one that has not: outbox_trimmed (0: nothing was removed so).
 */
int outbox_trim_aged(struct db_tx *tx, const char *topic, int64_t up_to, int64_t age_ms);
int outbox_trimmed(struct db_tx *tx, const char *topic, int64_t *position);

/* ---- in the subscriber's database ---- */

/*
 * Where a subscription stands in a source, and how often its next event has failed; 0 and 0 first.
 */
int cursor_read(struct db_tx *tx, const char *subscription, const char *source, int64_t *position,
	int *attempts);
/*
 * Moves it from one position to a later one, or notes another failed attempt at the same one.
 * HEARTH_ECONFLICT when it stands elsewhere.
 */
int cursor_move(struct db_tx *tx, const char *subscription, const char *source, int64_t from,
	int64_t to, int attempts);
/* Sets an event aside that failed with `error` too often; of all, the newest DEAD_MAX stay. */
int cursor_bury(struct db_tx *tx, const char *subscription, const char *source,
	const struct bus_event *ev, int error);

/* How many events were set aside since `since_ms`. */
int dead_since(struct db_tx *tx, int64_t since_ms, int64_t *n);
/* How many shall be tried again. */
int dead_again(struct db_tx *tx, int64_t *n);
/* Asks for those of a subscription (NULL: of all) to be tried again; returns how many. */
int dead_ask_again(struct db_tx *tx, const char *subscription);
/*
 * The first that shall be tried again, its texts in `a`: 1, or 0 when there is none. Then, with the
 * effect, it is removed; or it has failed once more and stays set aside. HEARTH_ECONFLICT when
 * another process had it meanwhile.
 */
int dead_read(struct db_tx *tx, const char *subscription, const char *source, struct arena *a,
	struct bus_event *ev, int64_t *id);
int dead_remove(struct db_tx *tx, int64_t id);
int dead_failed(struct db_tx *tx, int64_t id, int error);

#endif
