/*
 * bootstrap.c: the link that makes the first administrator, for as long as there is none.
 *
 * It is an invitation (invitation.h) that works whatever `registration` says, until an account is
 * an administrator's, however it came to be (auth_store_add, auth_store_change). Its secret lies in
 * the file "first-start" of the data folder, which only who runs the server reads; so it is the
 * same after a restart, and `hearth first-start` can tell it. The database has its hash alone. Each
 * start also prints it beside the ready line; it is never logged. At start and in commands; the
 * file is written on the loop once, as all listeners have their ports by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "invitation/invitation.h"

#define LINK_MAX 1024 /* bytes of the file that are looked at */

struct first {
	struct auth *a;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	bool needed;
};

static void first_path(const struct hearth *h, struct strbuf *out)
{
	strbuf_printf(out, "%s/first-start", hearth_data_dir(h));
}

/* ---- the file ---- */

/* The secret of the link in the file; false when there is none. */
static bool read_secret(const struct hearth *h, char secret[AUTH_TOKEN_TEXT])
{
	static const struct slice mark = SLICE("invitation=");
	struct strbuf path = { 0 };
	char text[LINK_MAX];
	struct slice rest;
	ptrdiff_t at;
	ssize_t n;
	int fd;

	first_path(h, &path);
	fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	strbuf_free(&path);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	rest = slice_trim(slice_of(text, n > 0 ? (size_t)n : 0));
	at = slice_find(rest, mark);
	if (at < 0)
		return false;
	rest = slice_skip(rest, (size_t)at + mark.n);
	if (!auth_token_looks_right(rest) || rest.n >= AUTH_TOKEN_TEXT)
		return false;
	memcpy(secret, rest.p, rest.n);
	secret[rest.n] = '\0';
	return true;
}

/* Whole or not at all, and for nobody else to read. */
static int write_link(const struct hearth *h, struct slice link)
{
	struct strbuf path = { 0 }, fresh = { 0 };
	int fd, rc = HEARTH_EIO;

	first_path(h, &path);
	strbuf_printf(&fresh, "%s.new", path.p);
	unlink(fresh.p);
	fd = open(fresh.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		bool written = write(fd, link.p, link.n) == (ssize_t)link.n &&
			       write(fd, "\n", 1) == 1 && fsync(fd) == 0;

		close(fd);
		if (written && rename(fresh.p, path.p) == 0)
			rc = 0;
	}
	strbuf_free(&fresh);
	strbuf_free(&path);
	return rc;
}

void auth_bootstrap_over(const struct hearth *h)
{
	struct strbuf path = { 0 };

	first_path(h, &path);
	unlink(path.p);
	strbuf_free(&path);
}

/* ---- the invitation ---- */

static int make_first(struct db_tx *tx, void *arg)
{
	struct first *f = arg;
	const struct auth_invitation in = { .role = AUTH_ADMINISTRATOR,
		.uses_left = 1,
		.created_ms = clock_wall_ms(),
		.first = true };
	bool administrated = true;
	int64_t id;
	int rc = auth_store_void_bootstrap(tx);

	if (rc == 0)
		rc = auth_store_has_administrator(tx, &administrated);
	f->needed = !administrated;
	return rc == 0 && f->needed ? auth_store_add_invitation(tx, &in, f->hex, &id) : rc;
}

/* The one of the file again, else a new one; nothing where there is an administrator. */
static int first_make(struct first *f, struct auth *a)
{
	f->a = a;
	if (read_secret(a->h, f->secret))
		auth_token_hash(slice_str(f->secret), f->hex);
	else
		auth_token_make(f->secret, f->hex);
	return db_write_wait(a->db, make_first, f);
}

/* The file with the link as it is now; *link is the caller's to wipe. */
static void first_keep(const struct first *f, struct strbuf *link)
{
	auth_invitation_link(f->a->h, f->secret, link);
	if (write_link(f->a->h, strbuf_slice(link)) < 0)
		log_error("auth", "the link of the first start cannot be kept in the data folder",
			"error", "%s", strerror(errno), NULL);
}

static void wipe(struct strbuf *link)
{
	sodium_memzero(link->p, link->n);
	strbuf_free(link);
}

static void first_free(struct first *f)
{
	sodium_memzero(f, sizeof(*f));
	free(f);
}

/* Once the loop runs, every listener has its port. */
static void print_link(void *arg)
{
	struct first *f = arg;
	struct strbuf link = { 0 };

	first_keep(f, &link);
	fprintf(stderr, "There is no administrator yet. Make the first one at %s\n", link.p);
	wipe(&link);
	first_free(f);
}

int auth_bootstrap(struct auth *a)
{
	struct first *f = mem_zalloc(sizeof(*f));
	int rc = first_make(f, a);

	if (rc == 0 && !f->needed)
		auth_bootstrap_over(a->h);
	if (rc == 0 && f->needed)
		exec_post(exec_loop(), print_link, f);
	else
		first_free(f);
	return rc;
}

/* ---- hearth first-start ---- */

int auth_run_first_start(struct hearth *h, int argc, char **argv)
{
	struct first f = { 0 };
	struct strbuf link = { 0 };
	bool told;
	int rc;

	if (argc > 0)
		return auth_unexpected(argv[0]);
	rc = first_make(&f, auth_of(h));
	if (rc < 0) {
		fprintf(stderr, "hearth: %s\n", error_name(rc));
	} else if (!f.needed) {
		fprintf(stderr,
			"hearth: there is an administrator already; `hearth invite --admin` makes "
			"a "
			"link for another, `hearth user reset ADDRESS` one for a new password\n");
	} else {
		first_keep(&f, &link);
		printf("%s\n", link.p);
		wipe(&link);
	}
	told = rc == 0 && f.needed;
	sodium_memzero(&f, sizeof(f));
	return told ? EXIT_DONE : EXIT_FAILED;
}
