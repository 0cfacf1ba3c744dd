/*
 * served.h: how long the loop has been there for people (exec_served_us in exec.h), for src/loop
 * only. The marks are set on the loop's thread; any thread reads.
 */
#ifndef HEARTH_SRC_LOOP_SERVED_H
#define HEARTH_SRC_LOOP_SERVED_H

#include <stdint.h>

/*
 * A round begins now; idle_us is how long the loop has waited for work in all, and a heartbeat
 * comes within beat_ms.
 */
void served_mark(int64_t idle_us, int64_t beat_ms);
/* What has been served by now. */
int64_t served_now_us(int64_t idle_us);

#endif
