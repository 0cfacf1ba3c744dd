/*
 * attachment.c: /api/auth/preferences/attachments: pictures and sounds that the preferences name.
 *
 * Each lies in the blob store under a key of its own, never used again, so that removing one takes
 * nothing from anybody else. How one is put, step by step: preferences.h.
 *
 * On the loop, but for what runs in the database.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "preferences/media_type.h"
#include "preferences/preferences.h"
#include "preferences/schema_format.h"

struct call {
	struct preferences *p;
	struct http_request *rq;
	int64_t account;
	struct account who; /* putting one: what others keep of the quota */
	struct preferences_file file;
	struct buf *bytes;
	struct arena *arena;
	struct strbuf json;
	struct json_writer w;
};

static struct call *call_new(void *module, struct http_request *rq)
{
	struct auth *a = module;
	struct call *c = mem_zalloc(sizeof(*c));

	c->p = a->preferences;
	c->rq = rq;
	c->account = http_account(rq)->id;
	c->arena = arena_new();
	return c;
}

static void call_free(struct call *c)
{
	strbuf_free(&c->json);
	buf_unref(&c->bytes);
	arena_free(&c->arena);
	free(c);
}

/* The route's name, checked; else answers itself and returns false. */
static bool read_name(struct http_request *rq, struct slice *name)
{
	const struct schema_format *format = schema_format_find(SLICE("attachment"));

	*name = http_param(rq, "name");
	if (format->matches(*name))
		return true;
	http_reply_problem(rq, 400, "name", "expected %s", format->expected);
	return false;
}

static void fail(struct call *c, int error)
{
	if (error == HEARTH_EBUSY)
		http_reply_problem(c->rq, 507, "name",
			"there is room for %d attachments of %d MiB together: remove one first",
			PREFERENCES_FILES_MAX, PREFERENCES_FILES_SIZE_MAX >> 20);
	else if (error == HEARTH_ETOOBIG)
		http_reply_problem(c->rq, 507, "name", "the account's quota is used up");
	else
		http_reply_error(c->rq, error);
	call_free(c);
}

static void write_file(void *arg, const struct preferences_file *f)
{
	struct call *c = arg;

	json_open_object(&c->w);
	json_put_text(&c->w, "name", f->name);
	json_put_text(&c->w, "type", f->type);
	json_put_i64(&c->w, "size", f->size);
	json_put_i64(&c->w, "changed_at", f->changed_at);
	json_close_object(&c->w);
}

/* ---- putting one ---- */

static int finish(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return preferences_file_finish(tx, c->account, &c->file, clock_wall_ms());
}

static void on_finished(void *arg, int status)
{
	struct call *c = arg;

	if (status < 0) {
		fail(c, status);
		return;
	}
	json_writer_init(&c->w, &c->json);
	write_file(c, &c->file);
	http_reply_json(c->rq, 200, &c->json);
	call_free(c);
}

/* An answer that comes at once; not HEARTH_EBUSY, which means that there is no room. */
static int at_once(int rc)
{
	return rc == HEARTH_EBUSY ? HEARTH_ETIMEOUT : rc;
}

static void on_stored(void *arg, int status, const struct blob_info *info)
{
	struct call *c = arg;

	(void)info;
	status = at_once(status);
	if (status == 0)
		status = at_once(db_write(c->p->a->db, finish, on_finished, c));
	if (status < 0)
		fail(c, status);
}

static int begin(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return preferences_file_begin(tx, c->account, &c->file, c->who.elsewhere);
}

static void on_begun(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0)
		status = at_once(
			blob_put(c->p->blob, c->file.blob.p, c->bytes, BLOB_PLAIN, on_stored, c));
	if (status < 0)
		fail(c, status);
}

static void on_elsewhere(void *arg, int status)
{
	struct call *c = arg;

	if (status == 0)
		status = db_write(c->p->a->db, begin, on_begun, c);
	if (status < 0)
		fail(c, at_once(status));
}

static struct slice new_key(struct call *c)
{
	unsigned char bits[16];
	char hex[2 * sizeof(bits) + 1];

	rand_bytes(bits, sizeof(bits));
	hex_encode(bits, sizeof(bits), hex);
	return slice_str(
		arena_printf(c->arena, "auth/attachment/%lld/%s", (long long)c->account, hex));
}

