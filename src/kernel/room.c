/*
 * room.c: keeps a reserve on the disk of the data folder.
 *
 *   ROOM ──free < reserve──▶ FULL: mail, video and uploads are refused ──free > 2 × reserve──▶ ROOM
 *                              └──free < reserve / 4──▶ the file `reserve` is given up
 *
 * The reserve is twofold. Below it nothing large is taken any more (room.h), so databases can still
 * grow by what log-ins and deleting write. And should somebody else fill the disk to the last byte,
 * a file of the same size is given up, which makes that much room again; it is made anew when there
 * is enough.
 *
 * The disk is looked at on a worker, often while it is nearly full.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/room.h"

#define CONDITION    "disk-full"
#define SHARE        16 /* the reserve is at most such a part of the disk */
#define CALM_MS      250
#define NEARLY_MS    50
#define NEARLY_TIMES 4 /* with less than so many reserves free it is looked at often */

static atomic_bool full;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct room *watched; /* lock; and what look changes of it */

bool room_left(void)
{
	return !atomic_load_explicit(&full, memory_order_relaxed);
}

static int64_t reserve_of(const struct room *r, const struct statvfs *fs)
{
	int64_t part = (int64_t)(fs->f_blocks * fs->f_frsize / SHARE);

	return r->wanted < part ? r->wanted : part;
}

static void make_file(struct room *r, int64_t size)
{
	int fd = open(r->path.p, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || posix_fallocate(fd, 0, size) != 0) {
		unlink(r->path.p);
		r->refused = true;
	}
	r->has_file = !r->refused;
	if (fd >= 0)
		close(fd);
}

static void give_up_file(struct room *r)
{
	if (unlink(r->path.p) == 0)
		log_warn("kernel", "the disk is full to the brim: the reserve is given up", "path",
			"%s", r->path.p, NULL);
	r->has_file = r->refused = false;
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

/* With the lock held. */
static void look(struct room *r)
{
	struct statvfs fs;
	int64_t free_bytes, reserve;

	if (r->wanted == 0 || statvfs(r->dir, &fs) < 0)
		return;
	free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
	reserve = reserve_of(r, &fs);
	metric_set(r->free_metric, free_bytes);
	r->nearly = free_bytes < NEARLY_TIMES * reserve;
	if (free_bytes < reserve / 4 && r->has_file)
		give_up_file(r);
	else if (free_bytes > 3 * reserve && !r->has_file && !r->refused)
		make_file(r, reserve);
	judge(r, free_bytes, reserve);
}

void room_make(void)
{
	pthread_mutex_lock(&lock);
	if (watched)
		look(watched);
	pthread_mutex_unlock(&lock);
}

static void look_on_worker(void *arg)
{
	(void)arg;
	room_make();
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
	timer_start(&r->timer, r->nearly ? NEARLY_MS : CALM_MS, 0, on_time, r);
}

void room_open(struct room *r, const char *dir, int64_t wanted)
{
	r->dir = dir;
	r->wanted = wanted;
	strbuf_printf(&r->path, "%s/reserve", dir);
	r->has_file = access(r->path.p, F_OK) == 0;
	r->free_metric = metric_gauge("hearth_disk_free_bytes", NULL,
		"Room on the disk of the data folder, beside the reserve");
	atomic_store(&full, false);
	pthread_mutex_lock(&lock);
	watched = r;
	pthread_mutex_unlock(&lock);
	room_make();
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
