/*
 * delivery/archiving.c: a mail is kept in the archives of the groups it was sent to (internal.h, store/archive.h): by
 * group, not by who gets it through which. In the transaction that files it, on the writer; a row for each group.
 */
#include "delivery/internal.h"
#include "hearth/metric.h"

/* Once, as it came; without anything of a member's. */
int mail_delivery_archive(struct db_tx *tx, struct mail_delivery *d)
{
	struct mail_content content = d->outgoing.content;
	int rc = 0;

	d->archives = (struct mail_archive_room){ .quota = d->m->archive_quota };
	content.mail_from = d->mail_from;
	content.trace = slice_str(
		arena_printf(d->a, "%.*s%.*s", SLICE_ARG(d->checked), SLICE_ARG(d->received)));
	for (size_t i = 0; i < d->group_n && rc == 0; i++) {
		const struct mail_group *g = d->groups[i];

		if (!mail_group_keeps(g) || mail_group_waits(g))
			continue;
		d->archives.drops = g->list.vouched;
		rc = mail_store_archive_add(tx, g->list.id, &content, d->date, &d->archives);
	}
	return rc;
}

void mail_delivery_archived(const struct mail_delivery *d)
{
	metric_add(d->m->archive_kept, d->archives.kept);
	metric_add(d->m->archive_refused, d->archives.refused);
	metric_add(d->m->archive_dropped, d->archives.dropped);
}
