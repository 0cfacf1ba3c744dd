/*
 * order_steps.h: the steps of an order (order.c) that have files of their own. On a worker, which waits;
 * errors as those of acme_obtain.
 */
#ifndef HEARTH_SRC_ACME_ORDER_STEPS_H
#define HEARTH_SRC_ACME_ORDER_STEPS_H

#include "acme/order.h"

/* The account of this key: as it is noted, or by making it; and its contact, where that is another now. */
int acme_sign_in(struct acme_job *j);
/* Makes the account, or finds the one that the CA has for this key, and notes it. */
int acme_make_account(struct acme_job *j);

/* Proves each name that is not proven yet. HEARTH_EDENIED with j->refused. */
int acme_prove_all(struct acme_job *j, const struct acme_order *order);

#define ACME_LOOK_FIRST_MS 250 /* the first pause */
/* Whether to ask again: pauses, longer each time. 0, HEARTH_ETIMEOUT, HEARTH_ECLOSED. */
int acme_look_again(struct acme_client *c, int64_t begun_ms, int64_t *pause_ms);

#endif
