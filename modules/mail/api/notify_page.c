/*
 * notify_page.c: gathers the accounts that are to be told, and tells them (notify_page.h).
 *
 * Rides on the live topic "mail.changed". The frame says only that something changed: the page
 * looks by itself, and so what it missed while it was away needs no memory here. Changes of
 * GATHER_MS are told at once, so that a thousand mails are a few frames: what one account's mail
 * costs others is a number in a map.
 *
 * On the loop. The map has at most an entry an account, and is emptied every GATHER_MS.
 */
#include "api/notify_page.h"

#include <stdlib.h>

#include "hearth/buf.h"
#include "hearth/exec.h"
#include "hearth/json.h"
#include "hearth/map.h"

#define GATHER_MS 250

static const char frame[] = "{\"type\":\"mail-changed\"}";

struct mail_page_notifier {
	const struct connections *connections;
	struct map *changed; /* accounts to be told, as the values too */
	bool all;            /* some were missed: it may have been anybody's */
	struct timer timer;
	struct bus_listener *listener;
};

static void tell(void *arg)
{
	struct mail_page_notifier *n = arg;
	struct buf *text = buf_copy(SLICE(frame));
	struct map *changed = n->changed;
	void *account;
	size_t it = 0;

	n->changed = map_new();
	if (n->all)
		n->connections->send_all(n->connections->self, text);
	while (!n->all && map_next(changed, &it, NULL, &account))
		n->connections->send_account(
			n->connections->self, (int64_t)(uintptr_t)account, text);
	n->all = false;
	map_free(&changed);
	buf_unref(&text);
}

static void on_changed(void *arg, struct buf *payload)
{
	struct mail_page_notifier *n = arg;
	struct arena *a = arena_new();
	struct json *doc;
	int64_t account;

	if (!payload) {
		n->all = true;
		timer_start(&n->timer, GATHER_MS, 0, tell, n);
	} else if (json_read(a, buf_slice(payload), &doc, NULL) == 0 &&
		   json_get_i64(doc, "account", 1, INT64_MAX, &account) == 0) {
		if (map_count(n->changed) == 0)
			timer_start(&n->timer, GATHER_MS, 0, tell, n);
		map_set_u64(n->changed, (uint64_t)account, (void *)(uintptr_t)account);
	}
	arena_free(&a);
}

struct mail_page_notifier *mail_page_notifier_new(
	struct bus *bus, const struct connections *connections)
{
	struct mail_page_notifier *n;

	if (!connections)
		return NULL;
	n = mem_zalloc(sizeof(*n));
	n->connections = connections;
	n->changed = map_new();
	n->listener = bus_listen(bus, "mail.changed", on_changed, n);
	return n;
}

void mail_page_notifier_free(struct mail_page_notifier **n)
{
	if (!*n)
		return;
	bus_unlisten(&(*n)->listener);
	timer_stop(&(*n)->timer);
	map_free(&(*n)->changed);
	free(*n);
	*n = NULL;
}
