/*
 * api.c: /api/video/…: channels for everybody, one's own key, streams, deleting them, raw backup.
 * On the loop; what the database is asked comes back there. Lists are written as they are found: a
 * channel's streams, the channels that have streamed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "origin/playlist_cache.h"
#include "store/retention.h"
#include "store/store.h"

struct call {
	struct video *v;
	struct http_request *rq;
	struct account account;
	int64_t id, number;
	int rtmp_port;
	struct video_channel channel;
	struct strbuf json;
	struct json_writer w;
	struct blob_info raw;
};

static struct call *call_new(void *module, struct http_request *rq)
{
	struct call *c = mem_zalloc(sizeof(*c));

	c->v = module;
	c->rq = rq;
	if (http_account(rq))
		c->account = *http_account(rq);
	return c;
}

static void call_free(struct call *c)
{
	strbuf_free(&c->json);
	free(c);
}

static void answer_json(void *arg, int status)
{
	struct call *c = arg;

	http_set_header(c->rq, "Cache-Control", "no-cache");
	if (status < 0)
		http_reply_error(c->rq, status);
	else
		http_reply_json(c->rq, 200, &c->json);
	call_free(c);
}

static void begin(struct call *c)
{
	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
}

/* ---- channels ---- */

static int write_channel(void *arg, const struct video_channel *channel, bool live)
{
	struct call *c = arg;
	char url[VIDEO_NAME_MAX + 32];

	snprintf(url, sizeof(url), "/live/%s/index.m3u8", channel->name);
	json_open_object(&c->w);
	json_put_str(&c->w, "name", channel->name);
	json_put_str(&c->w, "title", channel->title);
	json_put_bool(&c->w, "live", live);
	json_put_str(&c->w, "url", url);
	json_close_object(&c->w);
	return 0;
}

static int list_channels(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc;

	begin(c);
	json_name(&c->w, "channels");
	json_open_array(&c->w);
	rc = video_store_channels(tx, write_channel, c);
	json_close_array(&c->w);
	json_close_object(&c->w);
	return rc;
}

static void get_channels(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	if (db_read(c->v->db, list_channels, answer_json, c) < 0)
		answer_json(c, HEARTH_EBUSY);
}

/* ---- one's own channel: the key ---- */

static int own_channel(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = video_store_channel_of(tx, &c->account, &c->channel);

	if (rc < 0)
		return rc;
	begin(c);
	json_put_str(&c->w, "name", c->channel.name);
	json_put_str(&c->w, "title", c->channel.title);
	json_put_str(&c->w, "key", c->channel.key);
	json_put_i64(&c->w, "rtmp_port", c->rtmp_port);
	json_close_object(&c->w);
	return 0;
}

static void get_own(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	c->rtmp_port = hearth_port(c->v->h, "rtmp");
	if (db_write(c->v->db, own_channel, answer_json, c) < 0)
		answer_json(c, HEARTH_EBUSY);
}

/* ---- one's own streams and their raw backup ---- */

static int write_stream(void *arg, const struct video_stream *s)
{
	struct call *c = arg;

	json_open_object(&c->w);
	json_put_i64(&c->w, "id", s->id);
	json_put_i64(&c->w, "started_at", s->started_at);
	json_name(&c->w, "ended_at");
	if (s->ended_at)
		json_i64(&c->w, s->ended_at);
	else
		json_null(&c->w);
	json_close_object(&c->w);
	return 0;
}

static int list_streams(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = video_store_channel_by_account(tx, c->account.id, &c->channel);

	begin(c);
	json_name(&c->w, "streams");
	json_open_array(&c->w);
	if (rc == 0)
		rc = video_store_streams(tx, c->channel.id, write_stream, c);
	json_close_array(&c->w);
	json_close_object(&c->w);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static void get_streams(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	if (db_read(c->v->db, list_streams, answer_json, c) < 0)
		answer_json(c, HEARTH_EBUSY);
}

/* A stream that is not one's own is not there. */
static int own_stream(struct db_tx *tx, struct call *c)
{
	struct video_stream stream;
	int rc = video_store_stream(tx, c->id, &stream);

	if (rc == 0)
		rc = video_store_channel_by_account(tx, c->account.id, &c->channel);
	if (rc == 0 && (stream.channel != c->channel.id || stream.deleted))
		rc = HEARTH_ENOTFOUND;
	return rc;
}

static int delete_own(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = own_stream(tx, c);

	return rc < 0 ? rc : video_store_delete(tx, c->id);
}

static void on_deleted(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0) {
		video_live_forget_ended(c->v->live);
		retention_soon(c->v->retention);
		http_reply_empty(c->rq, 204);
	} else if (status == HEARTH_ECONFLICT) {
		http_reply_problem(c->rq, 409, NULL, "the stream goes on: end it first");
	} else {
		http_reply_error(c->rq, status);
	}
	call_free(c);
}

static void delete_stream(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	c->id = http_param_int(rq, "id");
	if (db_write(c->v->db, delete_own, on_deleted, c) < 0)
		on_deleted(c, HEARTH_EBUSY);
}

static int write_raw(void *arg, int64_t number, int64_t size)
{
	struct call *c = arg;

	json_open_object(&c->w);
	json_put_i64(&c->w, "number", number);
	json_put_i64(&c->w, "size", size);
	json_close_object(&c->w);
	return 0;
}

static int list_raw(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = own_stream(tx, c);

	begin(c);
	json_name(&c->w, "pieces");
	json_open_array(&c->w);
	if (rc == 0)
		rc = video_store_raws(tx, c->id, write_raw, c);
	json_close_array(&c->w);
	json_close_object(&c->w);
	return rc;
}

static void get_raw_list(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	c->id = http_param_int(rq, "id");
	if (db_read(c->v->db, list_raw, answer_json, c) < 0)
		answer_json(c, HEARTH_EBUSY);
}

static int find_raw(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc = own_stream(tx, c);

	return rc < 0 ? rc : video_store_raw(tx, c->id, c->number, &c->raw);
}

static void on_raw_found(void *arg, int status)
{
	struct call *c = arg;

	if (status < 0)
		http_reply_error(c->rq, status);
	else
		http_reply_blob(c->rq, c->v->blob, c->raw.key, c->raw.size, "video/x-flv");
	call_free(c);
}

static void get_raw(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	c->id = http_param_int(rq, "id");
	c->number = http_param_int(rq, "number");
	if (db_read(c->v->db, find_raw, on_raw_found, c) < 0)
		on_raw_found(c, HEARTH_EBUSY);
}

const struct http_route video_routes[] = {
	{ HTTP_GET, "/api/video/channels", get_channels, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/api/video/channel", get_own, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/video/streams", get_streams, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/video/streams/{id:int}", delete_stream, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/video/streams/{id:int}/raw", get_raw_list, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/video/streams/{id:int}/raw/{number:int}", get_raw, HTTP_ACCOUNT, 0 },
	/* serve.c */
	{ HTTP_GET, "/live/{channel:word}/index.m3u8", video_get_master, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/live/{channel:word}/{rendition:word}/index.m3u8", video_get_playlist,
		HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/live/{channel:word}/{rendition:word}/{file:word}", video_get_file,
		HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};
