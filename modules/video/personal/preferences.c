/*
 * preferences.c: what somebody chose is taken from its event into a row. The document was checked
 * against its schema before it was published; what is missing in it has its default. `prepare` on a
 * worker of the bus, `apply` on the database's writer; one row.
 */
#include "personal/preferences.h"

#include "hearth/accounts.h"
#include "hearth/json.h"

int video_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct video_preferences *p = ARENA_NEW(a, struct video_preferences);
	struct accounts_preferences read;
	int rc = accounts_preferences_read(a, ev->payload, "video", &read);

	(void)module;
	if (rc < 0)
		return rc;
	p->account = read.account;
	p->version = read.version;
	p->title = SLICE("");
	p->keep_raw = true;
	json_get_text(read.section, "title", &p->title);
	json_get_bool(read.section, "keep_raw", &p->keep_raw);
	/* Text in SQL holds no NUL. */
	p->title = slice_str(p->title.p);
	*prepared = p;
	return 0;
}

int video_preferences_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)ev;
	return video_store_set_preferences(tx, prepared);
}
