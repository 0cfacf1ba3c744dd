/*
 * modules.h: the table of modules that are built in, in the order they start. A constant table.
 */
#ifndef HEARTH_SRC_MODULES_H
#define HEARTH_SRC_MODULES_H

#include "hearth/module.h"

/* NULL-ended. */
extern const struct hearth_module *const hearth_modules[];

#endif
