/*
 * module.c: the video module's table of contents (README.md). Its functions run on the loop, at the
 * start, the drain and the stop.
 */
#include <stdlib.h>

#include "hearth/export.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "ingest/ingest.h"
#include "origin/playlist_cache.h"
#include "package/worker.h"
#include "personal/personal.h"
#include "personal/preferences.h"
#include "rtmp/rtmp_session.h"
#include "store/retention.h"
#include "store/store.h"
#include "store/tidy.h"

static const struct config_setting settings[] = {
	{ NULL, "segment", CONFIG_DURATION, "2s", "1s", "10s", NULL,
		"wanted length of a segment; it is cut at the next key frame" },
	{ NULL, "window", CONFIG_DURATION, "2h", "10s", "24h", NULL,
		"how far back a playlist reaches" },
	{ NULL, "keep", CONFIG_DURATION, "7d", "10s", "3650d", NULL,
		"how long segments are kept, at least as long as playlists reach back" },
	{ NULL, "raw_keep", CONFIG_DURATION, "7d", "0s", "3650d", NULL,
		"how long the raw backup of a stream is kept after its end" },
	{ NULL, "raw_max", CONFIG_SIZE, "16G", "0", "1024G", NULL,
		"how much of one stream goes into its raw backup; 0: there is none" },
	{ NULL, "late", CONFIG_DURATION, "8s", "2s", "1h", NULL,
		"how far a smaller rendition may fall behind; what is later is left out for a "
		"while, and viewers of it get the source" },
	{ NULL, "publishers", CONFIG_INT, "50", "1", "10000", NULL,
		"streams that may go on at once, on each server" },
	{ NULL, "reconnect", CONFIG_DURATION, "15s", "0s", "10m", NULL,
		"how long a publisher that broke off may take to come back into its stream" },
	{ NULL, "takeover", CONFIG_CHOICE, "replace", NULL, NULL, "replace|refuse",
		"what becomes of a publisher whose key is live already: it takes over, or is "
		"refused (also while a connection that broke is not yet known to be gone)" },
	{ NULL, "hold", CONFIG_DURATION, "15s", "0s", "10m", NULL,
		"how long the playlist of a stream that has ended stays open, so that viewers go "
		"over into the next one" },
	CONFIG_END,
};

static const struct db_schema schemas[] = {
	{ "video", video_migrations },
	{ .name = NULL },
};

static void accept_rtmp(void *module, struct conn *c)
{
	rtmp_session_new(module, c);
}

#define RTMP_LIMITS .input_max = 8192, .output_high = 65536, .timeout_ms = 10000, .per_peer_max = 50

static const struct conn_listener listeners[] = {
	{ .key = "rtmp",
		.address = "127.0.0.1:1935",
		.doc = "publishing video",
		.security = CONN_PLAIN,
		RTMP_LIMITS,
		.accept = accept_rtmp },
	{ .key = "rtmps",
		.address = "off",
		.doc = "the same over TLS",
		.security = CONN_TLS_ONLY,
		RTMP_LIMITS,
		.accept = accept_rtmp },
	{ .key = NULL },
};

static const struct bus_subscription subscriptions[] = {
	{ .topic = "video.segment",
		.name = "video.aggregate",
		.database = "video",
		.apply = video_live_apply,
		.everywhere = video_live_changed },
	{ .topic = ACCOUNTS_TOPIC_PREFERENCES,
		.name = "video.preferences",
		.database = "video",
		.prepare = video_preferences_prepare,
		.apply = video_preferences_apply },
	{ .topic = ACCOUNTS_TOPIC_EXPORT,
		.name = "video.exports",
		.database = "video",
		.apply = video_on_export },
	{ .topic = ACCOUNTS_TOPIC_DELETED,
		.name = "video.accounts",
		.database = "video",
		.apply = video_on_deleted,
		.everywhere = video_account_gone },
	{ .topic = NULL },
};

static const struct blob_names blobs[] = { { "video", video_store_blob_named },
	{ .database = NULL } };

static const struct queue_consumer queues[] = {
	{ VIDEO_QUEUE_PACKAGE, "video", "io", 2, VIDEO_LEASE_MS, VIDEO_HANDOUTS_MAX,
		video_worker_make },
	{ VIDEO_QUEUE_TRANSCODE, "video", "work", 2, VIDEO_LEASE_MS, VIDEO_HANDOUTS_MAX,
		video_worker_make },
	{ VIDEO_QUEUE_EXPORT, "video", "io", 1, EXPORT_LEASE_MS, EXPORT_ATTEMPTS_MAX,
		video_export },
	{ VIDEO_QUEUE_FORGET, "video", "io", 1, VIDEO_FORGET_LEASE_MS, VIDEO_FORGET_ATTEMPTS,
		video_forget },
	{ .name = NULL },
};

