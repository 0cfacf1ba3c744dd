/*
 * search/index.c: what state the index is in, and how it is built and looked after; see
 * search/index.h. What comes and goes meanwhile is search/feed.c's.
 */
#include "search/index.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "search/document.h"
#include "search/envelope.h"
#include "search/text_cache.h"

/* Grows when the tokenizer or the text that is extracted changes: then the index is built anew. */
#define INDEX_VERSION 3

#define LOOK_EVERY_MS  5000 /* whether there is something to build */
#define CHECK_FIRST_MS (INT64_C(60) * 1000)
#define CHECK_EVERY_MS (INT64_C(24) * 60 * 60 * 1000)
#define CONTENTS_MAX   32                /* of one step */
#define TEXT_MAX       ((size_t)4 << 20) /* bytes of one step, but for the last content */
#define CONDITION      "mail.search-index"

const char *const mail_search_migrations[] = {
	"CREATE TABLE document ("
	" id BIGINT NOT NULL PRIMARY KEY," /* of the content */
	" head_size BIGINT NOT NULL,"      /* the text is head, then body */
	" text_size BIGINT NOT NULL,"
	" packed {bytes} NOT NULL);",
	/* The head of a text has addresses too (search/text.h): all are made anew. */
	"DELETE FROM document;"
	"CREATE TABLE index_state ("
	" one BIGINT NOT NULL PRIMARY KEY," /* 1 */
	" version BIGINT NOT NULL,"
	" generation BIGINT NOT NULL,"
	" built_to BIGINT NOT NULL);", /* contents up to this one are in the index */
	/* search/envelope.h; of what there is already the builder makes them. */
	"CREATE TABLE envelope ("
	" id BIGINT NOT NULL PRIMARY KEY," /* of the content */
	" text {bytes} NOT NULL);",
	NULL,
};

/* ---- state ---- */

int mail_index_state(struct db_tx *tx, int64_t *built_to, int64_t *generation)
{
	struct db_rows rows;
	int rc = db_query(tx, &rows,
		"SELECT built_to, generation FROM index_state WHERE one = 1 AND version = $1",
		db_int(INDEX_VERSION));

	*built_to = *generation = 0;
	if (rc == 0 && (rc = db_next(&rows)) > 0) {
		*built_to = db_col_int(&rows, 0);
		*generation = db_col_int(&rows, 1);
	}
	db_end(&rows);
	return rc < 0 ? rc : 0;
}

/* Contents up to `content` are in the index. */
static int set_built_to(struct db_tx *tx, int64_t content)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx, "UPDATE index_state SET built_to = $1 WHERE one = 1", db_int(content));

	return rc < 0 ? rc : 0;
}

static int begin_anew(struct db_tx *tx, void *arg)
{
	int rc = fts_clear(tx, MAIL_INDEX);

	(void)arg;
	if (rc == 0)
		rc = fts_clear(tx, MAIL_ENVELOPE_INDEX);
	if (rc == 0)
		rc = db_run(tx,
			"INSERT INTO index_state (one, version, generation, built_to) "
			"VALUES (1, $1, 1, 0) ON CONFLICT (one) DO UPDATE SET version = $1, "
			"generation = index_state.generation + 1, built_to = 0",
			db_int(INDEX_VERSION));
	return rc < 0 ? rc : 0;
}

/* ---- building ---- */

struct mail_index {
	struct mail *m;
	struct timer look, check;
	bool building; /* a step is on its way */
	bool whole;    /* the last step found nothing left to do */
	bool failing;  /* it could not be done, which was logged */
	bool draining;

	/* of the step on its way: its worker's */
	bool more;
	int64_t built_to;
	struct arena *a;
	int64_t ids[CONTENTS_MAX];
	struct mail_document texts[CONTENTS_MAX];
	bool there[CONTENTS_MAX]; /* it has a text */
	size_t n;
};

static int read_state(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;
	int64_t generation;
	int rc = mail_index_state(tx, &x->built_to, &generation);

	/* No state is one that must be begun. */
	if (rc == 0 && generation == 0)
		x->built_to = -1;
	return rc;
}

static int list_contents(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;

	return mail_store_contents(tx, x->built_to, x->ids, CONTENTS_MAX, &x->n);
}

