/*
 * bus_commands.h: the commands about events: who follows them, what was set aside. Each gets the
 * arguments behind its name and returns the exit code: 0 done, 1 failed, 2 misused. On the main
 * thread.
 */
#ifndef HEARTH_SRC_BUS_COMMANDS_H
#define HEARTH_SRC_BUS_COMMANDS_H

struct hearth;

extern const char help_bus_list[], help_bus_retry[], help_bus_forget[];

int run_bus_list(struct hearth *h, int argc, char **argv);
int run_bus_retry(struct hearth *h, int argc, char **argv);
int run_bus_forget(struct hearth *h, int argc, char **argv);

#endif
