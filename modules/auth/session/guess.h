/*
 * guess.h: the limits on guesses: passwords, codes, registrations.
 *
 * A guess stands on three ladders (ladder.h), and is refused when one of them is waiting:
 *
 *   name and network   short: whoever mistypes waits a second, whoever guesses a quarter of an hour
 *   network            longer: one who tries a few passwords for many names
 *   name               longer still, over all networks: one who has many networks. A network that
 *                      logged in rightly before, or a trusted device, is exempt: nobody can shut
 *                      out the owner
 *
 * A name that nobody has is counted, slowed and answered as one that somebody has.
 */
#ifndef AUTH_GUESS_H
#define AUTH_GUESS_H

#include "auth.h"
#include "session/ladder.h"

/* status 0, or HEARTH_EBUSY: not looked at; worth another try after retry_ms (> 0). */
typedef void auth_guess_fn(void *arg, int status, int64_t retry_ms);

/* One guess; lies in its owner until `done` was called and it was right, or not counted. */
struct auth_guess {
	struct auth *a;
	char name[300];
	char address[256];
	char network[64];
	char known_key[96];
	char device[65]; /* hash of the cookie of a trusted device, or "" */
	bool known;      /* the network, or the device */
	struct ladder_step both, net, all;
	int64_t retry_ms;
	auth_guess_fn *done;
	void *arg;
};

/*
 * Takes one guess for this name from this peer, before the password is looked at, so that guesses
 * at the same time count too. What is counted under different names is counted apart; `address` is
 * whose networks and devices are exempt. device_hex is the hash of the cookie of a trusted device,
 * or "". On the loop.
 */
void auth_guess_take(struct auth_guess *g, struct auth *a, const char *name, const char *address,
	const char *peer, const char *device_hex, auth_guess_fn *done, void *arg);
/* It was right: the way is clear for this name and network, and the network is known from now on.
 */
void auth_guess_right(struct auth_guess *g);
/* It was not looked at after all. */
void auth_guess_cancel(struct auth_guess *g);

/*
 * Counts a registration from this network; HEARTH_EBUSY when there were many in this window. The
 * step lies in its owner.
 */
void auth_registration_take(
	struct auth *a, struct ladder_step *step, const char *peer, ladder_fn *done, void *arg);

#endif
