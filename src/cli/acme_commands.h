/*
 * acme_commands.h: `hearth acme status` and `hearth acme renew`, from the command line's words. On the
 * main thread.
 */
#ifndef HEARTH_SRC_CLI_ACME_COMMANDS_H
#define HEARTH_SRC_CLI_ACME_COMMANDS_H

#include "kernel/kernel.h"

/* The arguments are what follows the command's name. */
int run_acme_status(struct hearth *h, int argc, char **argv);
int run_acme_renew(struct hearth *h, int argc, char **argv);

extern const char help_acme_status[], help_acme_renew[];

#endif
