/*
 * search/index.c: what state the index is in, and how it is built and looked after; see
 * search/index.h. What comes and goes meanwhile is search/feed.c's.
 *
 * The timers on the loop, a step on an io worker, its transactions on the database threads; a step
 * has CONTENTS_MAX contents or TEXT_MAX bytes.
 */
#include "search/index.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/fts.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "search/envelope.h"
#include "search/text_cache.h"

/* Grows when the tokenizer or the text that is extracted changes: then the index is built anew. */
#define INDEX_VERSION 4

#define LOOK_EVERY_MS  5000 /* whether there is something to build */
#define CHECK_FIRST_MS (INT64_C(60) * 1000)
#define CHECK_EVERY_MS (INT64_C(24) * 60 * 60 * 1000)
#define CONTENTS_MAX   32                /* of one step */
#define TEXT_MAX       ((size_t)8 << 20) /* bytes of one step, but for the last content */
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
	/* Texts are not kept any more: the builder takes them out of the messages once more. */
	"DELETE FROM document;"
	"DELETE FROM envelope;"
	"CREATE TABLE indexed ("
	" id {id},"                  /* of the content */
	" digest BIGINT NOT NULL);", /* fts_digest of its text */
	NULL,
};

/* ---- state ---- */

int mail_index_state(struct db_tx *tx, int64_t *built_to, int64_t *generation)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT built_to, generation FROM index_state WHERE one = 1 AND version = $1",
		db_int(INDEX_VERSION));

	*built_to = *generation = 0;
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	*built_to = db_col_int(&rows, 0);
	*generation = db_col_int(&rows, 1);
	return db_end(&rows);
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
		rc = db_run(tx, "DELETE FROM indexed");
	if (rc >= 0)
		rc = db_run(tx, "DELETE FROM envelope");
	if (rc >= 0)
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
	atomic_bool doubted; /* it may have to be begun anew (mail_index_doubt) */

	/* of the step on its way: its worker's */
	bool more;
	int64_t built_to;
	struct arena *a;
	int64_t ids[CONTENTS_MAX];
	struct mail_indexed contents[CONTENTS_MAX];
	bool wanted[CONTENTS_MAX]; /* it is to be put */
	bool gone[CONTENTS_MAX];   /* and in no mailbox any more afterwards */
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

/* Which of them are not in the index yet; in mail_search. */
static int find_wanted(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;
	int rc = 0;

	for (size_t i = 0; i < x->n && rc == 0; i++) {
		int64_t n = 0;

		rc = db_get_int(
			tx, &n, "SELECT count(*) FROM indexed WHERE id = $1", db_int(x->ids[i]));
		x->wanted[i] = n == 0;
	}
	return rc;
}

/* Takes the texts of as many as one step may take. */
static int extract_texts(struct mail_index *x)
{
	int64_t end_ms = clock_mono_ms() + DB_SLICE_MS;

	for (size_t i = 0; i < x->n; i++) {
		struct mail_indexed *d = &x->contents[i];
		int rc;

		if (!x->wanted[i])
			continue;
		rc = mail_document_read(x->m, x->ids[i], x->a, &d->document);
		if (rc < 0 && rc != HEARTH_ENOTFOUND)
			return rc;
		x->wanted[i] = rc == 0;
		if (rc == 0)
			d->digest = fts_digest(d->document.text);
		if (clock_mono_ms() > end_ms || arena_size(x->a) > TEXT_MAX)
			x->n = i + 1;
	}
	return 0;
}

static int put_texts(struct db_tx *tx, void *arg)
{
	const struct mail_index *x = arg;
	int rc = 0;

	INVARIANT(x->n > 0 && x->n <= CONTENTS_MAX);
	for (size_t i = 0; i < x->n && rc >= 0; i++)
		if (x->wanted[i])
			rc = mail_index_put(tx, x->ids[i], &x->contents[i]);
	return rc < 0 ? rc : set_built_to(tx, x->ids[x->n - 1]);
}

/* In mail. */
static int find_gone(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;
	int rc = 0;

	for (size_t i = 0; i < x->n && rc == 0; i++) {
		bool lives = true;

		if (x->wanted[i])
			rc = mail_store_content_lives(tx, x->ids[i], &lives);
		x->gone[i] = !lives;
	}
	return rc;
}

static int remove_gone(struct db_tx *tx, void *arg)
{
	const struct mail_index *x = arg;
	int rc = 0;

	for (size_t i = 0; i < x->n && rc >= 0; i++)
		if (x->gone[i])
			rc = mail_index_forget(tx, x->ids[i], &x->contents[i]);
	return rc < 0 ? rc : 0;
}

/* No content is above `built_to`, and what comes is put as it comes: the index is whole. */
static int finish(struct db_tx *tx, void *arg)
{
	struct mail_index *x = arg;

	x->more = false;
	return set_built_to(tx, INT64_MAX);
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
		if (rc == 0)
			atomic_store(&x->doubted, false);
		metric_add(m->index_rebuilds, rc == 0);
	}
	if (rc < 0 || x->built_to == INT64_MAX)
		return rc;
	x->more = true;
	rc = db_read_wait(m->db, list_contents, x);
	if (rc == 0 && x->n == 0)
		return db_write_wait(m->search_db, finish, x);
	if (rc == 0)
		rc = db_read_wait(m->search_db, find_wanted, x);
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
	memset(x->contents, 0, sizeof(x->contents));
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
	if (x->building || x->draining)
		return;
	if (x->whole && !fts_broken(x->m->search_db) && !atomic_load(&x->doubted))
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

void mail_index_doubt(struct mail *m)
{
	atomic_store(&m->index->doubted, true);
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
