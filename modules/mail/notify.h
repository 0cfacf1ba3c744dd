/*
 * notify.h: who must be told when a mailbox changes: sessions that have it selected. Rides on the
 * live topic "mail.changed" {"mailbox", "account"}, so it works across nodes. On the loop.
 *
 * One watch a session.
 */
#ifndef MAIL_NOTIFY_H
#define MAIL_NOTIFY_H

#include "hearth/bus.h"
#include "hearth/list.h"

struct mail_notifier;

/* Lies in the session; zeroed when it watches nothing. */
struct mail_watch {
	struct list_node node;
	int64_t mailbox;
	exec_fn *changed; /* the mailbox may have changed: look */
	void *arg;
};

struct mail_notifier *mail_notifier_new(struct bus *bus);
void mail_notifier_free(struct mail_notifier **n);
void mail_watch(struct mail_notifier *n, struct mail_watch *w, int64_t mailbox, exec_fn *changed,
	void *arg);
void mail_unwatch(struct mail_notifier *n, struct mail_watch *w);
/* Says that a mailbox of the account changed; after the commit. Any thread. */
void mail_changed(struct bus *bus, int64_t account, int64_t mailbox);

#endif
