/*
 * identity.c: the id of a database, and the count of its commits. One row in each database, counted
 * up within each commit, on the thread that writes; what it costs is one page more in the log. The
 * note beside it is not synced: after a loss of power it may be behind, never ahead.
 */
#include "db/identity.h"

#include <stdio.h>
#include <unistd.h>

#include "db/engine.h"
#include "hearth/error.h"

const char *const identity_migrations[] = {
	"CREATE TABLE identity (one BIGINT NOT NULL PRIMARY KEY, folder TEXT NOT NULL,"
	" commits BIGINT NOT NULL);"
	"INSERT INTO identity (one, folder, commits) VALUES (1, '', 0);",
	NULL,
};

static int read_row(struct db_tx *tx, void *arg)
{
	struct identity *id = arg;
	struct db_rows rows;
	int rc = db_one(tx, &rows, "SELECT folder, commits FROM identity WHERE one = 1");

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? HEARTH_ECORRUPT : rc;
	snprintf(id->folder, sizeof(id->folder), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	id->commits = db_col_int(&rows, 1);
	return db_end(&rows);
}

int identity_read(struct db *db, struct identity *out)
{
	*out = (struct identity){ .commits = 0 };
	return db_read_wait(db, read_row, out);
}

static int set_folder(struct db_tx *tx, void *arg)
{
	int rc = db_run(tx, "UPDATE identity SET folder = $1 WHERE one = 1", db_str(arg));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ECORRUPT : 0;
}

int identity_set_folder(struct db *db, const char *folder)
{
	char copy[IDENTITY_FOLDER];

	snprintf(copy, sizeof(copy), "%s", folder);
	return db_write_wait(db, set_folder, copy);
}

void identity_note_in(struct db *db, int fd, int64_t offset)
{
	db->note_at = offset;
	atomic_store(&db->note_fd, fd);
}

int identity_count(struct db_tx *tx, int64_t *number)
{
	return db_get_int(tx, number,
		"UPDATE identity SET commits = commits + 1 WHERE one = 1 RETURNING commits");
}

void identity_note(struct db *db, int64_t number)
{
	char digits[IDENTITY_NOTE + 1];
	int fd = atomic_load(&db->note_fd);

	if (fd < 0 || number == 0)
		return;
	snprintf(digits, sizeof(digits), "%0*lld", IDENTITY_NOTE, (long long)number);
	/* That a note is lost is no harm: the next one has it. */
	if (pwrite(fd, digits, IDENTITY_NOTE, db->note_at) < 0)
		return;
}
