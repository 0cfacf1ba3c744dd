/*
 * backoff.c: wrong ones that make wait longer and longer (backoff.h): a hash table with chains, and
 * a list of each kind by age, from which what is forgotten is dropped as others come. On the loop;
 * bounded by BACKOFF_MAX of each kind.
 */
#include "session/backoff.h"

#include <sodium.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define SLOTS     32768 /* chains */
#define SWEEP_MAX 4     /* entries looked at for each that comes */

struct backoffs {
	int64_t window_ms;
	int64_t free[BACKOFF_KINDS];
	unsigned char secret[crypto_generichash_KEYBYTES];
	struct backoff *slots[SLOTS];
	struct list by_age[BACKOFF_KINDS]; /* the longest untouched first */
	size_t count[BACKOFF_KINDS];
	struct backoff shared[BACKOFF_KINDS][BACKOFF_SHARED];
};

static void backoff_init(struct backoff *b, enum backoff_kind kind, const unsigned char *key)
{
	b->kind = kind;
	memcpy(b->key, key, BACKOFF_KEY);
	list_init(&b->waiting);
}

struct backoffs *backoffs_new(int64_t window_ms, const int64_t free[BACKOFF_KINDS])
{
	static const unsigned char none[BACKOFF_KEY];
	struct backoffs *t = mem_zalloc(sizeof(*t));

	t->window_ms = window_ms;
	rand_bytes(t->secret, sizeof(t->secret));
	for (int kind = 0; kind < BACKOFF_KINDS; kind++) {
		t->free[kind] = free[kind];
		list_init(&t->by_age[kind]);
		for (int i = 0; i < BACKOFF_SHARED; i++) {
			backoff_init(&t->shared[kind][i], (enum backoff_kind)kind, none);
			t->shared[kind][i].shared = true;
		}
	}
	return t;
}

void backoffs_free(struct backoffs **tp)
{
	struct backoffs *t = *tp;

	if (!t)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (t->slots[i]) {
			struct backoff *b = t->slots[i];

			t->slots[i] = b->next;
			free(b);
		}
	free(t);
	*tp = NULL;
}

static struct backoff **slot_of(struct backoffs *t, const unsigned char *key)
{
	return &t->slots[(key[0] | (size_t)key[1] << 8) % SLOTS];
}

static void drop(struct backoffs *t, struct backoff *b)
{
	struct backoff **at = slot_of(t, b->key);

	INVARIANT(!b->shared && !b->users && !b->looking && list_empty(&b->waiting));
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	list_remove(&b->age);
	t->count[b->kind]--;
	free(b);
}

/* Wrong ones that are over are none. */
static void refresh(struct backoff *b)
{
	if (b->wrong && clock_mono_ms() >= b->forget_ms)
		b->wrong = b->until_ms = 0;
}

static bool is_idle(struct backoff *b)
{
	refresh(b);
	return !b->users && !b->wrong;
}

/* The oldest go when their time is over. One that is not stays, and those behind it with it. */
static void sweep(struct backoffs *t, enum backoff_kind kind)
{
	for (int i = 0; i < SWEEP_MAX && !list_empty(&t->by_age[kind]); i++) {
		struct backoff *b = LIST_ENTRY(t->by_age[kind].head.next, struct backoff, age);

		if (!is_idle(b))
			return;
		drop(t, b);
	}
}

static struct backoff *add(struct backoffs *t, enum backoff_kind kind, const unsigned char *key)
{
	struct backoff **slot = slot_of(t, key), *b = mem_zalloc(sizeof(*b));

	INVARIANT(t->count[kind] < BACKOFF_MAX);
	backoff_init(b, kind, key);
	b->next = *slot;
	*slot = b;
	list_push(&t->by_age[kind], &b->age);
	t->count[kind]++;
	return b;
}

void backoff_what(struct slice bytes, unsigned char what[BACKOFF_KEY])
{
	crypto_generichash(what, BACKOFF_KEY, (const unsigned char *)bytes.p, bytes.n, NULL, 0);
}

struct backoff *backoff_get(
	struct backoffs *t, enum backoff_kind kind, const unsigned char what[BACKOFF_KEY])
{
	const unsigned char kind_byte = (unsigned char)kind;
	unsigned char key[BACKOFF_KEY];
	crypto_generichash_state hash;
	struct backoff *b;

	INVARIANT(kind < BACKOFF_KINDS);
	crypto_generichash_init(&hash, t->secret, sizeof(t->secret), sizeof(key));
	crypto_generichash_update(&hash, &kind_byte, 1);
	crypto_generichash_update(&hash, what, BACKOFF_KEY);
	crypto_generichash_final(&hash, key, sizeof(key));
	sweep(t, kind);
	for (b = *slot_of(t, key); b; b = b->next)
		if (b->kind == kind && memcmp(b->key, key, sizeof(key)) == 0)
			break;
	if (!b)
		b = t->count[kind] < BACKOFF_MAX
			    ? add(t, kind, key)
			    : &t->shared[kind][(key[2] | key[3] << 8) % BACKOFF_SHARED];
	refresh(b);
	b->users++;
	return b;
}

void backoff_put(struct backoffs *t, struct backoff *b)
{
	INVARIANT(b->users > 0);
	b->users--;
	if (!b->shared && is_idle(b))
		drop(t, b);
}

int64_t backoff_wait_ms(struct backoff *b)
{
	int64_t left_ms;

	refresh(b);
	left_ms = b->until_ms - clock_mono_ms();
	return b->wrong && left_ms > 0 ? left_ms : 0;
}

bool backoff_has_place(const struct backoffs *t, const struct backoff *b)
{
	int64_t places = t->free[b->kind] - b->wrong;

	return b->looking < (b->kind == BACKOFF_PAIR || places < 1 ? 1 : places);
}

static int64_t wait_of(int64_t level)
{
	return level < 20 && BACKOFF_WAIT_MS << level < BACKOFF_WAIT_MAX_MS
		       ? BACKOFF_WAIT_MS << level
		       : BACKOFF_WAIT_MAX_MS;
}

void backoff_wrong(struct backoffs *t, struct backoff *b)
{
	int64_t now_ms = clock_mono_ms();

	INVARIANT(b->users > 0);
	refresh(b);
	b->wrong++;
	b->forget_ms = now_ms + t->window_ms;
	if (b->wrong >= t->free[b->kind]) {
		b->until_ms = now_ms + wait_of(b->wrong - t->free[b->kind]);
		b->forget_ms = b->until_ms + t->window_ms;
	}
	if (!b->shared) {
		list_remove(&b->age);
		list_push(&t->by_age[b->kind], &b->age);
	}
}

void backoff_forget(struct backoff *b)
{
	if (!b->shared)
		b->wrong = b->until_ms = 0;
}
