/*
 * seal.c: sealing (as secret.h does it), and the key (seal.h). A plain secret, of before, is TOTP_SECRET
 * bytes. The key is set at the start; sealing on any thread.
 */
#include "factor/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "factor/factor.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/secret.h"

#define CONDITION "auth.secrets-key"
#define BATCH     100

_Static_assert(SEAL_OVERHEAD == SECRET_OVERHEAD && SEAL_KEY == SECRET_KEY, "as secret.h has it");

/* ---- sealing ---- */

/* What the box is bound to. */
static struct slice owner(int64_t account, char out[40])
{
	return slice_of(out, (size_t)snprintf(out, 40, "totp:%lld", (long long)account));
}

size_t seal_close(
	const struct seal *s, int64_t account, struct slice plain, unsigned char out[SEAL_MAX])
{
	char text[40];

	INVARIANT(s->ready && plain.n <= SEAL_MAX - SEAL_OVERHEAD);
	secret_close(s->key, owner(account, text), plain, out);
	return plain.n + SEAL_OVERHEAD;
}

int seal_open(const struct seal *s, int64_t account, struct slice sealed,
	unsigned char out[SEAL_MAX], size_t *n)
{
	char text[40];

	if (!s->ready || sealed.n > SEAL_MAX ||
		secret_open(s->key, owner(account, text), sealed, out) < 0)
		return HEARTH_ECORRUPT;
	*n = sealed.n - SEAL_OVERHEAD;
	return 0;
}

/* ---- what is stored ---- */

struct survey {
	const struct seal *s;
	int64_t sealed, unreadable; /* how many; of those, that this key does not open */
	struct {
		int64_t account;
		unsigned char secret[TOTP_SECRET];
	} plain[BATCH];
	size_t plain_count; /* found, BATCH at most */
};

static void note(struct survey *v, int64_t account, struct slice secret)
{
	unsigned char out[SEAL_MAX];
	size_t n;

	if (secret.n == TOTP_SECRET) {
		if (v->plain_count == BATCH)
			return;
		v->plain[v->plain_count].account = account;
		memcpy(v->plain[v->plain_count++].secret, secret.p, TOTP_SECRET);
		return;
	}
	v->sealed++;
	if (seal_open(v->s, account, secret, out, &n) < 0)
		v->unreadable++;
	sodium_memzero(out, sizeof(out));
}

static int survey(struct db_tx *tx, void *arg)
{
	struct survey *v = arg;
	struct db_rows rows;
	int rc = db_query(tx, &rows, "SELECT account, secret FROM factor WHERE kind = $1",
		db_int(AUTH_FACTOR_TOTP));

	v->sealed = v->unreadable = 0;
	v->plain_count = 0;
	if (rc < 0)
		return rc;
	while (db_next(&rows) > 0)
		note(v, db_col_int(&rows, 0), db_col_bytes(&rows, 1));
	return db_end(&rows);
}

static int seal_plain(struct db_tx *tx, void *arg)
{
	struct survey *v = arg;
	int rc = survey(tx, v);

	for (size_t i = 0; i < v->plain_count && rc >= 0; i++) {
		unsigned char out[SEAL_MAX];
		size_t n = seal_close(
			v->s, v->plain[i].account, slice_of(v->plain[i].secret, TOTP_SECRET), out);

		rc = db_run(tx, "UPDATE factor SET secret = $3 WHERE account = $1 AND kind = $2",
			db_int(v->plain[i].account), db_int(AUTH_FACTOR_TOTP),
			db_bytes(slice_of(out, n)));
	}
	return rc < 0 ? rc : 0;
}

/* ---- the key's file ---- */

/* On disk, whole, before anything is sealed with it. */
static int make_key(struct seal *s, const char *path)
{
	char fresh[4096];
	bool written;
	int fd;

	rand_bytes(s->key, sizeof(s->key));
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	written = fd >= 0 && write(fd, s->key, sizeof(s->key)) == (ssize_t)sizeof(s->key) &&
		  fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (written && rename(fresh, path) == 0)
		return 0;
	log_error("auth", "cannot write the key of secrets", "file", "%s", path, "why", "%s",
		strerror(errno), NULL);
	return HEARTH_EIO;
}

static void say_missing(const char *path, int64_t count)
{
	health_set(CONDITION,
		"%s is missing, or not the one with which %lld authenticator apps were enrolled: "
		"put "
		"it back from a backup, or take those apps away (hearth user factors ADDRESS "
		"--remove) and start again",
		path, (long long)count);
	log_error("auth",
		"the key of secrets is missing or another: codes of authenticator apps are refused "
		"until it is back",
		"file", "%s", path, "apps", "%lld", (long long)count, NULL);
}

static int find_key(struct seal *s, struct survey *v, struct db *db, const char *data_dir)
{
	char path[4000];
	int rc;

	snprintf(path, sizeof(path), "%s/tls", data_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return HEARTH_EIO;
	snprintf(path, sizeof(path), "%s/%s", data_dir, SEAL_FILE);
	rc = secret_key_read(data_dir, s->key);
	s->ready = rc == 0;
	if (rc == HEARTH_EIO)
		return rc;
	if (db_read_wait(db, survey, v) < 0)
		return HEARTH_EIO;
	if (v->unreadable) {
		s->ready = false;
		say_missing(path, v->unreadable);
		return 0;
	}
	health_clear(CONDITION);
	if (!s->ready) {
		rc = make_key(s, path);
		s->ready = rc == 0;
	}
	return rc;
}

int seal_start(struct seal *s, struct db *db, const char *data_dir)
{
	struct survey *v = mem_zalloc(sizeof(*v));
	int rc;

	v->s = s;
	rc = find_key(s, v, db, data_dir);
	while (rc == 0 && s->ready && v->plain_count > 0) {
		rc = db_write_wait(db, seal_plain, v);
		if (rc == 0)
			rc = db_read_wait(db, survey, v);
	}
	sodium_memzero(v, sizeof(*v));
	free(v);
	return rc;
}
