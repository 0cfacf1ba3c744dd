/*
 * export_own.c: this module's part of an export: account.json (all there is of the account but
 * secrets) and events.json (the security events), as their rows say, and the avatar.
 */
#include "account/profile.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "record/export.h"
#include "record/own.h"

int auth_on_export(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)prepared;
	return export_push(tx, ev, AUTH_QUEUE_EXPORT);
}

struct writing {
	int64_t account;
	auth_own_fn *write;
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

static void add_json(struct auth *a, struct export_part *part, const char *path, auth_own_fn *write)
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

struct picture {
	int64_t account;
	struct profile profile;
};

static int find_picture(struct db_tx *tx, void *arg)
{
	struct picture *p = arg;

	return profile_get(tx, p->account, &p->profile);
}

static void add_avatar(struct auth *a, struct export_part *part)
{
	struct picture p = { .account = export_part_account(part) };
	struct buf *bytes = NULL;
	int rc = db_read_wait(a->db, find_picture, &p);

	if (rc == 0 && p.profile.avatar.large[0])
		rc = blob_get_wait(
			hearth_blob(a->h), p.profile.avatar.large, 0, BLOB_GET_MAX, &bytes);
	if (rc < 0)
		export_part_fail(part, rc);
	if (bytes) {
		export_file_open(part, SLICE("avatar.webp"), clock_wall_s());
		export_file_add(part, buf_slice(bytes));
		export_file_close(part);
	}
	buf_unref(&bytes);
}

int auth_export_own(void *module, const struct queue_task *task, struct arena *arena)
{
	struct auth *a = module;
	struct export_part *part;
	int rc = export_part_open(a->h, "auth", a->db, task, &part);

	(void)arena;
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	add_json(a, part, "account.json", auth_own_account);
	add_json(a, part, "events.json", auth_own_events);
	add_avatar(a, part);
	return export_part_finish(&part);
}
