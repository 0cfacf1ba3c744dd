/*
 * connection.c: opening a SQLite file the way this product wants it, transactions, checkpoints, and
 * SQLite's results as our errors.
 *
 * The choices, and why:
 *   WAL                readers beside the one writer, and one fsync a commit
 *   synchronous=FULL   that fsync: an answered write survives a loss of power
 *   BEGIN IMMEDIATE    commands of a second process write too: the lock is waited for at the
 *                      beginning, where nothing has been done yet
 *   no autocheckpoint  it would run inside a commit, before anybody is answered (see below)
 *   a VFS of our own   a commit goes to the log in one write (wal_file.h)
 *   no mmap            an error of the disk would be a signal instead of an error code
 *   secure_delete=ON   what is deleted is overwritten, also on pages that become free: an account
 *                      that was deleted leaves no text behind in the file
 */
#include "db/sqlite/connection.h"

#include <pthread.h>
#include <stdlib.h>

#include "db/sqlite/wal_file.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define BUSY_MS        10000 /* for a command of a second process, or its checkpoint */
#define RESTART_MS     200   /* a checkpoint that waits for readers waits no longer */
#define WAL_PAGES      1000  /* 4 MiB: copy the log into the file as far as readers let us */
#define WAL_PAGES_MUCH 16000 /* 64 MiB: wait for readers, so that the log begins anew */
/*
 * Bytes a savepoint keeps before they go, at once, to a temporary file. Less than 128 KiB: SQLite's
 * VFS for Unix hands the system the lower 17 bits of a length, and takes a write of none for a full
 * disk.
 */
#define UNDO_MEMORY (120 * 1024)

static const char pragmas_of_all[] = "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = FULL;"
				     "PRAGMA secure_delete = ON;"
				     "PRAGMA foreign_keys = ON;"
				     "PRAGMA mmap_size = 0;"
				     "PRAGMA journal_size_limit = 67108864;"
				     "PRAGMA wal_autocheckpoint = 0;";
static const char pragmas_of_writers[] = "PRAGMA cache_size = -2048;"; /* KiB */
static const char pragmas_of_readers[] = "PRAGMA cache_size = -512; PRAGMA query_only = ON;";

static int error_of(int result)
{
	switch (result) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID: return HEARTH_EEXIST;
	}
	switch (result & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_ERROR: return HEARTH_EINVAL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return HEARTH_EBUSY;
	case SQLITE_TOOBIG: return HEARTH_ETOOBIG;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return HEARTH_ECORRUPT;
	case SQLITE_READONLY: return HEARTH_EDENIED;
	default: return HEARTH_EIO;
	}
}

static const char *vfs;

static void configure_library(void)
{
	/* Counting every allocation under one lock would make all threads queue there. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, UNDO_MEMORY);
	sqlite3_initialize();
	vfs = wal_file_register();
}

static int note_wal(void *arg, sqlite3 *sqlite, const char *schema, int pages)
{
	struct connection *c = arg;

	(void)sqlite;
	(void)schema;
	c->wal_pages = pages;
	return SQLITE_OK;
}

static int set_up(struct connection *c, enum connection_use use)
{
	int rc;

	sqlite3_extended_result_codes(c->sqlite, 1);
	sqlite3_busy_timeout(c->sqlite, BUSY_MS);
	/* "x" is a name and never a text: the other engine sees it so as well. */
	sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(c->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	rc = sqlite3_exec(c->sqlite, pragmas_of_all, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->sqlite,
			use == CONNECTION_WRITES ? pragmas_of_writers : pragmas_of_readers, NULL,
			NULL, NULL);
	if (rc == SQLITE_OK)
		rc = fts_tokenizer_register(c->sqlite);
	sqlite3_wal_hook(c->sqlite, note_wal, c);
	return rc;
}

int connection_open(const char *path, const char *name, enum connection_use use,
	struct connection **out, struct strbuf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	struct connection *c = mem_zalloc(sizeof(*c));
	int rc;

	pthread_once(&once, configure_library);
	c->name = name;
	c->statements = map_new();
	list_init(&c->idle);
	list_init(&c->busy);
	rc = sqlite3_open_v2(path, &c->sqlite,
		use == CONNECTION_WRITES ? flags | SQLITE_OPEN_CREATE : flags, vfs);
	if (rc == SQLITE_OK)
		rc = set_up(c, use);
	*out = c;
	if (rc == SQLITE_OK)
		return 0;
	strbuf_printf(why, "%s: %s", path, sqlite3_errmsg(c->sqlite));
	connection_close(out);
	return error_of(rc);
}

void connection_close(struct connection **cp)
{
	struct connection *c = *cp;

	if (!c)
		return;
	statements_free(c);
	map_free(&c->statements);
	if (sqlite3_close(c->sqlite) != SQLITE_OK)
		log_error("db", "a database did not close", "database", "%s", c->name, "why", "%s",
			sqlite3_errmsg(c->sqlite), NULL);
	free(c);
	*cp = NULL;
}

int connection_script(struct connection *c, const char *sql, struct strbuf *why)
{
	int rc = sqlite3_exec(c->sqlite, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	strbuf_adds(why, sqlite3_errmsg(c->sqlite));
	return error_of(rc);
}

bool connection_in_transaction(const struct connection *c)
{
	return !sqlite3_get_autocommit(c->sqlite);
}

void connection_checkpoint(struct connection *c)
{
	int mode, rc;

	if (c->wal_pages < WAL_PAGES)
		return;
	mode = c->wal_pages < WAL_PAGES_MUCH ? SQLITE_CHECKPOINT_PASSIVE
					     : SQLITE_CHECKPOINT_RESTART;
	sqlite3_busy_timeout(c->sqlite, RESTART_MS);
	rc = sqlite3_wal_checkpoint_v2(c->sqlite, NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(c->sqlite, BUSY_MS);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		connection_error(c, rc, "(checkpoint)");
	c->wal_pages = 0; /* until the next commit says how many there are */
}

int connection_error(struct connection *c, int result, const char *sql)
{
	bool its_own = sqlite3_extended_errcode(c->sqlite) == result;
	int error = error_of(result);

	if (result == SQLITE_CORRUPT_VTAB && c->index_broken)
		atomic_store(c->index_broken, true);
	/* A uniqueness rule that refuses is an answer; all else should not happen. */
	if (error != HEARTH_EEXIST)
		log_error("db", "statement failed", "database", "%s", c->name, "sql", "%s", sql,
			"why", "%s", its_own ? sqlite3_errmsg(c->sqlite) : sqlite3_errstr(result),
			"code", "%d", result, NULL);
	return error;
}
