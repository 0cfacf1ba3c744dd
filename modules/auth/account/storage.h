/*
 * storage.h: what is kept for an account, module by module. Each module that keeps something says
 * at start how it is counted (accounts.counts_storage); nothing is summed up twice, and
 * nothing is kept here but for moments (elsewhere.c).
 */
#ifndef AUTH_STORAGE_H
#define AUTH_STORAGE_H

#include "auth.h"

/* Fills in the service interface (accounts.h), and counts this module's own part. */
void auth_storage_service(struct auth *a);
/* elsewhere.c: likewise, what is asked before a module takes something in; frees its memory. */
void auth_elsewhere_service(struct auth *a);
struct kept *auth_kept_new(void); /* of one module that counts */
void auth_elsewhere_free(struct auth *a);
/* Bytes of the i-th module that counts; HEARTH_EIO. On a worker, or in a command. */
int auth_storage_wait(const struct auth *a, int i, int64_t account, int64_t *bytes);

http_handler auth_get_storage; /* of an account, for administrators */
http_handler auth_get_my_storage;

#endif
