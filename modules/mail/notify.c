/*
 * notify.c: a map from mailboxes to those who watch them, fed by the live topic. On the loop.
 *
 * An entry a mailbox that is watched; a watch is a part of its session.
 */
#include "notify.h"

#include <stdlib.h>

#include "hearth/json.h"
#include "hearth/log.h"
#include "hearth/map.h"

#define TOPIC "mail.changed"

struct mailbox_watches {
	int64_t mailbox;
	struct list watches; /* never empty */
};

struct mail_notifier {
	struct map *mailboxes; /* id → struct mailbox_watches */
	struct bus_listener *listener;
};

static void tell(struct mail_notifier *n, int64_t mailbox)
{
	struct mailbox_watches *m = map_get_u64(n->mailboxes, (uint64_t)mailbox);

	if (m)
		LIST_FOREACH (&m->watches, it) {
			struct mail_watch *w = LIST_ENTRY(it, struct mail_watch, node);

			w->changed(w->arg);
		}
}

/* Some were missed: any of them may have changed. Who is told may watch another one then. */
static void tell_all(struct mail_notifier *n)
{
	size_t count = map_count(n->mailboxes), at = 0, it = 0;
	int64_t *mailboxes = mem_alloc((count + 1) * sizeof(*mailboxes));
	void *list;

	while (at < count && map_next(n->mailboxes, &it, NULL, &list))
		mailboxes[at++] = ((struct mailbox_watches *)list)->mailbox;
	for (size_t i = 0; i < at; i++)
		tell(n, mailboxes[i]);
	free(mailboxes);
}

static void on_changed(void *arg, struct buf *payload)
{
	struct mail_notifier *n = arg;
	struct arena *a = arena_new();
	struct json *doc;
	int64_t mailbox;

	if (!payload)
		tell_all(n);
	else if (json_read(a, buf_slice(payload), &doc, NULL) == 0 &&
		 json_get_i64(doc, "mailbox", 1, INT64_MAX, &mailbox) == 0)
		tell(n, mailbox);
	arena_free(&a);
}

struct mail_notifier *mail_notifier_new(struct bus *bus)
{
	struct mail_notifier *n = mem_zalloc(sizeof(*n));

	n->mailboxes = map_new();
	n->listener = bus_listen(bus, TOPIC, on_changed, n);
	return n;
}

void mail_notifier_free(struct mail_notifier **n)
{
	size_t it = 0;
	void *list;

	if (!*n)
		return;
	bus_unlisten(&(*n)->listener);
	while (map_next((*n)->mailboxes, &it, NULL, &list))
		free(list);
	map_free(&(*n)->mailboxes);
	free(*n);
	*n = NULL;
}

void mail_watch(
	struct mail_notifier *n, struct mail_watch *w, int64_t mailbox, exec_fn *changed, void *arg)
{
	struct mailbox_watches *m;

	INVARIANT(mailbox > 0 && changed);
	/* First: it may have been the last one of this very list. */
	mail_unwatch(n, w);
	m = map_get_u64(n->mailboxes, (uint64_t)mailbox);
	if (!m) {
		m = mem_zalloc(sizeof(*m));
		m->mailbox = mailbox;
		list_init(&m->watches);
		map_set_u64(n->mailboxes, (uint64_t)mailbox, m);
	}
	w->mailbox = mailbox;
	w->changed = changed;
	w->arg = arg;
	list_push(&m->watches, &w->node);
}

void mail_unwatch(struct mail_notifier *n, struct mail_watch *w)
{
	struct mailbox_watches *m;

	if (!list_linked(&w->node))
		return;
	list_remove(&w->node);
	m = map_get_u64(n->mailboxes, (uint64_t)w->mailbox);
	INVARIANT(m && m->mailbox == w->mailbox); /* a list is there as long as it has a watch */
	if (list_empty(&m->watches)) {
		map_remove_u64(n->mailboxes, (uint64_t)w->mailbox);
		free(m);
	}
}

void mail_changed(struct bus *bus, int64_t account, int64_t mailbox)
{
	struct strbuf out = { 0 };
	struct buf *payload;

	strbuf_printf(&out, "{\"mailbox\":%lld,\"account\":%lld}", (long long)mailbox,
		(long long)account);
	payload = buf_from_strbuf(&out);
	bus_tell(bus, TOPIC, payload);
	buf_unref(&payload);
}
