/*
 * map.h: a hash map from bytes or from a 64-bit number to a pointer. It copies its keys and owns
 * no value. The hash is keyed with a random seed (SipHash), so that what clients send cannot make
 * it slow. One thread at a time.
 */
#ifndef HEARTH_MAP_H
#define HEARTH_MAP_H

#include "hearth/str.h"

struct map;

struct map *map_new(void);
/* Frees the map, not its values, and sets *m to NULL. */
void map_free(struct map **m);
size_t map_count(const struct map *m);

/* The value, or NULL. */
void *map_get(const struct map *m, struct slice key);
/* Sets the value (not NULL) and returns the one it replaced, or NULL. */
void *map_set(struct map *m, struct slice key, void *value);
/* Removes the key and returns its value, or NULL. */
void *map_remove(struct map *m, struct slice key);

/* The same with a number as key; numbers and byte keys do not mix in one map. */
void *map_get_u64(const struct map *m, uint64_t key);
void *map_set_u64(struct map *m, uint64_t key, void *value);
void *map_remove_u64(struct map *m, uint64_t key);

/*
 * Visits the entries in no order: start with *it = 0; returns false at the end. `key` may be NULL
 * when not wanted. Between two calls the map may lose the entry just visited and must not grow.
 */
bool map_next(const struct map *m, size_t *it, struct slice *key, void **value);

#endif
