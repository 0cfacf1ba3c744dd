/*
 * dial.h: connections that begin here: to other servers. What comes of one is a connection as any
 * other (conn.h), in clear; names are looked up before (dns.h), and which of several addresses is
 * tried when is the caller's business. All calls are on the loop.
 */
#ifndef HEARTH_DIAL_H
#define HEARTH_DIAL_H

#include "hearth/conn.h"
#include "hearth/exec.h"

/*
 * The answer: a connection, to which a session is attached before this returns; or NULL and why there
 * is none ("Connection refused"), for the log and for people.
 */
typedef void dial_fn(void *arg, struct conn *c, const char *why);

/* An attempt under way; lies in its owner, zeroed at first. */
struct dial {
	struct dial_socket *socket; /* NULL: none is under way */
	struct timer timer;
	dial_fn *fn;
	void *arg;
	const char *why;
};

/*
 * Connects to an address ("192.0.2.1", "2001:db8::1") and port, from a local address or, with NULL,
 * from the one the system chooses. fn is called once, in a later turn, within patience_ms, unless the
 * attempt was dropped. `limits` are the connection's, as a listener's are (its key, address and accept
 * are not used), and outlive it; NULL: the defaults.
 */
void dial(struct dial *d, const char *address, int port, const char *from, int64_t patience_ms,
	const struct conn_listener *limits, dial_fn *fn, void *arg);
/* Nothing will come of it. Legal on one that is not under way. */
void dial_drop(struct dial *d);

#endif
