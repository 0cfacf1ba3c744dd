/*
 * imap_sync.c: keeps the view of the selected mailbox up to date, and tells others what we changed.
 *
 * mail_watch says that the mailbox may have changed: that marks the session `dirty`. It looks
 * before and after each command, and at once while it idles; a session that is not dirty does not
 * ask the database.
 *
 * On the loop, the looks on reader and writer, one at a time: MAIL_BULK_MAX changes each, and more
 * when the client has taken those.
 */
#include "imap/session/imap_internal.h"

#include "hearth/log.h"

/* ---- entering and leaving ---- */

static void on_changed(void *arg)
{
	struct imap_session *s = arg;

	s->dirty = true;
	s->sync_failed = false;
	imap_idle_changed(s);
}

void imap_enter(struct imap_session *s, struct imap_view *view)
{
	INVARIANT(!s->view && view);
	s->view = view;
	s->state = IMAP_SELECTED;
	/* What changed since the view was read and before we watch would be missed. */
	s->dirty = true;
	mail_watch(s->m->notifier, &s->watch, view->mailbox, on_changed, s);
}

void imap_leave(struct imap_session *s)
{
	if (!s->view)
		return;
	INVARIANT(s->state == IMAP_SELECTED);
	mail_unwatch(s->m->notifier, &s->watch);
	imap_view_free(&s->view);
	s->dirty = false;
	s->state = IMAP_AUTHENTICATED;
}

/* ---- looking ---- */

static int collect(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;

	arena_reset(s->sync_arena);
	return imap_view_collect(s->view, tx, s->sync_arena, &s->changes);
}

/* There is more to tell, once the client has taken what it was told. */
static void go_on(struct imap_session *s)
{
	imap_sync(s, s->after_sync);
}

static void on_known(struct imap_session *s, int status)
{
	bool more = status == 0 && s->changes->more;

	INVARIANT(s->view && s->sync_arena);
	if (status == 0)
		imap_view_apply(s->view, s->changes, &s->out);
	else
		s->dirty = s->sync_failed = true;
	s->dirty |= more;
	s->changes = NULL;
	arena_free(&s->sync_arena);
	if (status == HEARTH_ENOTFOUND)
		imap_bye(s, NULL, "The selected mailbox was deleted");
	else if (more)
		imap_flush_then(s, go_on);
	else
		s->after_sync(s);
}

static int take_recent(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;

	return mail_store_take_recent(
		tx, s->view->mailbox, imap_view_arrived(s->changes), &s->changes->recent);
}

/* What has arrived is \Recent to the first who sees it. */
static void on_collected(struct imap_session *s, int status)
{
	if (status == 0 && !s->view->read_only &&
		s->changes->recent < imap_view_arrived(s->changes))
		imap_run_write(s, take_recent, on_known);
	else
		on_known(s, status);
}

void imap_sync(struct imap_session *s, imap_fn *next)
{
	if (!s->view || !s->dirty) {
		next(s);
		return;
	}
	INVARIANT(!s->sync_arena); /* one look at a time */
	s->dirty = s->sync_failed = false;
	s->after_sync = next;
	s->sync_arena = arena_new();
	imap_run_read(s, collect, on_collected);
}

/* ---- telling ---- */

void imap_mailbox_changed(struct imap_session *s, int64_t mailbox)
{
	INVARIANT(mailbox > 0);
	if (s->view && s->view->mailbox == mailbox)
		s->dirty = true;
	mail_changed(hearth_bus(s->m->h), s->account.id, mailbox);
}

void imap_changed_by_us(struct imap_session *s, int64_t before, int64_t after)
{
	INVARIANT(after >= before); /* a mailbox's modseq only grows */
	if (before == after)
		return;
	if (s->view->modseq == before)
		s->view->modseq = after;
	else
		s->dirty = true;
	mail_changed(hearth_bus(s->m->h), s->account.id, s->view->mailbox);
}
