/*
 * avatar.c: the avatar's routes.
 *
 *   PUT ─▶ wait for a place ─▶ decode, shrink, encode, note the keys, put the blobs (worker)
 *       ─▶ the row ─▶ 200
 *
 * Pictures take much memory while they are decoded (avatar_image.h), so at most RUNNING_MAX are in
 * work and AUTH_AVATARS_WAITING wait, in this process; who comes then is told to try again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit_log.h"
#include "avatar/avatar_image.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "profile/profile.h"

#define RUNNING_MAX 2

/* One picture on its way. */
struct avatar_upload {
	struct auth *a;
	struct http_request *rq;
	int64_t account;
	int status;
	const char *why;
	struct avatar_keys keys;
	int64_t begun_ms; /* when its keys were noted */
};

/* ---- putting ---- */

static void start_next(struct auth *a);

static void upload_done(struct avatar_upload *u)
{
	struct auth *a = u->a;

	a->avatars.running--;
	free(u);
	start_next(a);
}

static void reply_path(struct avatar_upload *u)
{
	struct strbuf out = { 0 }, path = { 0 };
	struct json_writer w;

	avatar_write_path(&path, u->account, &u->keys);
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_text(&w, "avatar", strbuf_slice(&path));
	json_close_object(&w);
	http_reply_json(u->rq, 200, &out);
	strbuf_free(&path);
}

static void on_row(void *arg, int status)
{
	struct avatar_upload *u = arg;

	if (status == 0)
		reply_path(u);
	else
		http_reply_error(u->rq, status);
	upload_done(u);
}

static int write_row(struct db_tx *tx, void *arg)
{
	struct avatar_upload *u = arg;

	if (clock_wall_ms() - u->begun_ms > AUTH_BLOB_PUT_MS)
		return HEARTH_EBUSY;
	return profile_set_avatar(tx, u->account, &u->keys);
}

static int note_keys(struct db_tx *tx, void *arg)
{
	const struct avatar_upload *u = arg;

	return profile_begin_avatar(tx, &u->keys, u->begun_ms);
}

static void refuse(const struct avatar_upload *u)
{
	if (u->status == HEARTH_EUNSUPPORTED)
		http_reply_problem(u->rq, 415, NULL, "%s", u->why);
	else if (u->status == HEARTH_ETOOBIG)
		http_reply_problem(u->rq, 413, NULL, "%s", u->why);
	else if (u->status == HEARTH_EINVAL && u->why)
		http_reply_problem(u->rq, 400, NULL, "%s", u->why);
	else
		http_reply_error(u->rq, u->status);
}

static void on_made(void *arg, int status)
{
	struct avatar_upload *u = arg;

	(void)status;
	if (u->status == 0) {
		int rc = db_write(u->a->db, write_row, on_row, u);

		if (rc == 0)
			return;
		u->status = rc;
	}
	refuse(u);
	upload_done(u);
}

static int put_blobs(struct avatar_upload *u, const struct avatar_images *images)
{
	struct blob_store *store = hearth_blob(u->a->h);
	uint8_t random[16];
	char hex[2 * sizeof(random) + 1];
	struct blob_info info;
	int rc;

	rand_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), hex);
	snprintf(u->keys.large, sizeof(u->keys.large), "avatar/%lld/%s-%d.webp",
		(long long)u->account, hex, AVATAR_SIDE);
	snprintf(u->keys.small, sizeof(u->keys.small), "avatar/%lld/%s-%d.webp",
		(long long)u->account, hex, AVATAR_SIDE_SMALL);
	u->begun_ms = clock_wall_ms();
	rc = db_write_wait(u->a->db, note_keys, u);
	if (rc == 0)
		rc = blob_put_wait(store, u->keys.large, images->large, BLOB_PLAIN, &info);
	return rc < 0 ? rc : blob_put_wait(store, u->keys.small, images->small, BLOB_PLAIN, &info);
}

static void make(void *arg)
{
	struct avatar_upload *u = arg;
	struct avatar_images images;

	u->status = avatar_make(http_body(u->rq), &images, &u->why);
	if (u->status == 0) {
		u->status = put_blobs(u, &images);
		if (u->status < 0)
			log_warn("auth", "an avatar could not be stored", "why", "%s",
				error_name(u->status), NULL);
	}
	avatar_images_clear(&images);
}

