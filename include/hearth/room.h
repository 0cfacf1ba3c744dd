/*
 * room.h: whether the disk has room for what is large and can wait: mail, video, uploads. While it
 * has none these are refused, and what little is left is kept for what frees some: log-ins and
 * deleting. See src/kernel/room.c. From any thread; the question is one look at an atomic.
 */
#ifndef HEARTH_ROOM_H
#define HEARTH_ROOM_H

#include <stdbool.h>

/* Any thread, never blocks; true until the server has found otherwise. */
bool room_left(void);
/*
 * Something could not be written: looks at the disk, and gives the reserve up if that is why. On a
 * worker; what failed may be tried once more.
 */
void room_make(void);
/*
 * Something was written. The disk is looked at, if that was not just done: much can come between
 * two looks of the timer. Any thread that may wait for a disk.
 */
void room_wrote(void);

#endif
