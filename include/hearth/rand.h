/*
 * rand.h: the one place where randomness comes from, so that a test can replay a seed. Secrets and
 * choices come from the same source: the system's, unless a test seeded it. Any thread.
 */
#ifndef HEARTH_RAND_H
#define HEARTH_RAND_H

#include <stddef.h>
#include <stdint.h>

/* Fills `out` with n random bytes fit for keys and tokens. */
void rand_bytes(void *out, size_t n);
uint64_t rand_u64(void);
/* A number in [0, bound), without bias; bound > 0. */
uint64_t rand_below(uint64_t bound);

/* For tests: a repeatable sequence from this seed; 0 gives the system's source back. */
void rand_seed_for_tests(uint64_t seed);

#endif
