/*
 * fetch.h: what other people's web servers have: one HTTP(S) request and its answer.
 *
 * All transfers run on one thread of their own, many at a time, so a server that dribbles holds up
 * nobody but who asked it; they are bounded in number, in size and in time. Names are looked up by
 * dns.h. TLS is always checked against the authorities that the system trusts, unless the request
 * says otherwise. What a stranger's text names (a mail's domain, a page's link) is fetched with
 * `anywhere` off: then nothing of this machine or of a private network is ever connected to.
 */
#ifndef HEARTH_FETCH_H
#define HEARTH_FETCH_H

#include "hearth/arena.h"

struct fetcher;
struct fetch_call;
struct hearth;

#define FETCH_BODY_MAX    (64u << 10) /* of a body, where the request does not say */
#define FETCH_HEAD_MAX    (64u << 10) /* of an answer's header fields together */
#define FETCH_PATIENCE_MS 30000       /* where the request does not say */
#define FETCH_OPEN_MAX    64          /* transfers at a time … */
#define FETCH_STRANGE_MAX 48          /* … of which so many may be without `anywhere` … */
#define FETCH_WAITING_MAX 1000        /* … and so many more wait for their turn */

/* A request; it is copied, all but what `stopping` is given. Zeroed fields are the defaults. */
struct fetch_request {
	const char *method;          /* NULL: GET */
	const char *url;             /* https, or http where `plain` allows it */
	const char *const *headers;  /* "Name: value", NULL-ended; NULL: none */
	struct slice body;           /* not with GET and HEAD */
	const char *user, *password; /* HTTP Basic; NULL: none */
	size_t body_max;             /* a longer body is HEARTH_ETOOBIG */
	int64_t patience_ms;         /* for all of it, waiting for a turn and redirects too */
	int redirects;               /* how many are followed; never from https to http */
	bool plain;                  /* http:// as well */
	bool anywhere;               /* addresses of this machine and of private networks as well */
	bool unverified;             /* whoever answers is believed: for tests and looking */
	const char *ca;              /* file of authorities instead of the system's */
	/* Of the URL's host, as text, NULL-ended; NULL: it is looked up. For the first URL only. */
	const char *const *addresses;
	/* fetch_wait asks about once a second whether to give up; NULL: it does not. */
	bool (*stopping)(const void *arg);
	const void *stopping_arg;
};

/* All of it is valid while the function that gets it runs, or as long as fetch_wait's arena. */
struct fetch_answer {
	int error;         /* 0: the answer is whole; else an enum hearth_error, and `why` */
	const char *why;   /* for the log and for people; never NULL */
	bool untrusted;    /* the error was the certificate of the other side */
	int status;        /* 200 …; 0: none came. May be there though the rest broke off */
	const char *url;   /* what was fetched in the end */
	struct slice head; /* header fields as they came, a line each; fetch_header reads them */
	struct slice body; /* NULL with an error */
};

typedef void fetch_fn(void *arg, const struct fetch_answer *answer);

/* A request under way; lies in its owner, zeroed at first. */
struct fetch {
	struct fetch_call *call; /* NULL: none is under way */
};

/* What fetches for this server. */
struct fetcher *hearth_fetcher(const struct hearth *h);

/*
 * Asks. fn is called once, in a later turn of the loop, within patience_ms, unless the request was
 * dropped: HEARTH_EINVAL what is no such URL, HEARTH_EDENIED an address that is not allowed,
 * HEARTH_EBUSY too many wait, HEARTH_ETOOBIG, HEARTH_ETIMEOUT, HEARTH_ECLOSED the server stops,
 * HEARTH_EIO everything else, half an answer among it. On the loop.
 */
void fetch_start(struct fetcher *f, struct fetch *fetch, const struct fetch_request *rq,
	fetch_fn *fn, void *arg);
/* No answer will come. Legal on one that is not under way. On the loop. */
void fetch_drop(struct fetch *fetch);

/*
 * Asks and waits: for workers and commands. It holds up its thread and nobody else; names that no
 * addresses were given for are looked up by the system.
 */
void fetch_wait(const struct fetch_request *rq, struct arena *a, struct fetch_answer *out);

/* ---- pure ---- */

/*
 * The next value of a header field; *at is 0 at first. False when there is no more. And the first
 * value, empty when there is none.
 */
bool fetch_header_next(
	const struct fetch_answer *answer, const char *name, size_t *at, struct slice *value);
struct slice fetch_header(const struct fetch_answer *answer, const char *name);

/* A URL taken apart; port is the scheme's where none is named. */
struct fetch_url {
	bool https;
	const char *host; /* as it stands there, an IPv6 address with its brackets */
	int port;
};
/* 0; HEARTH_EINVAL: it is no URL of http or https. */
int fetch_url_read(struct arena *a, const char *url, struct fetch_url *out);

#endif
