/*
 * list/archive_events.c: a group was deleted: its archive goes as an account's mail does (personal/erasure.c). In
 * the event's transaction, on the writer.
 */
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/json.h"
#include "list/list.h"
#include "personal/personal.h"
#include "store/archive.h"

static int erase(struct db_tx *tx, int64_t account)
{
	char key[32], payload[64];
	int rc = mail_store_erase(tx, account);

	snprintf(key, sizeof(key), "archive-%lld", (long long)account);
	snprintf(payload, sizeof(payload), "{\"account\":%lld}", (long long)account);
	if (rc == 0)
		rc = queue_push(tx, MAIL_QUEUE_ERASE, slice_str(key), slice_str(payload), 0, 0);
	return rc == HEARTH_EEXIST ? 0 : rc;
}

int mail_list_on_group(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	struct slice change = { 0 };
	struct json *doc;
	int64_t group = 0;
	int rc = json_read(a, ev->payload, &doc, NULL);

	(void)module;
	(void)prepared;
	if (rc == 0)
		rc = json_get_text(doc, "change", &change);
	if (rc == 0)
		rc = json_get_i64(doc, "group", 1, MAIL_ARCHIVES - 1, &group);
	if (rc == 0 && slice_eq(change, SLICE("deleted")))
		rc = erase(tx, mail_archive_account(group));
	arena_free(&a);
	return rc;
}