/* What has no text any more is not there; in mail. */
static int find_gone(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;
	int rc = 0;

	for (size_t i = 0; i < x->n && rc == 0; i++) {
		struct mail_content content;

		rc = mail_store_content(tx, x->ids[i], x->a, &content);
		x->there[i] = rc == 0;
		if (rc == HEARTH_ENOTFOUND)
			rc = 0;
	}
	return rc;
}

/* Texts that are kept already; in mail_search. */
static int load_texts(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;
	size_t size = 0;

	for (size_t i = 0; i < x->n; i++) {
		int rc = mail_document_load(tx, x->ids[i], x->a, &x->texts[i]);

		x->there[i] = rc == 0;
		if (rc < 0 && rc != HEARTH_ENOTFOUND && rc != HEARTH_ECORRUPT)
			return rc;
		size += x->there[i] ? x->texts[i].text.n : 0;
		if (size > TEXT_MAX || db_slice_over(tx))
			x->n = i + 1;
	}
	return 0;
}

/* The others' are extracted; as many as one step may take. */
static int extract_texts(struct mail_index *x)
{
	int64_t end_ms = clock_mono_ms() + DB_SLICE_MS;

	for (size_t i = 0; i < x->n; i++) {
		int rc;

		if (x->there[i])
			continue;
		rc = mail_document_read(x->m, x->ids[i], x->a, &x->texts[i]);
		if (rc < 0 && rc != HEARTH_ENOTFOUND)
			return rc;
		x->there[i] = rc == 0;
		if (rc == 0)
			mail_document_pack(x->a, &x->texts[i]);
		if (clock_mono_ms() > end_ms || arena_size(x->a) > 4 * TEXT_MAX)
			x->n = i + 1;
	}
	return 0;
}

static int put_text(struct db_tx *tx, int64_t id, const struct mail_document *d)
{
	int64_t n = 0;
	int rc;

	if (d->packed.n) {
		/* A damaged one may stand there. */
		rc = mail_document_remove(tx, id);
		if (rc == 0)
			rc = mail_document_add(tx, id, d);
	} else {
		/* It was there; it may be gone. */
		rc = db_get_int(tx, &n, "SELECT count(*) FROM document WHERE id = $1", db_int(id));
		if (rc == 0 && n == 0)
			return 0;
	}
	if (rc >= 0)
		rc = mail_envelope_put(tx, id, d, true);
	return rc < 0 ? rc : fts_put(tx, MAIL_INDEX, id, d->text);
}

static int put_texts(struct db_tx *tx, void *arg)
{
	const struct mail_index *x = arg;
	int rc = 0;

	INVARIANT(x->n > 0 && x->n <= CONTENTS_MAX);
	for (size_t i = 0; i < x->n && rc >= 0; i++)
		if (x->there[i])
			rc = put_text(tx, x->ids[i], &x->texts[i]);
	return rc < 0 ? rc : set_built_to(tx, x->ids[x->n - 1]);
}

static int remove_gone(struct db_tx *tx, void *arg)
{
	const struct mail_index *x = arg;
	int rc = 0;

	for (size_t i = 0; i < x->n && rc == 0; i++)
		if (!x->there[i])
			rc = mail_index_forget(tx, x->ids[i]);
	return rc;
}

/*
 * No content is above `built_to`: the index is whole, if no text came meanwhile. One that did is
 * put here, and the next step looks again.
 */
static int finish(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;
	struct mail_document d = { 0 };
	int64_t id = 0;
	int rc = db_get_int(
		tx, &id, "SELECT min(id) FROM document WHERE id > $1", db_int(x->built_to));

	x->more = rc == 0;
	if (rc == HEARTH_ENOTFOUND)
		return set_built_to(tx, INT64_MAX);
	if (rc == 0)
		rc = mail_document_load(tx, id, x->a, &d);
	if (rc == 0)
		rc = put_text(tx, id, &d);
	else if (rc == HEARTH_ECORRUPT)
		rc = mail_document_remove(tx, id);
	return rc < 0 ? rc : set_built_to(tx, id);
}

