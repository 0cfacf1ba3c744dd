/*
 * smtp_rates.c: a map from networks to what they did within this minute, thrown away with it, so that nothing
 * has to be aged. Who has a whole /48 has more networks than there is room for: what finds none is counted
 * by the wider network it is in, in the same map (a wider one's key is shorter), so that it is its neighbours
 * alone who pay.
 *
 * On the loop; SMTP_RATES_MAX entries, and as many wider ones.
 */
#include "smtp/smtp_rates.h"

#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"
#include "hearth/map.h"
#include "hearth/network.h"

#define MINUTE_MS 60000

struct counts {
	int64_t n[SMTP_RATES];
};

struct smtp_rates {
	int64_t max[SMTP_RATES];
	struct networks inside;
	int64_t minute;       /* that is being counted */
	struct map *networks; /* to struct counts */
};

/* Whom there are no limits for, beside what is no address at all. */
static const char *const inside[] = { "127.0.0.0/8", "0.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12",
	"192.168.0.0/16", "169.254.0.0/16", "::/96", "fc00::/7", "fe80::/10", NULL };

struct smtp_rates *smtp_rates_new(const int64_t max[SMTP_RATES])
{
	struct smtp_rates *r = mem_zalloc(sizeof(*r));

	memcpy(r->max, max, sizeof(r->max));
	networks_parse(inside, &r->inside);
	r->networks = map_new();
	return r;
}

static void forget(struct smtp_rates *r)
{
	size_t it = 0;
	void *counts;

	while (map_next(r->networks, &it, NULL, &counts))
		free(counts);
	map_free(&r->networks);
}

void smtp_rates_free(struct smtp_rates **r)
{
	if (!*r)
		return;
	forget(*r);
	networks_clear(&(*r)->inside);
	free(*r);
	*r = NULL;
}

bool smtp_is_outside(const struct smtp_rates *r, const char *address)
{
	unsigned char bytes[ADDRESS_BYTES];

	return address_bytes(slice_str(address), bytes) && !networks_have(&r->inside, address);
}

/* The counts under a key, which are made where there are less than `room`; NULL: there are none. */
static struct counts *counts_of(struct smtp_rates *r, struct slice key, size_t room)
{
	struct counts *c = map_get(r->networks, key);

	if (!c && map_count(r->networks) < room) {
		c = mem_zalloc(sizeof(*c));
		map_set(r->networks, key, c);
	}
	return c;
}

bool smtp_rates_take(struct smtp_rates *r, const char *address, enum smtp_rate what, int64_t now_ms)
{
	unsigned char room[ADDRESS_BYTES];
	struct slice network = network_of(address, 3, 8, room);
	int64_t max = r->max[what];
	struct counts *c;

	if (r->max[what] == 0 || !smtp_is_outside(r, address))
		return true;
	if (now_ms / MINUTE_MS != r->minute) {
		forget(r);
		r->networks = map_new();
		r->minute = now_ms / MINUTE_MS;
	}
	c = counts_of(r, network, SMTP_RATES_MAX);
	if (!c) {
		max *= SMTP_RATES_WIDER;
		c = counts_of(
			r, slice_head(network, network.n == 8 ? 6 : 2), (size_t)2 * SMTP_RATES_MAX);
	}
	if (!c)
		return true; /* strangers from everywhere: the bounds on connections hold */
	if (c->n[what] >= max)
		return false;
	c->n[what]++;
	return true;
}