/* From here on it is the worker's, unless the queue is full. */
static bool start(struct avatar_upload *u)
{
	int rc = job_run(hearth_pool(u->a->h, "work"), make, on_made, u);

	if (rc == 0)
		return true;
	u->status = rc;
	refuse(u);
	return false;
}

/* Takes those that wait into work, while there is a place. */
static void start_next(struct auth *a)
{
	while (a->avatars.running < RUNNING_MAX && a->avatars.waits > 0) {
		struct avatar_upload *u = a->avatars.waiting[0];

		a->avatars.waits--;
		for (int i = 0; i < a->avatars.waits; i++)
			a->avatars.waiting[i] = a->avatars.waiting[i + 1];
		if (start(u))
			a->avatars.running++;
		else
			free(u);
	}
}

void auth_put_avatar(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct avatar_upload *u;

	if (http_body(rq).n == 0) {
		http_reply_problem(rq, 400, NULL, "expected a picture as " AVATAR_KINDS);
		return;
	}
	if (a->avatars.waits >= AUTH_AVATARS_WAITING) {
		http_set_header(rq, "Retry-After", "5");
		http_reply_problem(rq, 503, NULL, "too many pictures at once; try again later");
		return;
	}
	u = mem_zalloc(sizeof(*u));
	u->a = a;
	u->rq = rq;
	u->account = http_account(rq)->id;
	a->avatars.waiting[a->avatars.waits++] = u;
	start_next(a);
}

/* ---- removing and showing ---- */

struct ask {
	struct auth *a;
	struct http_request *rq;
	int64_t account;
	struct avatar_keys keys;
};

static int remove_row(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return profile_set_avatar(tx, ask->account, &(struct avatar_keys){ 0 });
}

static void on_removed(void *arg, int status)
{
	struct ask *ask = arg;

	if (status == 0)
		http_reply_empty(ask->rq, 204);
	else
		http_reply_error(ask->rq, status);
}

static struct ask *ask_new(struct auth *a, struct http_request *rq, int64_t account)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	*ask = (struct ask){ .a = a, .rq = rq, .account = account };
	return ask;
}

void auth_delete_avatar(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq, http_account(rq)->id);
	int rc = db_write(ask->a->db, remove_row, on_removed, ask);

	if (rc < 0)
		on_removed(ask, rc);
}

static int find_avatar(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	struct profile p;
	int rc = profile_get(tx, ask->account, &p);

	ask->keys = p.avatar;
	return rc == 0 && !p.avatar.large[0] ? HEARTH_ENOTFOUND : rc;
}

static void on_avatar(void *arg, int status)
{
	struct ask *ask = arg;
	bool small = slice_eq(http_query(ask->rq, "size"), SLICE("64"));

	if (status == HEARTH_ENOTFOUND) {
		http_reply_problem(ask->rq, 404, NULL, "there is no avatar here");
	} else if (status < 0) {
		http_reply_error(ask->rq, status);
	} else {
		http_set_header(ask->rq, "Cache-Control", "private, max-age=600");
		http_reply_blob(ask->rq, hearth_blob(ask->a->h),
			small ? ask->keys.small : ask->keys.large, 0, "image/webp");
	}
}

void auth_get_avatar(void *module, struct http_request *rq)
{
	struct slice size = http_query(rq, "size");
	struct ask *ask = ask_new(module, rq, http_param_int(rq, "id"));
	int rc;

	if (size.p && !slice_eq(size, SLICE("64")) && !slice_eq(size, SLICE("256"))) {
		http_reply_problem(rq, 400, "size", "expected 64 or 256");
		return;
	}
	rc = db_read(ask->a->db, find_avatar, on_avatar, ask);
	if (rc < 0)
		on_avatar(ask, rc);
}

void avatar_write_path(struct strbuf *out, int64_t account, const struct avatar_keys *keys)
{
	struct slice name = slice_str(keys->large);

	slice_split(&name, '/');
	slice_split(&name, '/');
	strbuf_printf(out, "/api/auth/accounts/%lld/avatar?v=%.*s", (long long)account,
		SLICE_ARG(slice_head(name, 8)));
}