static int step_of(struct mail_index *x)
{
	struct mail *m = x->m;
	int rc = db_read_wait(m->search_db, read_state, x);

	if (rc == 0 && (x->built_to < 0 || fts_broken(m->search_db))) {
		if (fts_broken(m->search_db)) {
			health_set(CONDITION, "the search index was damaged and is built anew; "
					      "searches take longer meanwhile");
			log_warn("mail", "the search index was damaged and is built anew", NULL);
		} else {
			log_info("mail", "the search index is built", NULL);
		}
		x->built_to = 0;
		rc = db_write_wait(m->search_db, begin_anew, NULL);
		metric_add(m->index_rebuilds, rc == 0);
	}
	if (rc < 0 || x->built_to == INT64_MAX)
		return rc;
	x->more = true;
	rc = db_read_wait(m->db, list_contents, x);
	if (rc == 0 && x->n == 0)
		return db_write_wait(m->search_db, finish, x);
	if (rc == 0)
		rc = db_read_long_wait(m->search_db, 0, load_texts, x);
	if (rc == 0)
		rc = extract_texts(x);
	if (rc == 0)
		rc = db_write_wait(m->search_db, put_texts, x);
	if (rc == 0)
		rc = db_read_wait(m->db, find_gone, x);
	return rc == 0 ? db_write_wait(m->search_db, remove_gone, x) : rc;
}

/* On a worker. */
static void step(void *arg)
{
	struct mail_index *x = arg;
	int rc;

	x->a = arena_new();
	x->more = false;
	memset(x->texts, 0, sizeof(x->texts));
	rc = step_of(x);
	arena_free(&x->a);
	x->more &= rc == 0;
	x->whole = rc == 0 && !x->more;
	if (rc < 0 && !x->failing)
		log_warn("mail", "the search index could not be built further", "why", "%s",
			error_name(rc), NULL);
	x->failing = rc < 0;
	if (x->whole)
		health_clear(CONDITION);
}

static void look(void *arg);

static void on_step(void *arg, int status)
{
	struct mail_index *x = arg;

	(void)status;
	x->building = false;
	if (x->more)
		look(x);
}

/* On the loop. */
static void look(void *arg)
{
	struct mail_index *x = arg;

	mail_text_cache_age(x->m->texts);
	if (x->building || x->draining || (x->whole && !fts_broken(x->m->search_db)))
		return;
	x->building = job_run(x->m->io, step, on_step, x) == 0;
}

/* Damage that nobody has met yet; fts_broken says so afterwards. One node of several looks. */
static int check_index(struct db_tx *tx, void *arg)
{
	const struct mail *m = arg;
	int rc = lease_turn(hearth_leases(m->h), tx, "mail.search.check", CHECK_EVERY_MS, NULL);

	if (rc < 0)
		return rc;
	fts_check(tx, MAIL_INDEX);
	fts_check(tx, MAIL_ENVELOPE_INDEX);
	return 0;
}

static void check(void *arg)
{
	const struct mail_index *x = arg;

	db_write(x->m->search_db, check_index, NULL, x->m);
}

static int create_index(struct db_tx *tx, void *arg)
{
	int rc = fts_create(tx, MAIL_INDEX);

	(void)arg;
	return rc < 0 ? rc : fts_create(tx, MAIL_ENVELOPE_INDEX);
}

int mail_index_start(struct mail *m)
{
	struct mail_index *x = mem_zalloc(sizeof(*x));

	x->m = m;
	m->index = x;
	m->unreadable = metric_counter("hearth_mail_unreadable_total", NULL,
		"messages whose bytes could not be read for the search index");
	m->extracted = metric_counter("hearth_mail_texts_total", NULL,
		"messages whose text was taken out for search: once for all who got one");
	m->texts = mail_text_cache_new();
	m->index_rebuilds = metric_counter(
		"hearth_mail_index_rebuilds_total", NULL, "times the search index was begun anew");
	timer_start(&x->look, 1, LOOK_EVERY_MS, look, x);
	timer_start(&x->check, CHECK_FIRST_MS, CHECK_EVERY_MS, check, x);
	return db_write_wait(m->search_db, create_index, NULL);
}

void mail_index_drain(struct mail *m)
{
	m->index->draining = true;
	timer_stop(&m->index->look);
	timer_stop(&m->index->check);
}

void mail_index_stop(struct mail *m)
{
	mail_text_cache_free(&m->texts);
	free(m->index);
	m->index = NULL;
}
