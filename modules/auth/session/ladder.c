/*
 * ladder.c: wrong ones that make wait longer and longer (ladder.h): a hash table with chains, and a
 * list of each kind by age, from which what is forgotten is dropped as others come.
 */
#include "session/ladder.h"

#include <sodium.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/rand.h"

#define SLOTS     32768 /* chains */
#define SWEEP_MAX 4     /* entries looked at for each that comes */

struct ladders {
	int64_t window_ms;
	int64_t free[LADDER_KINDS];
	unsigned char secret[crypto_generichash_KEYBYTES];
	struct ladder *slots[SLOTS];
	struct list by_age[LADDER_KINDS]; /* the longest untouched first */
	size_t count[LADDER_KINDS];
	struct ladder shared[LADDER_KINDS][LADDER_SHARED];
};

static void ladder_init(struct ladder *l, enum ladder_kind kind, const unsigned char *key)
{
	l->kind = kind;
	memcpy(l->key, key, LADDER_KEY);
	list_init(&l->waiting);
}

struct ladders *ladders_new(int64_t window_ms, const int64_t free[LADDER_KINDS])
{
	static const unsigned char none[LADDER_KEY];
	struct ladders *t = mem_zalloc(sizeof(*t));

	t->window_ms = window_ms;
	rand_bytes(t->secret, sizeof(t->secret));
	for (int kind = 0; kind < LADDER_KINDS; kind++) {
		t->free[kind] = free[kind];
		list_init(&t->by_age[kind]);
		for (int i = 0; i < LADDER_SHARED; i++) {
			ladder_init(&t->shared[kind][i], (enum ladder_kind)kind, none);
			t->shared[kind][i].shared = true;
		}
	}
	return t;
}

void ladders_free(struct ladders **tp)
{
	struct ladders *t = *tp;

	if (!t)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (t->slots[i]) {
			struct ladder *l = t->slots[i];

			t->slots[i] = l->next;
			free(l);
		}
	free(t);
	*tp = NULL;
}

static struct ladder **slot_of(struct ladders *t, const unsigned char *key)
{
	return &t->slots[(key[0] | (size_t)key[1] << 8) % SLOTS];
}

static void drop(struct ladders *t, struct ladder *l)
{
	struct ladder **at = slot_of(t, l->key);

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	list_remove(&l->age);
	t->count[l->kind]--;
	free(l);
}

/* Wrong ones that are over are none. */
static void refresh(struct ladder *l)
{
	if (l->wrong && clock_mono_ms() >= l->forget_ms)
		l->wrong = l->until_ms = 0;
}

static bool is_idle(struct ladder *l)
{
	refresh(l);
	return !l->users && !l->wrong;
}

/* The oldest go when their time is over. One that is not stays, and those behind it with it. */
static void sweep(struct ladders *t, enum ladder_kind kind)
{
	for (int i = 0; i < SWEEP_MAX && !list_empty(&t->by_age[kind]); i++) {
		struct ladder *l = LIST_ENTRY(t->by_age[kind].head.next, struct ladder, age);

		if (!is_idle(l))
			return;
		drop(t, l);
	}
}

static struct ladder *add(struct ladders *t, enum ladder_kind kind, const unsigned char *key)
{
	struct ladder **slot = slot_of(t, key), *l = mem_zalloc(sizeof(*l));

	ladder_init(l, kind, key);
	l->next = *slot;
	*slot = l;
	list_push(&t->by_age[kind], &l->age);
	t->count[kind]++;
	return l;
}

struct ladder *ladder_get(struct ladders *t, enum ladder_kind kind, struct slice what)
{
	const unsigned char kind_byte = (unsigned char)kind;
	unsigned char key[LADDER_KEY];
	crypto_generichash_state hash;
	struct ladder *l;

	crypto_generichash_init(&hash, t->secret, sizeof(t->secret), sizeof(key));
	crypto_generichash_update(&hash, &kind_byte, 1);
	if (what.n)
		crypto_generichash_update(&hash, (const unsigned char *)what.p, what.n);
	crypto_generichash_final(&hash, key, sizeof(key));
	sweep(t, kind);
	for (l = *slot_of(t, key); l; l = l->next)
		if (l->kind == kind && memcmp(l->key, key, sizeof(key)) == 0)
			break;
	if (!l)
		l = t->count[kind] < LADDER_MAX
			    ? add(t, kind, key)
			    : &t->shared[kind][(key[2] | key[3] << 8) % LADDER_SHARED];
	refresh(l);
	l->users++;
	return l;
}

void ladder_put(struct ladders *t, struct ladder *l)
{
	l->users--;
	if (!l->shared && is_idle(l))
		drop(t, l);
}

int64_t ladder_wait_ms(struct ladder *l)
{
	int64_t left_ms;

	refresh(l);
	left_ms = l->until_ms - clock_mono_ms();
	return l->wrong && left_ms > 0 ? left_ms : 0;
}

bool ladder_has_place(const struct ladders *t, const struct ladder *l)
{
	int64_t places = t->free[l->kind] - l->wrong;

	return l->looking < (l->kind == LADDER_PAIR || places < 1 ? 1 : places);
}

static int64_t wait_of(int64_t level)
{
	return level < 20 && LADDER_WAIT_MS << level < LADDER_WAIT_MAX_MS ? LADDER_WAIT_MS << level
									  : LADDER_WAIT_MAX_MS;
}

void ladder_wrong(struct ladders *t, struct ladder *l)
{
	int64_t now_ms = clock_mono_ms();

	refresh(l);
	l->wrong++;
	l->forget_ms = now_ms + t->window_ms;
	if (l->wrong >= t->free[l->kind]) {
		l->until_ms = now_ms + wait_of(l->wrong - t->free[l->kind]);
		l->forget_ms = l->until_ms + t->window_ms;
	}
	if (!l->shared) {
		list_remove(&l->age);
		list_push(&t->by_age[l->kind], &l->age);
	}
}

void ladder_forget(struct ladder *l)
{
	if (!l->shared)
		l->wrong = l->until_ms = 0;
}

size_t ladders_count(const struct ladders *t)
{
	size_t n = 0;

	for (int kind = 0; kind < LADDER_KINDS; kind++)
		n += t->count[kind];
	return n;
}
