/*
 * preferences.h: what a person has chosen: one JSON document an account, and the files it names.
 *
 *   PUT, PATCH ──▶ If-Match? ──▶ work out, on a worker ──▶ row and event, if the version is still
 *                     ▲                                     that
 *                     └────────── other version ◀─────────────┘
 *
 * preferences_api.c is the way, merge_patch.c and schema_check.c work out, preferences_store.c
 * writes.
 *
 * The document is checked against schema.json, so that whoever reads it, here or by the event
 * "auth.preferences.changed", need not look twice.
 */
#ifndef AUTH_PREFERENCES_H
#define AUTH_PREFERENCES_H

#include "auth.h"
#include "preferences/schema.h"

#define PREFERENCES_MAX            65536 /* bytes of a document in its canonical form */
#define PREFERENCES_NAME_MAX       64    /* bytes of an attachment's name */
#define PREFERENCES_FILE_MAX       (1u << 20)
#define PREFERENCES_FILES_MAX      50
#define PREFERENCES_FILES_SIZE_MAX (20 << 20) /* bytes of all attachments of an account */

struct preferences {
	struct auth *a;
	struct arena *arena; /* of the schema */
	const struct schema *schema;
	struct blob_store *blob;
	struct pool *io;
};

/* At the start of the server; NULL, logged, when the schema is bad: a mistake in the program. */
struct preferences *preferences_new(struct auth *a);
/* Sets *p to NULL; legal on NULL. */
void preferences_free(struct preferences **p);

/* ---- preferences_api.c, attachment.c: routes ---- */

http_handler preferences_get, preferences_put, preferences_patch, preferences_get_schema;
http_handler preferences_list_files, preferences_put_file, preferences_get_file,
	preferences_delete_file;

/* ---- preferences_store.c, attachment_store.c: every SQL statement; inside a db_fn ---- */

extern const char preferences_migration[];

/*
 * The document, a copy in `a`, and its version; "{}" and 0 when nothing was chosen yet. Versions
 * grow by one.
 */
int preferences_load(struct db_tx *tx, int64_t account, struct arena *a, struct slice *document,
	int64_t *version);
/*
 * Keeps a canonical document as version + 1 and publishes ACCOUNTS_TOPIC_PREFERENCES.
 * HEARTH_ECONFLICT when `version` is not the latest, HEARTH_EDENIED when the account was deleted
 * meanwhile.
 */
int preferences_save(
	struct db_tx *tx, int64_t account, int64_t version, struct slice document, int64_t now_ms);
/* Forgets all of an account that is deleted, and releases its blobs. */
int preferences_forget(struct db_tx *tx, int64_t account);

/* An attachment. Slices live as long as what they were read from. */
struct preferences_file {
	struct slice name, type, blob;
	int64_t size, changed_at;
};

/*
 * An attachment is put in three steps, each durable before the next, so that a crash leaves no blob
 * that nobody knows: begin releases the key for later and looks whether there is room; then comes the
 * blob; then finish names it, and releases what it replaces. `elsewhere`: what other modules keep of
 * the account's quota. HEARTH_EBUSY: no room; HEARTH_ETOOBIG: none in the quota; HEARTH_ECONFLICT
 * (finish): it took longer than AUTH_BLOB_PUT_MS since f->changed_at, when it began; HEARTH_EDENIED:
 * the account was deleted.
 */
int preferences_file_begin(
	struct db_tx *tx, int64_t account, const struct preferences_file *f, int64_t elsewhere);
int preferences_file_finish(
	struct db_tx *tx, int64_t account, const struct preferences_file *f, int64_t now_ms);
/* HEARTH_ENOTFOUND. The copies are in `a`. */
int preferences_file_find(struct db_tx *tx, int64_t account, struct slice name, struct arena *a,
	struct preferences_file *out);
int preferences_file_delete(struct db_tx *tx, int64_t account, struct slice name);
int preferences_file_forget(struct db_tx *tx, int64_t account); /* all of them */
int preferences_file_each(struct db_tx *tx, int64_t account,
	void (*each)(void *arg, const struct preferences_file *f), void *arg);
/* Bytes of all of them. */
int preferences_files_size(struct db_tx *tx, int64_t account, int64_t *bytes);
/* Whether an attachment is this blob: 1, 0 or an error. */
int preferences_file_named(struct db_tx *tx, const char *key);
/*
 * Releases what an earlier version of this program noted in a table of its own as named by nobody,
 * some at a time.
 */
int preferences_release_litter(struct db_tx *tx, int64_t now_ms);

#endif
