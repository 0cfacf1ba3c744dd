/*
 * sign/dkim_commands.h: hearth dkim …. On a command's main thread.
 */
#ifndef MAIL_SIGN_DKIM_COMMANDS_H
#define MAIL_SIGN_DKIM_COMMANDS_H

#include "hearth/module.h"

int mail_run_dkim_list(struct hearth *h, int argc, char **argv);
int mail_run_dkim_rotate(struct hearth *h, int argc, char **argv);
int mail_run_dkim_revoke(struct hearth *h, int argc, char **argv);
int mail_run_dkim_verify(struct hearth *h, int argc, char **argv);

#endif
