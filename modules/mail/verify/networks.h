/*
 * verify/networks.h: lists of networks, as settings name them ("192.0.2.0/24", "fd00::/8", an address
 * alone). Pure, any thread.
 */
#ifndef MAIL_VERIFY_NETWORKS_H
#define MAIL_VERIFY_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

#include "hearth/str.h"

/* An address as text is in the network; false as well when either is none. */
bool network_has(struct slice network, const char *address);
bool network_is_good(struct slice network);
/* A number for the network that an address is counted with: /24 of IPv4, /48 of IPv6; never 0. */
uint64_t network_of(const char *address);

#endif
