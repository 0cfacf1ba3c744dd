/*
 * delivery/archiving.c: a mail is kept in the archives of the groups it goes through (internal.h, store/archive.h). In
 * the transaction that files it, on the writer; a look at each recipient, and a row for each group.
 */
#include "delivery/internal.h"
#include "hearth/metric.h"

/* Of the group that one member gets it through: once, as it came; `content` without anything of a member's. */
static int archive_for(struct db_tx *tx, struct mail_delivery *d, const struct mail_list *list,
	const struct mail_content *content, int64_t *last)
{
	if (!list || !list->archived || list->kept || list->id == *last)
		return 0;
	*last = list->id;
	d->archives.drops = list->vouched;
	return mail_store_archive_add(tx, list->id, content, d->date, &d->archives);
}

int mail_delivery_archive(struct db_tx *tx, struct mail_delivery *d)
{
	struct mail_content content = d->outgoing.content;
	int64_t last = 0;
	int rc = 0;

	d->archives = (struct mail_archive_room){ .quota = d->m->archive_quota };
	content.mail_from = d->mail_from;
	content.trace = slice_str(
		arena_printf(d->a, "%.*s%.*s", SLICE_ARG(d->checked), SLICE_ARG(d->received)));
	for (size_t i = 0; i < d->n && rc == 0; i++)
		if (!d->targets[i].dropped && !d->targets[i].r.waits)
			rc = archive_for(tx, d, d->targets[i].r.list, &content, &last);
	for (size_t i = 0; i < d->remote_n && rc == 0; i++)
		if (!d->remotes[i].dropped && !d->remotes[i].waits)
			rc = archive_for(tx, d, d->remotes[i].list, &content, &last);
	return rc;
}

void mail_delivery_archived(const struct mail_delivery *d)
{
	metric_add(d->m->archive_kept, d->archives.kept);
	metric_add(d->m->archive_refused, d->archives.refused);
	metric_add(d->m->archive_dropped, d->archives.dropped);
}
