/*
 * buf.c: immutable bytes with an atomic reference count. Five kinds share one struct: bytes lying
 * behind it, bytes taken over from a strbuf, static bytes, a part of another buffer, and bytes of a
 * file in memory that is mapped. Pure;
 * references may be taken and given back by any thread.
 */
#include "hearth/buf.h"
#include "hearth/arena.h"
#include "hearth/log.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct buf_owned {
	struct buf b; /* first: a struct buf * is a struct buf_owned * */
	atomic_size_t refs;
	void *heap;         /* freed with the buffer, or NULL */
	struct buf *parent; /* released with the buffer, or NULL */
	int fd;             /* of a mapped file, unmapped and closed with the buffer, or -1 */
	char data[];
};

static struct buf_owned *buf_make(const char *p, size_t n, size_t room)
{
	struct buf_owned *o;

	INVARIANT(room <= SIZE_MAX / 2);
	o = mem_alloc(sizeof(*o) + room);
	o->b.p = p ? p : o->data;
	o->b.n = n;
	atomic_init(&o->refs, 1);
	o->heap = NULL;
	o->parent = NULL;
	o->fd = -1;
	return o;
}

struct buf *buf_copy(struct slice s)
{
	struct buf *b = buf_alloc(s.n);

	if (s.n)
		memcpy(buf_data(b), s.p, s.n);
	return b;
}

struct buf *buf_alloc(size_t n)
{
	return &buf_make(NULL, n, n)->b;
}

char *buf_data(struct buf *b)
{
	struct buf_owned *o = (struct buf_owned *)b;

	INVARIANT(b->p == o->data && atomic_load(&o->refs) == 1);
	return o->data;
}

void buf_truncate(struct buf *b, size_t n)
{
	INVARIANT(n <= b->n && atomic_load(&((struct buf_owned *)b)->refs) == 1);
	b->n = n;
}

struct buf *buf_from_strbuf(struct strbuf *s)
{
	struct buf_owned *o = buf_make(s->p, s->n, 0);

	o->heap = s->p;
	*s = (struct strbuf){ 0 };
	return &o->b;
}

struct buf *buf_static(struct slice s)
{
	return &buf_make(s.p, s.n, 0)->b;
}

static bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return false;
		s = slice_skip(s, (size_t)n);
	}
	return true;
}

struct buf *buf_copy_shared(struct slice s)
{
	int fd = s.n ? memfd_create("hearth", MFD_CLOEXEC) : -1;
	struct buf_owned *o;
	void *p = MAP_FAILED;

	if (fd >= 0 && write_all(fd, s))
		p = mmap(NULL, s.n, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	fcntl(fd, F_SETFL, O_NOATIME); /* else each page that is sent is noted */
	o = buf_make(p, s.n, 0);
	o->fd = fd;
	return &o->b;
}

int buf_file(const struct buf *b, uint64_t *offset)
{
	const struct buf_owned *o = (const struct buf_owned *)b;
	const struct buf_owned *whole = o->parent ? (const struct buf_owned *)o->parent : o;

	*offset = (uint64_t)(b->p - whole->b.p);
	return whole->fd;
}

struct buf *buf_part(struct buf *b, size_t offset, size_t n)
{
	struct buf *parent = ((struct buf_owned *)b)->parent;
	struct buf_owned *o;

	INVARIANT(offset <= b->n && n <= b->n - offset);
	o = buf_make(b->p + offset, n, 0);
	/* A part of a part hangs on the whole, so chains never grow. */
	o->parent = buf_ref(parent ? parent : b);
	return &o->b;
}

struct buf *buf_ref(struct buf *b)
{
	if (b)
		atomic_fetch_add_explicit(&((struct buf_owned *)b)->refs, 1, memory_order_relaxed);
	return b;
}

void buf_unref(struct buf **b)
{
	struct buf_owned *o = (struct buf_owned *)*b;

	*b = NULL;
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	buf_unref(&o->parent);
	if (o->fd >= 0) {
		munmap((void *)(uintptr_t)o->b.p, o->b.n);
		close(o->fd);
	}
	free(o->heap);
	free(o);
}
