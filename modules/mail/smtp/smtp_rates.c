/*
 * smtp_rates.c: a map from networks to what they did within this minute, thrown away with it, so that nothing
 * has to be aged. Who has a whole /48 has more networks than there is room for: what finds none is counted
 * by the wider network it is in, in the same map (a wider one's key is shorter), so that it is its neighbours
 * alone who pay.
 *
 * On the loop; SMTP_RATES_MAX entries, and as many wider ones.
 */
#include "smtp/smtp_rates.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"
#include "hearth/map.h"

#define MINUTE_MS 60000

struct counts {
	int64_t n[SMTP_RATES];
};

struct smtp_rates {
	int64_t max[SMTP_RATES];
	int64_t minute;       /* that is being counted */
	struct map *networks; /* to struct counts */
};

struct smtp_rates *smtp_rates_new(const int64_t max[SMTP_RATES])
{
	struct smtp_rates *r = mem_zalloc(sizeof(*r));

	memcpy(r->max, max, sizeof(r->max));
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
	free(*r);
	*r = NULL;
}

/* Its network, or nothing for what is no address outside; `room` holds it. */
static struct slice network_of(const char *address, unsigned char room[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET6, address, room) == 1) {
		if (memcmp(room, mapped, sizeof(mapped)) != 0)
			return slice_of(room, 8);
		memmove(room, room + 12, 4);
	} else if (inet_pton(AF_INET, address, room) != 1) {
		return slice_of(room, 0);
	}
	return slice_of(room, 3);
}

static bool is_outside(struct slice network)
{
	const unsigned char *b = (const unsigned char *)network.p;

	if (network.n == 8)
		return (b[0] & 0xfe) != 0xfc && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80) &&
		       memcmp(b, (const char[8]){ 0 }, 8) != 0; /* ::1 is in there */
	return network.n == 3 && b[0] != 127 && b[0] != 10 && b[0] != 0 &&
	       !(b[0] == 172 && (b[1] & 0xf0) == 16) && !(b[0] == 192 && b[1] == 168) &&
	       !(b[0] == 169 && b[1] == 254);
}

bool smtp_is_outside(const char *address)
{
	unsigned char room[16];

	return is_outside(network_of(address, room));
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
	unsigned char room[16];
	struct slice network = network_of(address, room);
	int64_t max = r->max[what];
	struct counts *c;

	if (r->max[what] == 0 || !is_outside(network))
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
