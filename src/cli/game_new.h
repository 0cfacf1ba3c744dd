/*
 * game_new.h: `hearth game new NAME`, from the command line's words. On the main thread.
 */
#ifndef HEARTH_SRC_CLI_GAME_NEW_H
#define HEARTH_SRC_CLI_GAME_NEW_H

/* The arguments are what follows the command's name. Returns the exit code: 0, 1 failed, 2 misused. */
int run_game_new(int argc, char **argv);

extern const char help_game_new[];

#endif