static void on_revoked(void *arg, struct buf *payload)
{
	struct video *v = arg;
	struct arena *a = arena_new();
	struct json *doc = NULL;

	v->revocations++;
	if (!payload || json_read(a, buf_slice(payload), &doc, NULL) == 0)
		rtmp_session_revoke(v, doc);
	arena_free(&a);
}

/* Players fetch what they have just seen listed. */
#define KEEP_MORE_MS 10000

static int start_command(struct hearth *h, void **state)
{
	const struct accounts *accounts = hearth_service(h, "accounts");

	(void)state;
	if (accounts)
		accounts->counts_storage(
			accounts->self, "video", video_used_wait, hearth_db(h, "video"));
	return 0;
}

static void on_chores(void *arg, const struct lease *l)
{
	((struct video *)arg)->does_chores = l != NULL;
}

static int start(struct hearth *h, void **state)
{
	const struct config *c = hearth_config(h);
	const struct accounts *accounts = hearth_service(h, "accounts");
	struct video *v = mem_zalloc(sizeof(*v));

	v->h = h;
	v->db = hearth_db(h, "video");
	v->blob = hearth_blob(h);
	v->segment_ms = config_duration_ms(c, "video", "segment");
	v->window_ms = config_duration_ms(c, "video", "window");
	v->reconnect_ms = config_duration_ms(c, "video", "reconnect");
	v->keep_ms = config_duration_ms(c, "video", "keep");
	if (v->keep_ms < v->window_ms + KEEP_MORE_MS)
		v->keep_ms = v->window_ms + KEEP_MORE_MS;
	v->raw_keep_ms = config_duration_ms(c, "video", "raw_keep");
	v->raw_max = config_size(c, "video", "raw_max");
	v->publishers_max = config_int(c, "video", "publishers");
	v->refuse_takeover = strcmp(config_text(c, "video", "takeover"), "refuse") == 0;
	v->hold_ms = config_duration_ms(c, "video", "hold");
	v->publishers = metric_gauge("hearth_video_publishers", NULL, "streams that are going on");
	v->late_ms = config_duration_ms(c, "video", "late");
	v->shed = metric_counter("hearth_video_shed_total", NULL,
		"segments of smaller renditions that were left out, since the server is behind");
	v->ingests = map_new();
	list_init(&v->sessions);
	v->live = video_live_new(v);
	v->tidy = tidy_new(v);
	v->retention = retention_new(v);
	v->chores = lease_claim(hearth_leases(h), v->db, "video.chores", on_chores, v);
	v->revoked = bus_listen(hearth_bus(h), ACCOUNTS_TOPIC_REVOKED, on_revoked, v);
	accounts->keeps_data(accounts->self, "video");
	start_command(h, state);
	*state = v;
	v->shared = strcmp(config_text(c, "server", "nodes"), "shared") == 0;
	if (v->shared)
		ingest_watch_others(v);
	return ingest_recover(v);
}

static void drain(void *state)
{
	struct video *v = state;

	v->draining = true;
	ingest_drain(v);
	rtmp_session_drain(v);
}

static void stop(void *state)
{
	struct video *v = state;

	bus_unlisten(&v->revoked);
	timer_stop(&v->adopt);
	lease_unkeep(&v->chores);
	ingest_free_all(v);
	tidy_free(&v->tidy);
	retention_free(&v->retention);
	video_live_free(&v->live);
	map_free(&v->ingests);
	free(v);
}

static const char *const needs[] = { "accounts", NULL };

const struct hearth_module video_module = {
	.name = "video",
	.checks = &video_checks,
	.doc = "live video: RTMP in, HLS out",
	.scope = ACCOUNTS_SCOPE_VIDEO,
	.settings = settings,
	.schemas = schemas,
	.routes = video_routes,
	.listeners = listeners,
	.subscriptions = subscriptions,
	.queues = queues,
	.blobs = blobs,
	.commands = video_commands,
	.needs = needs,
	.start = start,
	.start_command = start_command,
	.drain = drain,
	.stop = stop,
};
