/*
 * cli.h: the command line: hearth COMMAND [-c FILE] [--set section.key=value]… [ARGUMENTS]. On the
 * main thread.
 */
#ifndef HEARTH_SRC_CLI_H
#define HEARTH_SRC_CLI_H

/* Runs the command; returns the exit code: 0 done, 1 failed, 2 misused. */
int cli_main(int argc, char **argv);

#endif
