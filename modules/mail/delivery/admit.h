/*
 * admit.h: whether mail to an address is taken, and from whom: the question of RCPT, also for what a
 * person sends over HTTP. Who is logged in may write to anybody, others to those who are here. Who is
 * reached is added to the delivery. On the loop.
 */
#ifndef MAIL_ADMIT_H
#define MAIL_ADMIT_H

#include "delivery/deliver.h"
#include "smtp/smtp_address.h"
#include "smtp/smtp_reply.h"

/* A recipient, on its way into a delivery. */
struct mail_admission {
	struct mail *m;
	struct mail_delivery *delivery; /* the one it is added to; it lives until the answer */
	const struct account *sender;   /* who is logged in; NULL: another server */
	struct slice address;           /* in its one spelling (smtp_address_canonical) */
	struct slice domain;            /* of it; empty: postmaster */
	bool is_report;                 /* it is from "<>" */
	bool checked;                   /* who wrote it may be known at its end (verify/gate.h) */
	int64_t size;                   /* of the message, as far as it is known; 0: it is not */
	unsigned notify;                /* enum mail_notify_when */
	struct slice orcpt;             /* as xtext */
};

/* What RCPT is answered: 250 when the recipient was added. */
typedef void mail_admitted_fn(void *arg, const struct smtp_reply *reply);

/*
 * The answer, where it is known at once; else NULL, and `done` is called later, with what only lives
 * during the call. The slices are copied.
 */
const struct smtp_reply *mail_admit(
	const struct mail_admission *a, mail_admitted_fn *done, void *arg);

/* ---- admit_back.c ---- */

extern const struct smtp_reply mail_unknown, mail_nameless;
/* The answer to an address by which reports come back; NULL: it is none. */
const struct smtp_reply *mail_admit_back(const struct mail_admission *a);

/* ---- admit_quota.c ---- */

/*
 * Whether there is room for a message of `size` bytes (0: not known) to these accounts: `done` with 0,
 * HEARTH_ETOOBIG (one is full) or an error, and those who have room, or all; from inside the call when none has
 * a quota.
 */
typedef void mail_room_fn(void *arg, int status, const struct account *accounts, size_t n);
void mail_ask_room(struct mail *m, int64_t size, const struct account *accounts, size_t n,
	mail_room_fn *done, void *arg);

#endif
