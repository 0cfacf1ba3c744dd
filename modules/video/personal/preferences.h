/*
 * preferences.h: what video keeps of a person's preferences (event "auth.preferences.changed"): the
 * title of their channel, and whether new streams get a raw backup. Each function says on which
 * thread.
 */
#ifndef VIDEO_PREFERENCES_H
#define VIDEO_PREFERENCES_H

#include "video.h"

/*
 * A row of the table "preference", which store_channel.c and store_stream.c read together with
 * channels and streams.
 */
struct video_preferences {
	int64_t account, version; /* of the preferences */
	struct slice title;
	bool keep_raw;
};

/* The subscription (bus.h). */
int video_preferences_prepare(
	void *module, const struct bus_event *ev, struct arena *a, void **prepared);
int video_preferences_apply(
	void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);

/* ---- store_channel.c; inside a db_fn on the database "video" ---- */

/* Unless a later version is there already, or the account is gone. */
int video_store_set_preferences(struct db_tx *tx, const struct video_preferences *p);

#endif
