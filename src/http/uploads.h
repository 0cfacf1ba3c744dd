/*
 * uploads.h: what one account may send to this server at a time in large bodies, which lie in memory until
 * they are dealt with: so many, and so many bytes together, by whatever number of connections. It is the memory
 * of this process that is bounded: of several nodes each has its own. On the loop.
 */
#ifndef HEARTH_SRC_HTTP_UPLOADS_H
#define HEARTH_SRC_HTTP_UPLOADS_H

#include <stdbool.h>
#include <stdint.h>

#define UPLOAD_MIN 65536 /* bytes; a smaller body is none */

struct uploads;

/* Both are bounds of an account; 0: none. */
struct uploads *uploads_new(int64_t count_max, int64_t bytes_max);
void uploads_free(struct uploads **u);

/*
 * One more of so many bytes (> UPLOAD_MIN): false: it is too much beside what is under way. One alone is
 * never too large: its route bounds it.
 */
bool uploads_begin(struct uploads *u, int64_t account, uint64_t bytes);
/* It is over: nothing of it is in memory any more. */
void uploads_end(struct uploads *u, int64_t account, uint64_t bytes);

#endif
