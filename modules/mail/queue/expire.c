/*
 * expire.c: recipients of mails whose time is over, as a look finds them (queue.c): they have failed, whether
 * they are held, wait, or were never tried; but for those who are in hand, whose attempt says what becomes of
 * them.
 *
 * On the loop. Bounds: for each recipient that is over, what its destination has in memory.
 */
#include "hearth/log.h"
#include "queue/internal.h"

/* Loaded or in a batch: an attempt with it is under way, or near. */
static bool is_in_hand(const struct destination *d, const struct mail_queued *row)
{
	for (size_t i = d->next; i < d->count; i++)
		if (d->rows[i].id == row->id)
			return true;
	LIST_FOREACH (&d->batches, it) {
		const struct mail_batch *b = LIST_ENTRY(it, struct mail_batch, side);

		for (size_t i = 0; i < b->count && b->recipients->row.outgoing == row->outgoing;
			i++)
			if (b->recipients[i].row.id == row->id)
				return true;
	}
	return false;
}

void outcome_expire(struct mail_queue *q, const struct mail_queued *rows, size_t n)
{
	struct destination *d = destination_get(q, rows->domain);
	const struct mail_queued *over[BATCH_MAX];
	struct mail_batch *b;
	size_t count = 0;

	INVARIANT(n <= BATCH_MAX);
	for (size_t i = 0; i < n && d; i++)
		if (!is_in_hand(d, &rows[i]))
			over[count++] = &rows[i];
	if (count == 0)
		return;
	b = mail_batch_new(d, count);
	b->expired = true;
	for (size_t i = 0; i < count; i++) {
		mail_batch_put(b, i, over[i]);
		if (over[i]->filed)
			here_filed(b, i);
		else
			mail_batch_set(&b->recipients[i], b->a, OUTCOME_DEFERRED, 0, "4.4.7",
				over[i]->answer.n ? over[i]->answer : SLICE("its time is over"));
	}
	outcome_write(b);
}
