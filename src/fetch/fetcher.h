/*
 * fetcher.h: what fetches, as the kernel makes it, for src/ only; modules see include/hearth/fetch.h.
 * On the loop's thread.
 */
#ifndef HEARTH_SRC_FETCHER_H
#define HEARTH_SRC_FETCHER_H

#include <stdbool.h>

#include "hearth/fetch.h"

struct dns;

/* `dns` may be NULL: the system looks up. Starts nothing before the first request. */
struct fetcher *fetcher_new(struct dns *dns);
/*
 * What is under way is answered HEARTH_ECLOSED, in later turns of the loop; the thread ends. And frees
 * it, once there is no loop any more. Both legal on NULL.
 */
void fetcher_close(struct fetcher *f);
void fetcher_free(struct fetcher **f);
struct dns *fetcher_dns(const struct fetcher *f);
bool fetcher_closed(const struct fetcher *f);

#endif
