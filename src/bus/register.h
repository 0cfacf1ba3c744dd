/*
 * register.h: who subscribes to what, as the publisher's database knows it: its table
 * bus_subscriber. For src/ only; all calls are inside a db_fn.
 *
 * A subscription stands there from the first start that had it until it is forgotten by name, also
 * while its module is off or no process runs. Events are kept for whoever stands there. How far
 * each has come is noted when events are removed: the cursor itself, in the subscriber's database,
 * may be further.
 */
#ifndef HEARTH_SRC_REGISTER_H
#define HEARTH_SRC_REGISTER_H

#include "hearth/bus.h"

#define REGISTER_FORGOTTEN (-1)

struct registered {
	struct registered *next;
	const char *name, *topic, *database;
	int64_t position; /* REGISTER_FORGOTTEN: nothing is kept for it */
};

/* Lists the register, in `a`. 0, or an error. */
int register_read(struct db_tx *tx, struct arena *a, struct registered **out);
/*
 * Enters a subscription that is not there yet, at the oldest event kept. One that was forgotten
 * comes back only if it runs.
 */
int register_add(struct db_tx *tx, const struct bus_subscription *s, bool runs);
/* Notes that one that runs has come to `position`, or further; enters it if need be. */
int register_note(struct db_tx *tx, const struct bus_subscription *s, int64_t position);
/* The least position of a topic's subscribers; HEARTH_ENOTFOUND when it has none. */
int register_floor(struct db_tx *tx, const char *topic, int64_t *position);
/* Forgets a subscription by its name: nothing is kept for it. Returns how many rows that were. */
int register_forget(struct db_tx *tx, const char *name);

#endif
