/*
 * dns.h: the resolver as the kernel makes it, for src/ only; modules see include/hearth/dns.h. On
 * the loop's thread.
 */
#ifndef HEARTH_SRC_DNS_H
#define HEARTH_SRC_DNS_H

#include "hearth/config.h"
#include "hearth/dns.h"

/*
 * `server`: "192.0.2.53:53", or empty for the system's. `anchor`: a file of trust anchors in the
 * form of a zone, or empty for the root's. Both are kept. Opens nothing before the first question.
 */
struct dns *dns_new(const char *server, const char *anchor);
/*
 * Whoever waits is answered (FAILED), the resolver's thread ends; on the loop, at the end. And frees
 * it, when there is no loop any more. Both legal on NULL.
 */
void dns_close(struct dns *dns);
void dns_free(struct dns **dns);

/* Whether the text is a name that can be asked: labels of 1 to 63 bytes, DNS_NAME_MAX in all. */
bool dns_is_name(struct slice name);

#endif
