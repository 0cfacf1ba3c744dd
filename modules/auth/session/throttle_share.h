/*
 * throttle_share.h: nodes tell each other what they counted, so that a guess counts wherever it was
 * made (login_throttle.h). By a live topic of this module's own, "auth.throttle": {"by": who tells,
 * "wrong": true, or false for what was right, and for each kind of backoff the hash of what it is
 * counted under}.
 *
 * A message takes some tenths of a second, and one that the bus loses (too many at once, a node held
 * up for ten seconds) is not counted by the others: who guesses at n nodes in the same moment has at
 * most n times the free ones, and then the same waits everywhere. On the loop, all of it.
 */
#ifndef AUTH_THROTTLE_SHARE_H
#define AUTH_THROTTLE_SHARE_H

#include "hearth/bus.h"
#include "session/backoff.h"

struct throttle_share;

/* Something was counted (wrong), or forgotten, at another node. */
typedef void throttle_share_fn(
	void *arg, enum backoff_kind kind, const unsigned char what[BACKOFF_KEY], bool wrong);

struct throttle_share *throttle_share_new(struct bus *bus, throttle_share_fn *heard, void *arg);
/* Sets it to NULL; legal on NULL, here and below: there is nobody to tell. */
void throttle_share_free(struct throttle_share **);
/* `what` by kind; NULL: not of this kind. */
void throttle_share_tell(
	struct throttle_share *, const unsigned char *const what[BACKOFF_KINDS], bool wrong);

#endif
