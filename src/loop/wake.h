/*
 * wake.h: making and freeing what hearth/wake.h describes; for src/ only. On the loop's thread.
 */
#ifndef HEARTH_SRC_LOOP_WAKE_H
#define HEARTH_SRC_LOOP_WAKE_H

#include "hearth/wake.h"

/* For a node of a data folder. NULL, with a warning in the log, where there can be none. */
struct wake *wake_new(const char *data_dir, const char *node);
/* Hears and says no more. The loop runs yet, or will be closed. */
void wake_stop(struct wake *w);
/* After wake_stop, when nobody knocks any more. Sets *w to NULL; legal on NULL. */
void wake_free(struct wake **w);

#endif