void preferences_put_file(void *module, struct http_request *rq)
{
	const char *type = media_type_of(http_body(rq));
	struct slice name;
	struct call *c;

	if (!read_name(rq, &name))
		return;
	if (!type || !http_body_is(rq, type)) {
		http_set_header(rq, "Accept", MEDIA_TYPES);
		http_reply_problem(rq, 415, "Content-Type",
			"expected one of " MEDIA_TYPES
			" that says what the body is; these bytes are %s",
			type ? type : "none of them");
		return;
	}
	c = call_new(module, rq);
	c->file = (struct preferences_file){ .name = arena_slice(c->arena, name),
		.type = slice_str(type),
		.blob = new_key(c),
		.size = (int64_t)http_body(rq).n,
		.changed_at = clock_wall_ms() };
	c->bytes = buf_copy(http_body(rq));
	/* Whatever its quota was when the token was looked up: the transaction knows it. */
	c->who = (struct account){ .id = c->account, .quota = INT64_MAX };
	if (c->p->a->service.elsewhere(c->p->a, "auth", &c->who, 1, on_elsewhere, c))
		on_elsewhere(c, 0);
}

/* ---- the others ---- */

static int list(struct db_tx *tx, void *arg)
{
	struct call *c = arg;
	int rc;

	strbuf_reset(&c->json);
	json_writer_init(&c->w, &c->json);
	json_open_object(&c->w);
	json_name(&c->w, "attachments");
	json_open_array(&c->w);
	rc = preferences_file_each(tx, c->account, write_file, c);
	json_close_array(&c->w);
	json_close_object(&c->w);
	return rc;
}

static void on_listed(void *arg, int status)
{
	struct call *c = arg;

	if (status < 0) {
		fail(c, at_once(status));
		return;
	}
	http_reply_json(c->rq, 200, &c->json);
	call_free(c);
}

void preferences_list_files(void *module, struct http_request *rq)
{
	struct call *c = call_new(module, rq);

	if (db_read(c->p->a->db, list, on_listed, c) < 0)
		on_listed(c, HEARTH_EBUSY);
}

static int find(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return preferences_file_find(tx, c->account, c->file.name, c->arena, &c->file);
}

/* What a person uploaded is shown as what it is, and never run. */
static void on_found(void *arg, int status)
{
	struct call *c = arg;
	ptrdiff_t slash;

	if (status < 0) {
		fail(c, at_once(status));
		return;
	}
	while ((slash = slice_chr(c->file.blob, '/')) >= 0)
		c->file.blob = slice_skip(c->file.blob, (size_t)slash + 1);
	http_set_header(c->rq, "ETag", arena_printf(c->arena, "\"%s\"", c->file.blob.p));
	http_set_header(c->rq, "Content-Security-Policy", "sandbox; default-src 'none'");
	http_reply_blob(c->rq, c->p->blob,
		arena_printf(
			c->arena, "auth/attachment/%lld/%s", (long long)c->account, c->file.blob.p),
		(uint64_t)c->file.size, c->file.type.p);
	call_free(c);
}

void preferences_get_file(void *module, struct http_request *rq)
{
	struct slice name;
	struct call *c;

	if (!read_name(rq, &name))
		return;
	c = call_new(module, rq);
	c->file.name = arena_slice(c->arena, name);
	if (db_read(c->p->a->db, find, on_found, c) < 0)
		on_found(c, HEARTH_EBUSY);
}

static int remove_file(struct db_tx *tx, void *arg)
{
	struct call *c = arg;

	return preferences_file_delete(tx, c->account, c->file.name);
}

static void on_removed(void *arg, int status)
{
	struct call *c = arg;

	if (status < 0) {
		fail(c, at_once(status));
		return;
	}
	http_reply_empty(c->rq, 204);
	call_free(c);
}

void preferences_delete_file(void *module, struct http_request *rq)
{
	struct slice name;
	struct call *c;

	if (!read_name(rq, &name))
		return;
	c = call_new(module, rq);
	c->file.name = arena_slice(c->arena, name);
	if (db_write(c->p->a->db, remove_file, on_removed, c) < 0)
		on_removed(c, HEARTH_EBUSY);
}
