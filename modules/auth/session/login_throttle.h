/*
 * login_throttle.h: how often passwords and codes may be tried, and accounts be made.
 *
 * An attempt has three backoffs (backoff.h), and is refused when one of them is waiting:
 *
 *   name and network   short: whoever mistypes waits a second, whoever guesses a quarter of an hour
 *   name               longer, over all networks: one who has many networks
 *   network            longer too: one who tries a few passwords for many names
 *
 * A network that logged in rightly before, or a trusted device, is exempt from the last two: nobody
 * can shut out the owner. A name that nobody has is counted, slowed and answered as one that
 * somebody has.
 *
 * At each an attempt needs a place while it is looked at, and waits for one in order of coming: for
 * one name from one network one is looked at at a time. So it is known of each whether it
 * was right before the next begins; what is right counts nowhere, and a dozen connections of one
 * mail program, or an office that comes back after a restart, wait for their turn instead of being
 * told that they guess. The queues are bounded, each pair's and each network's apart from all
 * others'; one attempt a connection stands there.
 *
 * What is wrong at one of several nodes counts at all of them, some tenths of a second later
 * (throttle_share.h); places and queues are this process's own, since they bound its memory and its
 * processor. A restart forgets what was counted. On the loop, all of it.
 */
#ifndef AUTH_LOGIN_THROTTLE_H
#define AUTH_LOGIN_THROTTLE_H

#include "auth.h"
#include "session/backoff.h"
#include "session/network.h"

#define THROTTLE_BACKOFFS    3
#define THROTTLE_WAITING_MAX 8192 /* in all; of one network half of it at most */
#define THROTTLE_PAIR_MAX    512  /* of one name and network */
#define THROTTLE_BUSY_MS     5000 /* when to try again, when the queue is full */

struct login_throttle; /* the backoffs and who waits on them */

/* status 0, or HEARTH_EBUSY: not looked at; worth another try after retry_ms (> 0). */
typedef void login_attempt_fn(void *arg, int status, int64_t retry_ms);

/* One attempt; lies in its owner from take until it was right, wrong or cancelled, or refused. */
struct login_attempt {
	struct auth *a;
	char address[256];
	char network[AUTH_NETWORK_MAX];
	char device[65]; /* hash of the cookie of a trusted device, or "" */
	struct backoff *on[THROTTLE_BACKOFFS];
	unsigned char what[THROTTLE_BACKOFFS][BACKOFF_KEY]; /* they are of */
	int held;                /* of them, from the first: where it has its place */
	bool asked, known;       /* the network, or the device */
	struct list_node node;   /* among those that are ready, or wait on one backoff */
	struct list_node queued; /* among all that wait */
	int64_t retry_ms;        /* of the refusal that the database was asked about */
	login_attempt_fn *done;
	void *arg;
};

struct login_throttle *login_throttle_new(const struct auth *a);
/* Nobody may stand there any more. */
void login_throttle_free(struct login_throttle **);
/* The server stops: who waits is refused, and nobody waits from now on. */
void login_throttle_drain(struct login_throttle *);

/*
 * Begins one attempt for this name from this peer, before the password is looked at. What is
 * counted under different names is counted apart; `address` is whose networks and devices are
 * exempt. device_hex is the hash of the cookie of a trusted device, or "". `done` comes later,
 * never from inside; after status 0 one of the three below must follow, and lets the next one go
 * on.
 */
void login_attempt_take(struct login_attempt *at, struct auth *a, const char *name,
	const char *address, const char *peer, const char *device_hex, login_attempt_fn *done,
	void *arg);
/* It was right: the way is clear for this name and network. */
void login_attempt_right(struct login_attempt *at);
/* It was wrong, and counts. */
void login_attempt_wrong(struct login_attempt *at);
/* It was not looked at after all. */
void login_attempt_cancel(struct login_attempt *at);

/*
 * Counts a registration from this network. 0, or HEARTH_EBUSY when there were many in this window:
 * worth another try after *retry_ms (> 0).
 */
int auth_registration_take(struct auth *a, const char *peer, int64_t *retry_ms);

#endif
