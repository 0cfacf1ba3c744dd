/*
 * data_commands.h: `hearth backup`, `restore` and `verify`, from the command line's words. On the
 * main thread.
 */
#ifndef HEARTH_SRC_CLI_DATA_COMMANDS_H
#define HEARTH_SRC_CLI_DATA_COMMANDS_H

#include "kernel/kernel.h"

/* `file` is the INI file or NULL; the arguments are what follows the command's name. */
int run_backup(struct hearth *h, const char *file, int argc, char **argv);
int run_restore(struct hearth *h, const char *file, int argc, char **argv);
int run_verify(struct hearth *h, const char *file, int argc, char **argv);

extern const char help_backup[], help_restore[], help_verify[];

#endif
