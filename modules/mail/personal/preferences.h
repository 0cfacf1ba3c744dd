/*
 * preferences.h: what mail keeps of a person's preferences (event "auth.preferences.changed"):
 * filters, signature, how many messages a list has.
 *
 * On workers and database threads; one row an account.
 */
#ifndef MAIL_PREFERENCES_H
#define MAIL_PREFERENCES_H

#include "mail.h"

#define MAIL_PAGE_SIZE 50 /* when nothing was chosen, as the schema of the preferences says */

/* A row. Texts are JSON, as the preferences have it. */
struct mail_preferences {
	int64_t account, version; /* of the preferences; 0: nothing was chosen */
	struct slice signature;   /* an object */
	struct slice filters;     /* an array */
	int64_t page_size;
	int64_t send_delay; /* seconds in which what was sent can be taken back */
};

/* ---- preferences.c ---- */

/* The subscription (bus.h). */
int mail_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared);
int mail_preferences_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);

/* GET /api/mail/signature: what the page puts under a new message. */
http_handler mail_get_signature;

/* ---- store/preferences.c; inside a db_fn on the database "mail" ---- */

/* Defaults when there is no row. Slices are in `a`. */
int mail_store_preferences(
	struct db_tx *tx, int64_t account, struct arena *a, struct mail_preferences *out);
/* Unless a later version is there already. */
int mail_store_set_preferences(struct db_tx *tx, const struct mail_preferences *p);

#endif
