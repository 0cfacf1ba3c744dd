/*
 * messages.h: what a CA answers (RFC 8555 7.1, problem documents by RFC 7807): JSON, taken apart and
 * held to what may be in it. Pure; texts lie in the arena.
 */
#ifndef HEARTH_SRC_ACME_MESSAGES_H
#define HEARTH_SRC_ACME_MESSAGES_H

#include "hearth/arena.h"

#define ACME_NAMES_MAX 100 /* names of a certificate, as most CAs have it */
#define ACME_TOKEN_MAX 256
#define ACME_TEXT_MAX  400 /* bytes of a text for people that are kept */

struct acme_directory {
	const char *new_nonce, *new_account, *new_order;
	const char *terms;        /* where the terms of service are; NULL: there are none */
	const char *issuer;       /* its first name in CAA records (caaIdentities); "" */
	bool binding;             /* an account must be bound to a customer */
	const char *renewal_info; /* what it says when to renew (RFC 9773); NULL: it does not */
};

/* What went wrong. `type` is without "urn:ietf:params:acme:error:"; neither is ever NULL. */
struct acme_problem {
	const char *type;
	const char *detail; /* one line of printable text */
};

enum acme_state {
	ACME_PENDING,
	ACME_READY,
	ACME_PROCESSING,
	ACME_VALID,
	ACME_INVALID, /* and whatever else there is no way on from: revoked, expired, deactivated */
};

struct acme_order {
	enum acme_state state;
	const char *authorizations[ACME_NAMES_MAX];
	size_t count;
	const char *finalize;
	const char *certificate; /* NULL: not there yet */
	bool failed;             /* there is a problem */
	struct acme_problem problem;
};

struct acme_challenge {
	const char *url; /* NULL: this way is not offered */
	const char *token;
	enum acme_state state;
};

struct acme_authorization {
	enum acme_state state;
	const char *name;
	struct acme_challenge http, alpn;
	bool failed; /* one of the challenges has a problem: this one */
	struct acme_problem problem;
};

/* When a certificate is to be renewed, as its authority wants it (RFC 9773 4.2); wall time. */
struct acme_window {
	int64_t start_ms, end_ms; /* 0 < start < end */
	const char *explanation;  /* a page that says why; NULL: none */
};

/* 0, or HEARTH_EINVAL: the body is no such answer. */
int acme_read_directory(struct arena *a, struct slice body, struct acme_directory *out);
int acme_read_order(struct arena *a, struct slice body, struct acme_order *out);
int acme_read_authorization(struct arena *a, struct slice body, struct acme_authorization *out);
int acme_read_window(struct arena *a, struct slice body, struct acme_window *out);
/* Whatever the body is: what cannot be read is a problem of type "". */
void acme_read_problem(struct arena *a, struct slice body, struct acme_problem *out);
/* Seconds of a Retry-After (RFC 9110 10.2.3), a number or a date; 0: none. A week at most. */
int64_t acme_read_retry_after(struct slice value, int64_t now_s);

#endif
