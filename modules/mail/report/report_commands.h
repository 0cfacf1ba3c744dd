/*
 * report_commands.h: `hearth reports …`. On the main thread of a command.
 */
#ifndef MAIL_REPORT_COMMANDS_H
#define MAIL_REPORT_COMMANDS_H

#include "hearth/module.h"

int mail_run_reports_list(struct hearth *h, int argc, char **argv);
int mail_run_reports_show(struct hearth *h, int argc, char **argv);

#endif
