/*
 * sms_queue.h: the consumer of the queue "auth.sms", for the module's table.
 */
#ifndef AUTH_SMS_QUEUE_H
#define AUTH_SMS_QUEUE_H

#include "hearth/job.h"

#define AUTH_SMS_LEASE_MS 30000 /* a call takes 15 s at most (driver_http.c) */
/* Given up by time and by the handler itself, never by the queue. */
#define AUTH_SMS_ATTEMPTS 1000000

/* A queue_fn; its module is struct auth. */
int auth_sms_handle(void *module, const struct queue_task *task, struct arena *arena);

#endif
