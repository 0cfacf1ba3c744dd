/*
 * network.h: what counts as one network when guesses are counted.
 */
#ifndef AUTH_NETWORK_H
#define AUTH_NETWORK_H

#define AUTH_NETWORK_MAX 64

/*
 * The network of an address as text (conn_info's peer): an IPv4 address is one ("192.0.2.7"), also
 * when it came mapped into IPv6; of IPv6 it is the /64 ("2001:db8:1:2::/64"), since one customer
 * has all of it. What is no address is its own network.
 */
void auth_network(const char *peer, char out[AUTH_NETWORK_MAX]);

#endif
