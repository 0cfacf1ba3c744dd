/*
 * letters.h: service interface "letters", implemented by the mail module: a short mail of the
 * server itself to somebody, here or elsewhere. A server without a name on the internet reaches
 * addresses here alone, and refuses others plainly. On the loop.
 */
#ifndef HEARTH_LETTERS_H
#define HEARTH_LETTERS_H

#include "hearth/str.h"

struct letter {
	struct slice to;      /* a mail address */
	struct slice subject; /* ASCII, one line */
	struct slice text;    /* UTF-8, lines ended by \n */
	/* How it went, once: 0: it is on disk, here or in the queue. May be NULL; not called where send refuses. */
	void (*done)(void *arg, int status);
	void *arg;
	bool all; /* for all whom the address reaches; else for one person alone */
};

struct letters {
	void *self; /* first argument of each function */
	/* Whether mail for this address can be brought there. Any thread. */
	bool (*reaches)(void *self, struct slice address);
	/*
	 * Brings it, later; what goes wrong is logged without its text. 0, or HEARTH_EUNSUPPORTED
	 * for an address that is not reached. On the loop; all is copied.
	 */
	int (*send)(void *self, const struct letter *letter);
};

#endif
