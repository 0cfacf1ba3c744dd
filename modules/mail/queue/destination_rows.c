/*
 * destination_rows.c: the recipients of a destination that are due (internal.h): read from the database some at a
 * time, in the order they are due in, and handed out mail by mail.
 *
 * What comes while rows are read, or are in hand, may stand before those that were read last. So a destination
 * that was woken meanwhile is read once more from the beginning, when nothing of it is in hand. And who is in hand
 * may be made due anew by somebody, behind those that were read last: they are left out of what is read, since
 * the attempt that has them says what becomes of them.
 *
 * On the loop. Bounds: LOADED_MAX rows in memory beside the batches in hand.
 */
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/internal.h"

#define LOAD_AGAIN_MS INT64_C(1000)

struct load {
	struct destination *d;
	struct arena *a;
	struct mail_queued rows[LOADED_MAX];
	size_t count;
	int64_t now_ms;
	int64_t *in_hand; /* ids, as it began: none comes to hand meanwhile */
	size_t in_hand_n;
};

static int read_rows(struct db_tx *tx, void *arg)
{
	struct load *l = arg;

	arena_reset(l->a);
	return mail_store_queue_due(tx, slice_str(l->d->domain), l->now_ms, l->d->after_ms,
		l->d->after_id, LOADED_MAX, l->a, l->rows, &l->count);
}

static void note_in_hand(struct load *l)
{
	const struct destination *d = l->d;

	l->in_hand = mem_alloc((d->in_hand + 1) * sizeof(*l->in_hand));
	LIST_FOREACH (&d->batches, it) {
		const struct mail_batch *b = LIST_ENTRY(it, struct mail_batch, side);

		INVARIANT(l->in_hand_n + b->count <= d->in_hand);
		for (size_t i = 0; i < b->count; i++)
			l->in_hand[l->in_hand_n++] = b->recipients[i].row.id;
	}
}

/* Those that are read, less those in hand. */
static void keep_rows(struct destination *d, const struct load *l)
{
	d->rows = arena_alloc(d->a, l->count * sizeof(*d->rows));
	d->count = d->next = 0;
	for (size_t i = 0; i < l->count; i++) {
		size_t k = 0;

		while (k < l->in_hand_n && l->in_hand[k] != l->rows[i].id)
			k++;
		if (k == l->in_hand_n)
			d->rows[d->count++] = l->rows[i];
	}
	d->after_ms = l->rows[l->count - 1].due_ms;
	d->after_id = l->rows[l->count - 1].id;
}

static void on_rows(void *arg, int status)
{
	struct load *l = arg;
	struct destination *d = l->d;

	d->loading = false;
	d->dry = status < 0 || l->count < LOADED_MAX;
	if (status < 0)
		mail_queue_due(d->q, LOAD_AGAIN_MS);
	if (status == 0 && l->count > 0) {
		arena_free(&d->a);
		d->a = l->a;
		l->a = NULL;
		keep_rows(d, l);
	}
	arena_free(&l->a);
	free(l->in_hand);
	free(l);
	destination_pump(d);
}

void destination_load(struct destination *d)
{
	struct load *l = mem_zalloc(sizeof(*l));

	if (d->in_hand == 0) {
		d->after_ms = d->after_id = 0;
		d->woken = false;
	}
	l->d = d;
	l->a = arena_new();
	l->now_ms = clock_wall_ms();
	note_in_hand(l);
	d->loading = true;
	if (db_read(d->q->m->db, read_rows, on_rows, l) < 0)
		on_rows(l, HEARTH_EBUSY);
}

/*
 * Whether one batch may have both, of one mail: those for other servers, those who are here, or those elsewhere whom one
 * list is to send it to.
 */
static bool is_alike(const struct mail_queued *a, const struct mail_queued *b)
{
	if (a->outgoing != b->outgoing || !a->here != !b->here)
		return false;
	return a->here < 0 ? b->here < 0 && a->list == b->list : b->here >= 0;
}

/* How many rows of one mail stand at i, up to max. */
static size_t count_together(const struct destination *d, size_t i, size_t max)
{
	size_t n = 1;

	while (n < max && n < BATCH_MAX && i + n < d->count &&
		is_alike(&d->rows[i], &d->rows[i + n]))
		n++;
	return n;
}

/* LOADED_MAX rows at most are moved. */
bool destination_bring_to_front(struct destination *d, bool waived)
{
	size_t i = d->next, n;
	struct mail_queued *moved;

	while (i < d->count && (d->rows[i].tls == MAIL_TLS_WAIVED) != waived)
		i++;
	if (i == d->count)
		return false;
	n = count_together(d, i, BATCH_MAX);
	moved = mem_alloc(n * sizeof(*moved));
	memcpy(moved, &d->rows[i], n * sizeof(*moved));
	memmove(&d->rows[d->next + n], &d->rows[d->next], (i - d->next) * sizeof(*moved));
	memcpy(&d->rows[d->next], moved, n * sizeof(*moved));
	free(moved);
	return true;
}

struct mail_batch *destination_take_front(struct destination *d, size_t max)
{
	size_t n = count_together(d, d->next, max);
	struct mail_batch *b = mail_batch_new(d, n);

	for (size_t i = 0; i < n; i++)
		mail_batch_put(b, i, &d->rows[d->next++]);
	return b;
}

struct mail_batch *destination_take(struct destination *d, size_t max, enum mail_tls_asked which)
{
	bool waived = which == MAIL_TLS_WAIVED;

	if (d->next == d->count || d->q->draining || !d->q->lease.epoch)
		return NULL;
	if (waived ? !destination_bring_to_front(d, true) : destination_is_held_back(d))
		return NULL;
	return destination_take_front(d, max);
}
