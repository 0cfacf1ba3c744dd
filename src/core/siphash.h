/*
 * siphash.h: SipHash-2-4 (Aumasson and Bernstein), the keyed hash behind the maps: who does not
 * know the key cannot choose inputs that collide. Pure.
 */
#ifndef CORE_SIPHASH_H
#define CORE_SIPHASH_H

#include "hearth/str.h"

uint64_t siphash(const uint64_t key[2], struct slice in);

#endif
