/*
 * sweep.h: a blob that no content is made of any more is given back. The subscription "mail.sweep"
 * on "mail.content".
 */
#ifndef MAIL_SWEEP_H
#define MAIL_SWEEP_H

#include "mail.h"

/* Nothing to write: the cursor alone moves. */
int mail_sweep_apply(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
/* On the loop: looks, on a worker, whether the blob is still used, and deletes it if not. */
void mail_sweep_after(void *module, const struct bus_event *ev);

#endif
