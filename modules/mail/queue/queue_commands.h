/*
 * queue_commands.h: hearth queue …, for the module's table.
 */
#ifndef MAIL_QUEUE_QUEUE_COMMANDS_H
#define MAIL_QUEUE_QUEUE_COMMANDS_H

#include "hearth/module.h"

int mail_run_queue_list(struct hearth *h, int argc, char **argv);
int mail_run_queue_show(struct hearth *h, int argc, char **argv);
int mail_run_queue_hold(struct hearth *h, int argc, char **argv);
int mail_run_queue_retry(struct hearth *h, int argc, char **argv);
int mail_run_queue_requeue(struct hearth *h, int argc, char **argv);
int mail_run_queue_remove(struct hearth *h, int argc, char **argv);
int mail_run_queue_suppressed(struct hearth *h, int argc, char **argv);

#endif
