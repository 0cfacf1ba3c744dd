/*
 * notify_page.h: tells the open pages of an account that one of its mailboxes changed, by the frame
 * {"type":"mail-changed"} over their WebSocket. On the loop.
 *
 * One frame an account every quarter of a second at most.
 */
#ifndef MAIL_NOTIFY_PAGE_H
#define MAIL_NOTIFY_PAGE_H

#include "hearth/bus.h"
#include "hearth/connections.h"

struct mail_page_notifier;

/* NULL where there are no WebSockets: `connections` is NULL without the gateway. */
struct mail_page_notifier *mail_page_notifier_new(
	struct bus *bus, const struct connections *connections);
/* Sets *n to NULL; legal on NULL. */
void mail_page_notifier_free(struct mail_page_notifier **n);

#endif
