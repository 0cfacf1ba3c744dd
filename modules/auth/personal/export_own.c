/*
 * export_own.c: this module's part of an export: account.json (all there is of the account but
 * secrets) and events.json (the security events), as their rows say; preferences.json, attachments/
 * and avatar.webp as they are stored. On a worker of "io", one at a time.
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "personal/export.h"
#include "personal/personal_data.h"
#include "preferences/preferences.h"
#include "profile/profile.h"

int auth_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)prepared;
	return export_push(tx, ev, AUTH_QUEUE_EXPORT);
}

struct writing {
	int64_t account;
	personal_data_fn *write;
	struct strbuf text;
};

static int write_text(struct db_tx *tx, void *arg)
{
	struct writing *wr = arg;
	struct json_writer w;
	int rc;

	strbuf_reset(&wr->text);
	json_writer_init(&w, &wr->text);
	json_open_object(&w);
	rc = wr->write(tx, wr->account, &w);
	if (rc == 0)
		json_close_object(&w);
	return rc;
}

static void add_json(
	struct auth *a, struct export_part *part, const char *path, personal_data_fn *write)
{
	struct writing wr = { .account = export_part_account(part), .write = write };
	int rc = db_read_wait(a->db, write_text, &wr);

	if (rc < 0)
		export_part_fail(part, rc);
	export_file_open(part, slice_str(path), clock_wall_s());
	export_file_add(part, strbuf_slice(&wr.text));
	export_file_close(part);
	strbuf_free(&wr.text);
}

/* ---- what is no row ---- */

/* A file of the blob store, and where it goes. */
struct copy {
	struct copy *next;
	const char *path;
	const char *blob;
};

struct copying {
	struct auth *a;
	struct export_part *part;
	struct arena *arena;
	struct slice preferences;
	struct copy *copies;
};

static void note(struct copying *c, const char *path, struct slice blob)
{
	struct copy *copy = ARENA_NEW(c->arena, struct copy);

	copy->path = path;
	copy->blob = arena_strdup(c->arena, blob);
	copy->next = c->copies;
	c->copies = copy;
}

static void note_attachment(void *arg, const struct preferences_file *f)
{
	struct copying *c = arg;

	note(c, arena_printf(c->arena, "attachments/%.*s", SLICE_ARG(f->name)), f->blob);
}

static int find_copies(struct db_tx *tx, void *arg)
{
	struct copying *c = arg;
	int64_t account = export_part_account(c->part), version;
	struct profile profile;
	int rc = preferences_load(tx, account, c->arena, &c->preferences, &version);

	c->copies = NULL;
	if (rc == 0)
		rc = preferences_file_each(tx, account, note_attachment, c);
	if (rc == 0)
		rc = profile_get(tx, account, &profile);
	if (rc == 0 && profile.avatar.large[0])
		note(c, "avatar.webp", slice_str(profile.avatar.large));
	return rc;
}

/* They are small, and may be replaced while the export is kept: so they are copied. */
static void add_copy(struct copying *c, const struct copy *copy)
{
	struct buf *bytes = NULL;
	int rc = blob_get_wait(hearth_blob(c->a->h), copy->blob, 0, BLOB_GET_MAX, &bytes);

	/* Replaced just now. */
	if (rc == HEARTH_ENOTFOUND)
		return;
	if (rc < 0)
		export_part_fail(c->part, rc);
	export_file_open(c->part, slice_str(copy->path), clock_wall_s());
	export_file_add(c->part, buf_slice(bytes));
	export_file_close(c->part);
	buf_unref(&bytes);
}

static void add_copies(struct auth *a, struct export_part *part, struct arena *arena)
{
	struct copying c = { .a = a, .part = part, .arena = arena };
	int rc = db_read_wait(a->db, find_copies, &c);

	if (rc < 0)
		export_part_fail(part, rc);
	export_file_open(part, SLICE("preferences.json"), clock_wall_s());
	export_file_add(part, c.preferences);
	export_file_close(part);
	for (const struct copy *copy = c.copies; copy; copy = copy->next)
		add_copy(&c, copy);
}

int auth_export_own(void *module, const struct queue_task *task, struct arena *arena)
{
	struct auth *a = module;
	struct export_part *part;
	int rc = export_part_open(a->h, "auth", a->db, task, &part);

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	add_json(a, part, "account.json", personal_data_account);
	add_json(a, part, "events.json", personal_data_events);
	add_copies(a, part, arena);
	return export_part_finish(&part);
}
