/*
 * databases.c: opening the databases of a data folder, and seeing that they belong together.
 *
 *   ledger ─▶ is a file missing? ─▶ open and migrate each ─▶ do they agree? ─▶ noted, blob store
 *                   └──────────── no: say so, start nothing ────────┘
 *
 * On the main thread.
 */
#include <stdio.h>
#include <unistd.h>

#include "acme/acme.h"
#include "backup/backup.h"
#include "blob/blob_internal.h"
#include "db/database.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "kernel/kernel.h"

#define LOOKS 3 /* the ledger may be read while a commit is noted: what is wrong stays wrong */

struct opening {
	struct hearth *h;
	const struct db_schema *schemas[KERNEL_DBS_MAX];
	struct ledger_db dbs[KERNEL_DBS_MAX];
	size_t count;
};

static void add(struct opening *o, const struct db_schema *schema)
{
	struct strbuf path = { 0 };

	INVARIANT(o->count < KERNEL_DBS_MAX);
	strbuf_printf(&path, "%s/%s.db", hearth_data_dir(o->h), schema->name);
	o->schemas[o->count] = schema;
	o->dbs[o->count++] =
		(struct ledger_db){ .name = schema->name, .existed = access(path.p, F_OK) == 0 };
	strbuf_free(&path);
}

static int open_one(struct opening *o, size_t i)
{
	struct hearth *h = o->h;
	struct strbuf why = { 0 };
	int rc = db_open(hearth_data_dir(h), o->schemas[i], &h->dbs[h->db_count], &why);

	if (rc < 0) {
		log_error("kernel", "cannot open a database", "name", "%s", o->schemas[i]->name,
			"why", "%s", why.p ? why.p : error_name(rc), NULL);
	} else {
		o->dbs[i].db = h->dbs[h->db_count];
		h->db_names[h->db_count++] = o->schemas[i]->name;
	}
	strbuf_free(&why);
	return rc;
}

static int look(struct opening *o, struct strbuf *damage)
{
	int rc = ledger_read(&o->h->ledger);

	if (rc == HEARTH_ECORRUPT && o->h->adopt)
		rc = 0;
	for (size_t i = 0; i < o->count && rc == 0; i++)
		rc = identity_read(o->dbs[i].db, &o->dbs[i].is);
	if (rc == 0)
		ledger_judge(&o->h->ledger, o->dbs, o->count, damage);
	return rc;
}

/* Says each line of it, and what can be done. */
static void tell(const struct opening *o, const struct strbuf *damage)
{
	struct slice rest = strbuf_slice(damage), line;

	while (rest.n && (line = slice_split(&rest, '\n')).n)
		log_event(o->h->adopt ? LOG_WARN : LOG_ERROR, "kernel",
			"the databases of this data folder do not belong together", "found", "%.*s",
			SLICE_ARG(line), NULL);
	if (o->h->adopt)
		return;
	log_error("kernel",
		"nothing was started or removed; see `hearth restore` and `hearth adopt`", "folder",
		"%s", hearth_data_dir(o->h), NULL);
	if (o->h->advice.n == 0)
		strbuf_printf(&o->h->advice,
			"restore what is missing from a backup (`hearth restore`); or, if what is "
			"there is all there is, run `hearth adopt`");
}

static int judge(struct opening *o)
{
	struct strbuf damage = { 0 };
	bool bad;
	int rc = 0;

	for (int looks = 0; rc == 0 && looks < LOOKS; looks++) {
		strbuf_reset(&damage);
		rc = look(o, &damage);
		if (damage.n == 0)
			break;
	}
	bad = damage.n > 0;
	if (bad)
		tell(o, &damage);
	strbuf_free(&damage);
	if (rc < 0)
		return rc;
	return bad && !o->h->adopt ? HEARTH_ECONFLICT : 0;
}

/* Before anything is made: a file that was lost must not come back empty. */
static int refuse_missing(const struct opening *o)
{
	const struct ledger *l = &o->h->ledger;
	struct strbuf damage = { 0 };
	bool any = false;

	for (size_t i = 0; i < o->count; i++)
		any |= o->dbs[i].existed;
	for (size_t i = 0; i < o->count; i++)
		if (!o->dbs[i].existed &&
			(l->folder[0] ? ledger_find(l, o->dbs[i].name) != NULL : any))
			strbuf_printf(&damage, "%s.db is missing\n", o->dbs[i].name);
	if (damage.n == 0)
		return 0;
	tell(o, &damage);
	strbuf_free(&damage);
	return o->h->adopt ? 0 : HEARTH_ECONFLICT;
}

static int begin_if_new(struct opening *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->dbs[i].existed)
			return 0;
	return o->h->ledger.folder[0] ? 0 : ledger_begin(&o->h->ledger);
}

static int open_all(struct opening *o)
{
	int rc = refuse_missing(o);

	if (rc == 0)
		rc = begin_if_new(o);

	for (size_t i = 0; i < o->count && rc == 0; i++)
		rc = open_one(o, i);
	if (rc == 0)
		rc = judge(o);
	if (rc == 0)
		rc = ledger_take(&o->h->ledger, o->dbs, o->count, o->h->adopt);
	return rc;
}

static int refuse_half_restored(struct hearth *h)
{
	struct strbuf path = { 0 };
	int rc = 0;

	strbuf_printf(&path, "%s/" BACKUP_STAGING, hearth_data_dir(h));
	/* Empty, nothing of one is left but the folder. */
	if (rmdir(path.p) < 0 && access(path.p, F_OK) == 0) {
		log_error("kernel", "a restore into this data folder has not ended", "path", "%s",
			path.p, NULL);
		strbuf_printf(&h->advice,
			"run the same `hearth restore` again: it goes on where it "
			"stopped");
		rc = HEARTH_ECONFLICT;
	}
	strbuf_free(&path);
	return rc;
}

int kernel_open_databases(struct hearth *h)
{
	struct opening o = { .h = h };
	struct strbuf why = { 0 };
	int rc = refuse_half_restored(h);

	if (rc < 0)
		return rc;
	rc = ledger_open(&h->ledger, hearth_data_dir(h), &why);

	if (rc == HEARTH_ECORRUPT && h->adopt)
		rc = 0;
	if (rc < 0)
		log_error("kernel", "cannot use the data folder", "why", "%s", why.p, NULL);
	strbuf_free(&why);
	add(&o, blob_schema());
	if (acme_is_on(h->config))
		add(&o, acme_schema());
	for (int i = 0; i < h->module_count; i++)
		for (const struct db_schema *s = h->modules[i]->schemas; s && s->name; s++)
			add(&o, s);
	if (rc == 0)
		rc = open_all(&o);
	ledger_unlock(&h->ledger);
	return rc;
}
