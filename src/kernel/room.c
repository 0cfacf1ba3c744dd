/*
 * room.c: keeps a reserve on the disk of the data folder.
 *
 *   ROOM ──free < reserve──▶ FULL: mail, video and uploads are refused ──free > 2 × reserve──▶ ROOM
 *               └──a write failed, free < reserve / 4──▶ half of the file `reserve` is given up
 *
 * The reserve is twofold. Below it nothing large is taken any more (room.h), so databases can still
 * grow by what log-ins and deleting write. And should somebody else fill the disk to the last byte,
 * half of a file of the same size is given up, which makes that much room again: not before a write
 * has failed, for whoever fills the disk would take that too. The other half is for the next start,
 * which could not open its databases else. The file is whole again when there is enough.
 *
 * The disk is looked at on a worker, as often as its room asks for should somebody else fill it, and
 * after what is written: else a busy minute's mail would go far below the reserve before anybody
 * sees it.
 */
#include "hearth/room.h"

#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#define CONDITION    "disk-full"
#define SHARE        16 /* the reserve is at most such a part of the disk */
#define CALM_MS      5000
#define NEARLY_MS    50
#define NEARLY_TIMES 4         /* with less than so many reserves free it is looked at often */
#define FILL_PER_MS  (4 << 20) /* what else is free cannot be filled faster, in bytes */
#define WROTE_US     5000      /* with more, what is written has it looked at so seldom */

static atomic_bool full;
static atomic_bool nearly;        /* the disk is full soon */
static _Atomic int64_t looked_us; /* when it was last looked at */
static _Atomic int64_t next_ms;   /* after how long it is to be looked at again */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct room *watched; /* lock; and what look changes of it */

bool room_left(void)
{
	return !atomic_load_explicit(&full, memory_order_relaxed);
}

int64_t room_reserve(int64_t wanted, int64_t disk_bytes)
{
	return wanted < disk_bytes / SHARE ? wanted : disk_bytes / SHARE;
}

static void make_file(struct room *r, int64_t size)
{
	int fd = open(r->path.p, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	r->refused = fd < 0 || posix_fallocate(fd, 0, size) != 0;
	if (r->refused)
		unlink(r->path.p);
	r->held = r->refused ? 0 : size;
	if (fd >= 0)
		close(fd);
}

/* Half of it; a start that finds no room may take what is left. */
static void give_up(struct room *r, int64_t half)
{
	int64_t kept = r->held > half ? half : 0;

	if ((kept ? truncate(r->path.p, kept) : unlink(r->path.p)) == 0)
		log_warn("kernel", "disk full: part of the reserve is released", "path", "%s",
			r->path.p, "kept", "%lld", (long long)kept, NULL);
	r->held = kept;
	r->refused = false;
}

static void judge(struct room *r, int64_t free_bytes, int64_t reserve)
{
	if (free_bytes < reserve) {
		atomic_store(&full, true);
		health_set(CONDITION,
			"%s has %lld MB left: mail, video and uploads are refused until there are "
			"%lld MB; delete something, or get a larger disk",
			r->dir, (long long)(free_bytes >> 20), (long long)(2 * reserve >> 20));
	} else if (free_bytes > 2 * reserve) {
		atomic_store(&full, false);
		health_clear(CONDITION);
	}
}

/* How long it takes at least to fill so much. */
static int64_t rest_ms(int64_t bytes)
{
	int64_t ms = bytes / FILL_PER_MS;

	return ms < NEARLY_MS ? NEARLY_MS : ms < CALM_MS ? ms : CALM_MS;
}

/* With the lock held. `needed`: something could not be written, or the server starts. */
static void look(struct room *r, bool needed)
{
	struct statvfs fs;
	int64_t free_bytes, reserve;

	if (r->wanted == 0 || statvfs(r->dir, &fs) < 0)
		return;
	free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
	reserve = room_reserve(r->wanted, (int64_t)(fs.f_blocks * fs.f_frsize));
	metric_set(r->free_metric, free_bytes);
	atomic_store(&nearly, free_bytes < NEARLY_TIMES * reserve);
	atomic_store(&next_ms, rest_ms(free_bytes - NEARLY_TIMES * reserve));
	atomic_store(&looked_us, clock_mono_us());
	if (needed && free_bytes < reserve / 4 && r->held > (r->opening ? 0 : reserve / 2))
		give_up(r, reserve / 2);
	else if (free_bytes > 3 * reserve && r->held < reserve && !r->refused)
		make_file(r, reserve);
	judge(r, free_bytes, reserve);
}

static void look_now(bool needed)
{
	pthread_mutex_lock(&lock);
	if (watched)
		look(watched, needed);
	pthread_mutex_unlock(&lock);
}

void room_make(void)
{
	look_now(true);
}

void room_wrote(void)
{
	if (atomic_load(&nearly) || clock_mono_us() - atomic_load(&looked_us) > WROTE_US)
		look_now(false);
}

static void look_on_worker(void *arg)
{
	(void)arg;
	look_now(false);
}

static void look_later(struct room *r);

static void on_looked(void *arg, int status)
{
	(void)status;
	look_later(arg);
}

static void on_time(void *arg)
{
	struct room *r = arg;

	if (job_run(r->pool, look_on_worker, on_looked, r) < 0)
		look_later(r);
}

static void look_later(struct room *r)
{
	timer_start(&r->timer, atomic_load(&next_ms), 0, on_time, r);
}

void room_open(struct room *r, const char *dir, int64_t wanted)
{
	struct stat st;

	r->dir = dir;
	r->wanted = wanted;
	strbuf_printf(&r->path, "%s/reserve", dir);
	r->held = stat(r->path.p, &st) == 0 ? (int64_t)st.st_size : 0;
	r->opening = true;
	r->free_metric = metric_gauge("hearth_disk_free_bytes", NULL,
		"Room on the disk of the data folder, beside the reserve");
	atomic_store(&full, false);
	atomic_store(&nearly, false);
	atomic_store(&next_ms, CALM_MS);
	pthread_mutex_lock(&lock);
	watched = r;
	pthread_mutex_unlock(&lock);
	room_make();
	r->opening = false;
}

void room_watch(struct room *r, struct pool *pool)
{
	r->pool = pool;
	look_later(r);
}

void room_close(struct room *r)
{
	timer_stop(&r->timer);
	pthread_mutex_lock(&lock);
	watched = NULL;
	pthread_mutex_unlock(&lock);
	strbuf_free(&r->path);
}
