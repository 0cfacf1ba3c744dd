/*
 * test_network.c: whether an address is of a network, and which network it is counted with, as tables.
 */
#include "harness.h"

#include "hearth/network.h"

static const struct {
	const char *network, *address;
	bool has;
} networks[] = {
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/23", "192.0.3.0", true },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
	{ "fc00::/7", "fd12::1", true },
	{ "fc00::/7", "fe80::1", false },
	{ "::1", "::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "192.0.2.0/33", "192.0.2.0", false },
	{ "192.0.2.0/", "192.0.2.0", false },
	{ "none", "192.0.2.0", false },
	{ "192.0.2.0/24", "nobody", false },
};

START_TEST(networks_have_addresses)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		const char *texts[] = { networks[i].network, NULL };
		struct networks all;
		bool good = networks_parse(texts, &all) == NULL;

		ck_assert_msg((good && networks_have(&all, networks[i].address)) == networks[i].has,
			"%s %s", networks[i].network, networks[i].address);
		networks_clear(&all);
	}
}
END_TEST

static const struct {
	const char *one, *two;
	size_t v4, v6;
	bool same;
} together[] = {
	{ "192.0.2.1", "192.0.2.200", 3, 8, true },
	{ "192.0.2.1", "192.0.2.200", 4, 8, false },
	{ "192.0.2.1", "192.0.3.1", 3, 8, false },
	{ "192.0.2.1", "::ffff:192.0.2.7", 3, 8, true },
	{ "2001:db8:1::1", "2001:db8:1:2::3", 3, 6, true },
	{ "2001:db8:1::1", "2001:db8:1:2::3", 3, 8, false },
	{ "2001:db8::1", "2001:db8::ffff:1", 4, 8, true },
	{ "2001:db8:1::1", "2001:db8:2::1", 3, 6, false },
	{ "what", "", 3, 6, true },
	{ "what", "192.0.2.1", 3, 6, false },
};

START_TEST(addresses_are_counted_together)
{
	unsigned char one[ADDRESS_BYTES], two[ADDRESS_BYTES];

	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++)
		ck_assert_msg(
			slice_eq(network_of(together[i].one, together[i].v4, together[i].v6, one),
				network_of(together[i].two, together[i].v4, together[i].v6, two)) ==
				together[i].same,
			"%s %s", together[i].one, together[i].two);
}
END_TEST

TEST_MAIN("networks", networks_have_addresses, addresses_are_counted_together)
