/*
 * test_crash.c: kill -9, twenty times. This program starts itself as a child that puts blobs and
 * says which were answered, kills it at some moment, and looks at what it left: what was answered
 * is there and whole, what was not is whole or not there, and litter goes.
 */
#include "src/blob/files/embedded.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "harness.h"
#include "hearth/rand.h"

static int suite_run_until(int (*fn)(void *arg), void *arg, int timeout_ms)
{
	return loop_run_until(fn, arg, timeout_ms);
}

#include "src/ports/blob_calls.h"
#include "src/ports/bytes.h"

#define ROUNDS      20
#define IN_FLIGHT   24
#define NUMBERS_MAX 200000

/* ---- both sides: blob number n ---- */

static void name_of(char name[32], unsigned n)
{
	snprintf(name, 32, "crash/%u", n);
}

static struct buf *bytes_of(unsigned n)
{
	return make_bytes(n % 6 ? 100 + n * 37 % 5000 : 70000 + n * 997 % 400000, n, n & 1);
}

/* ---- the child: puts, and writes the number of each that was answered ---- */

static struct {
	struct blob_store *store;
	unsigned next;
} child;

static void put_next(void);

static void on_child_put(void *arg, int status, const struct blob_info *info)
{
	unsigned n = (unsigned)(uintptr_t)arg;

	(void)info;
	if (status == 0 && write(STDOUT_FILENO, &n, sizeof(n)) != sizeof(n))
		_exit(1);
	put_next();
}

static void put_next(void)
{
	unsigned n = child.next++;
	struct buf *b = bytes_of(n);
	struct blob_writer *w;
	char name[32];

	name_of(name, n);
	if (n % 4) {
		if (blob_put(child.store, name, b, BLOB_TEXT, on_child_put, (void *)(uintptr_t)n) <
			0)
			_exit(1);
	} else {
		w = blob_open(child.store, name, n % 8 ? BLOB_TEXT : BLOB_PLAIN);
		blob_add(w, buf_slice(b));
		blob_finish(&w, on_child_put, (void *)(uintptr_t)n);
	}
	buf_unref(&b);
}

static int child_main(const char *dir, const char *first)
{
	snprintf(embedded.dir, sizeof(embedded.dir), "%s", dir);
	child.store = embedded_open_dir();
	child.next = (unsigned)strtoul(first, NULL, 10);
	for (int i = 0; i < IN_FLIGHT; i++)
		put_next();
	loop_run();
	return 1;
}

/* ---- the parent ---- */

static struct {
	bool answered[NUMBERS_MAX];
	unsigned end; /* no number from here on was tried */
	int total;
} known;

static pid_t start_child(int *from_child)
{
	int ends[2];
	char first[16];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	snprintf(first, sizeof(first), "%u", known.end);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/proc/self/exe", "test_crash", embedded.dir, first, (char *)NULL);
		_exit(1);
	}
	close(ends[1]);
	*from_child = ends[0];
	return pid;
}

static void note(unsigned n)
{
	ck_assert_uint_lt(n + IN_FLIGHT + 1, NUMBERS_MAX);
	known.answered[n] = true;
	known.total++;
	if (n + IN_FLIGHT + 1 > known.end)
		known.end = n + IN_FLIGHT + 1;
}

/* Lets a child put until it has answered a few, then a moment more, and kills it. */
static void run_and_kill(void)
{
	int from_child, status, enough = 1 + (int)rand_below(60);
	unsigned n;
	pid_t pid = start_child(&from_child);

	for (int i = 0; i < enough && read(from_child, &n, sizeof(n)) == sizeof(n); i++)
		note(n);
	usleep((useconds_t)rand_below(20000));
	kill(pid, SIGKILL);
	while (read(from_child, &n, sizeof(n)) == sizeof(n))
		note(n);
	close(from_child);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(
		WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself");
	known.end += IN_FLIGHT;
}

static int count_files_in_rows(struct db_tx *tx, void *arg)
{
	return db_get_int(tx, arg, "SELECT count(file) FROM blob");
}

static int swept(void *s)
{
	return !blob_store_sweeping(s);
}

static void look(void)
{
	struct blob_store *s = embedded_open_dir();
	int64_t files = -1;

	ck_assert(suite_run_until(swept, s, 30000));
	for (unsigned n = 0; n < known.end; n++) {
		struct buf *expected = bytes_of(n), *got;
		char name[32];
		int rc;

		name_of(name, n);
		rc = blob_get_wait(s, name, 0, BLOB_GET_MAX, &got);
		ck_assert_msg(rc == 0 || (rc == HEARTH_ENOTFOUND && !known.answered[n]),
			"blob %u: %s", n, error_name(rc));
		if (rc == 0)
			ck_assert(slice_eq(buf_slice(got), buf_slice(expected)));
		buf_unref(&got);
		buf_unref(&expected);
	}
	ck_assert_int_eq(db_read_wait(embedded.db, count_files_in_rows, &files), 0);
	ck_assert_int_eq(embedded_files(), files);
	embedded_shut(&s);
}

START_TEST(kill_loses_nothing_answered)
{
	snprintf(embedded.dir, sizeof(embedded.dir), "/tmp/hearth-crash-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(embedded.dir));
	loop_init();
	for (int round = 0; round < ROUNDS; round++) {
		run_and_kill();
		look();
	}
	ck_assert_int_ge(known.total, ROUNDS);
	embedded_remove();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = { kill_loses_nothing_answered };

	if (argc == 3)
		return child_main(argv[1], argv[2]);
	return run_suite("embedded blob store, killed", tests, 1);
}
