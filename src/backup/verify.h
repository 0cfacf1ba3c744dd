/*
 * verify.h: looking at all that a data folder stores. On a command's main thread.
 */
#ifndef HEARTH_SRC_BACKUP_VERIFY_H
#define HEARTH_SRC_BACKUP_VERIFY_H

#include "hearth/checks.h"

/* `checks` are the modules', and end with NULL. Prints each damage. 0: all is well, 1: not. */
int backup_verify_data(const char *data, const struct hearth_checks *const *checks);

#endif
