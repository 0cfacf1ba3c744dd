/*
 * preferences.c: see preferences.h. The document was checked against its schema before it was
 * published; what is missing in it has its default.
 */
#include "preferences.h"

#include "hearth/json.h"

int video_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared)
{
	struct video_preferences *p = ARENA_NEW(a, struct video_preferences);
	const struct json *video;
	struct json *doc;
	int rc = json_read(a, ev->payload, &doc, NULL);

	(void)module;
	if (rc == 0)
		rc = json_get_i64(doc, "account", 1, INT64_MAX, &p->account);
	if (rc == 0)
		rc = json_get_i64(doc, "version", 1, INT64_MAX, &p->version);
	if (rc < 0)
		return rc;
	video = json_get(json_get(doc, "document"), "video");
	p->title = SLICE("");
	p->keep_raw = true;
	json_get_text(video, "title", &p->title);
	json_get_bool(video, "keep_raw", &p->keep_raw);
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
