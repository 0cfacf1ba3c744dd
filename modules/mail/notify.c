/*
 * notify.c: see notify.h.
 */
#include "notify.h"

#include <stdlib.h>

#include "hearth/json.h"
#include "hearth/map.h"

#define TOPIC "mail.changed"

struct mail_notifier {
	struct map *mailboxes; /* id → struct list of watches */
	struct bus_listener *listener;
};

static void on_changed(void *arg, struct buf *payload)
{
	struct mail_notifier *n = arg;
	struct arena *a = arena_new();
	struct json *doc;
	struct list *watches = NULL;
	int64_t mailbox;

	if (json_read(a, buf_slice(payload), &doc, NULL) == 0 &&
		json_get_i64(doc, "mailbox", 1, INT64_MAX, &mailbox) == 0)
		watches = map_get_u64(n->mailboxes, (uint64_t)mailbox);
	arena_free(&a);
	if (watches)
		LIST_FOREACH (watches, it) {
			struct mail_watch *w = LIST_ENTRY(it, struct mail_watch, node);

			w->changed(w->arg);
		}
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
	struct list *watches;

	/* First: it may have been the last one of this very list. */
	mail_unwatch(n, w);
	watches = map_get_u64(n->mailboxes, (uint64_t)mailbox);
	if (!watches) {
		watches = mem_zalloc(sizeof(*watches));
		list_init(watches);
		map_set_u64(n->mailboxes, (uint64_t)mailbox, watches);
	}
	w->mailbox = mailbox;
	w->changed = changed;
	w->arg = arg;
	list_push(watches, &w->node);
}

void mail_unwatch(struct mail_notifier *n, struct mail_watch *w)
{
	struct list *watches;

	if (!list_linked(&w->node))
		return;
	list_remove(&w->node);
	watches = map_get_u64(n->mailboxes, (uint64_t)w->mailbox);
	if (list_empty(watches)) {
		map_remove_u64(n->mailboxes, (uint64_t)w->mailbox);
		free(watches);
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
