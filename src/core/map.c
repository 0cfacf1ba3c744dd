/*
 * map.c: a hash map by open addressing with linear probing. A slot is free (value NULL), dead
 * (value &dead: removed, but a probe must walk past it) or live. Removal moves nothing, which is
 * what lets an iteration remove the entry it stands on; dead slots go when the table is rebuilt,
 * and at once when nothing lies behind them.
 *
 * A number is a key of eight bytes. Keys up to KEY_INLINE bytes lie in the slot. Pure; a map
 * belongs to one thread, or to who holds the lock it lies behind. It grows by doubling; what bounds
 * it is its owner's business.
 */
#include "hearth/map.h"
#include "hearth/arena.h"
#include "hearth/log.h"

#include "core/siphash.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#define KEY_INLINE 16
#define SLOTS_MIN  16

struct slot {
	void *value;
	uint32_t hash;
	uint32_t key_n;
	union {
		char bytes[KEY_INLINE];
		char *heap;
	} key;
};

struct map {
	struct slot *slots; /* NULL until the first entry */
	size_t mask;        /* number of slots - 1, a power of two - 1 */
	size_t live, dead;
};

static char dead;
static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void hash_key_init(void)
{
	if (getrandom(hash_key, sizeof(hash_key), 0) != sizeof(hash_key))
		log_fatal("map", "the system gives no random bytes");
}

struct map *map_new(void)
{
	pthread_once(&hash_key_once, hash_key_init);
	return mem_zalloc(sizeof(struct map));
}

static bool slot_live(const struct slot *s)
{
	return s->value && s->value != &dead;
}

static struct slice slot_key(const struct slot *s)
{
	return slice_of(s->key_n <= KEY_INLINE ? s->key.bytes : s->key.heap, s->key_n);
}

static void slot_set_key(struct slot *s, struct slice key)
{
	s->key_n = (uint32_t)key.n;
	if (key.n > KEY_INLINE)
		s->key.heap = mem_strdup(key);
	else if (key.n)
		memcpy(s->key.bytes, key.p, key.n);
}

static void slot_clear_key(struct slot *s)
{
	if (s->key_n > KEY_INLINE)
		free(s->key.heap);
	s->key_n = 0;
}

void map_free(struct map **m)
{
	if (!*m)
		return;
	for (size_t i = 0; (*m)->slots && i <= (*m)->mask; i++)
		if (slot_live(&(*m)->slots[i]))
			slot_clear_key(&(*m)->slots[i]);
	free((*m)->slots);
	free(*m);
	*m = NULL;
}

size_t map_count(const struct map *m)
{
	return m->live;
}

static uint32_t key_hash(struct slice key)
{
	return (uint32_t)siphash(hash_key, key);
}

/* The live slot that holds the key, or NULL. */
static struct slot *map_find(const struct map *m, struct slice key, uint32_t hash)
{
	if (m->live == 0)
		return NULL;
	for (size_t i = hash & m->mask; m->slots[i].value; i = (i + 1) & m->mask) {
		struct slot *s = &m->slots[i];

		if (s->hash == hash && slot_live(s) && slice_eq(slot_key(s), key))
			return s;
	}
	return NULL;
}

/* The first free slot on the path of `hash`. */
static struct slot *map_free_slot(const struct map *m, uint32_t hash)
{
	size_t i = hash & m->mask;

	while (m->slots[i].value)
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

/* Keeps at least a quarter of the slots free, so that probes stay short and end. */
static void map_make_room(struct map *m)
{
	struct slot *old = m->slots;
	size_t old_n = old ? m->mask + 1 : 0, n = SLOTS_MIN;

	if (old && m->live + m->dead < old_n / 4 * 3)
		return;
	while (n / 2 <= m->live)
		n *= 2;
	m->slots = mem_zalloc(n * sizeof(*m->slots));
	m->mask = n - 1;
	m->dead = 0;
	for (size_t i = 0; i < old_n; i++)
		if (slot_live(&old[i]))
			*map_free_slot(m, old[i].hash) = old[i];
	free(old);
}

void *map_get(const struct map *m, struct slice key)
{
	struct slot *s = map_find(m, key, key_hash(key));

	return s ? s->value : NULL;
}

void *map_set(struct map *m, struct slice key, void *value)
{
	uint32_t hash = key_hash(key);
	struct slot *s;

	INVARIANT(value && key.n <= UINT32_MAX);
	s = map_find(m, key, hash);
	if (s) {
		void *old = s->value;

		s->value = value;
		return old;
	}
	map_make_room(m);
	s = map_free_slot(m, hash);
	slot_set_key(s, key);
	s->hash = hash;
	s->value = value;
	m->live++;
	return NULL;
}

void *map_remove(struct map *m, struct slice key)
{
	struct slot *s = map_find(m, key, key_hash(key));
	void *value;
	size_t i;

	if (!s)
		return NULL;
	value = s->value;
	slot_clear_key(s);
	s->value = &dead;
	m->live--;
	m->dead++;
	i = (size_t)(s - m->slots);
	if (m->slots[(i + 1) & m->mask].value)
		return value;
	for (; m->slots[i].value == &dead; i = (i - 1) & m->mask) {
		m->slots[i].value = NULL;
		m->dead--;
	}
	return value;
}

void *map_get_u64(const struct map *m, uint64_t key)
{
	return map_get(m, slice_of(&key, sizeof(key)));
}

void *map_set_u64(struct map *m, uint64_t key, void *value)
{
	return map_set(m, slice_of(&key, sizeof(key)), value);
}

void *map_remove_u64(struct map *m, uint64_t key)
{
	return map_remove(m, slice_of(&key, sizeof(key)));
}

bool map_next(const struct map *m, size_t *it, struct slice *key, void **value)
{
	for (; m->slots && *it <= m->mask; ++*it) {
		const struct slot *s = &m->slots[*it];

		if (!slot_live(s))
			continue;
		if (key)
			*key = slot_key(s);
		*value = s->value;
		++*it;
		return true;
	}
	return false;
}
