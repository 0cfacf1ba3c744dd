/*
 * rand.c: randomness from getrandom(2), or, once a test seeded it, from SplitMix64 (Steele, Lea,
 * Flood 2014), whose whole state is one atomic counter. Any thread.
 */
#include "hearth/rand.h"
#include "hearth/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

static atomic_bool seeded;
static _Atomic uint64_t seeded_state;

static uint64_t seeded_next(void)
{
	const uint64_t golden = 0x9E3779B97F4A7C15;
	uint64_t z = atomic_fetch_add(&seeded_state, golden) + golden;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

static void system_bytes(unsigned char *out, size_t n)
{
	while (n) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno != EINTR)
			log_fatal("rand", "the system gives no random bytes: %s", strerror(errno));
		if (got > 0) {
			out += got;
			n -= (size_t)got;
		}
	}
}

void rand_bytes(void *out, size_t n)
{
	unsigned char *p = out;

	if (!atomic_load(&seeded)) {
		system_bytes(p, n);
		return;
	}
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = seeded_next();

		memcpy(p + i, &word, n - i < 8 ? n - i : 8);
	}
}

uint64_t rand_u64(void)
{
	uint64_t value;

	rand_bytes(&value, sizeof(value));
	return value;
}

uint64_t rand_below(uint64_t bound)
{
	uint64_t value, tail;

	INVARIANT(bound > 0);
	/* The first 2^64 mod bound values would come up once too often: draw again. */
	tail = (0 - bound) % bound;
	do
		value = rand_u64();
	while (value < tail);
	return value % bound;
}

void rand_seed_for_tests(uint64_t seed)
{
	atomic_store(&seeded_state, seed);
	atomic_store(&seeded, seed != 0);
}
