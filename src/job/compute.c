/*
 * compute.c: job_compute: a worker's second thread, which stands back.
 *
 * Log-ins must not slow games down, so what they compute has a lower priority. A whole worker with
 * a lower priority would do harm: it takes locks (its queue's, an executor's, the allocator's) that
 * executors take as well, and while it waits for a processor with one of them, they wait too; with
 * two processors and much to do that was 20 to 60 ms. So the worker stays as it is and has the
 * computing alone done by this thread, through two semaphores: no lock of ours is ever held here.
 */
#include "job/compute.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hearth/job.h"
#include "hearth/log.h"

#define NICE 10

struct second {
	pthread_t thread;
	sem_t asked, done;
	job_fn *fn; /* NULL: end */
	void *arg;
};

static _Thread_local bool is_worker;
static _Thread_local struct second *second; /* the worker's, from its first job_compute on */

static void wait_for(sem_t *s)
{
	while (sem_wait(s) != 0)
		INVARIANT(errno == EINTR);
}

static void *second_main(void *arg)
{
	struct second *s = arg;

	pthread_setname_np(pthread_self(), "compute");
	/* On Linux nice is a thread's own. Nobody is refused a higher one. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	for (;;) {
		wait_for(&s->asked);
		if (!s->fn)
			return NULL;
		s->fn(s->arg);
		sem_post(&s->done);
	}
}

static struct second *second_new(void)
{
	struct second *s = mem_zalloc(sizeof(*s));

	sem_init(&s->asked, 0, 0);
	sem_init(&s->done, 0, 0);
	if (pthread_create(&s->thread, NULL, second_main, s) != 0)
		log_fatal("job", "cannot start a thread to compute");
	return s;
}

void compute_begin(void)
{
	is_worker = true;
}

void compute_end(void)
{
	is_worker = false;
	if (!second)
		return;
	second->fn = NULL;
	sem_post(&second->asked);
	pthread_join(second->thread, NULL);
	sem_destroy(&second->asked);
	sem_destroy(&second->done);
	free(second);
	second = NULL;
}

void job_compute(job_fn *fn, void *arg)
{
	if (!is_worker) {
		fn(arg);
		return;
	}
	if (!second)
		second = second_new();
	second->fn = fn;
	second->arg = arg;
	sem_post(&second->asked);
	wait_for(&second->done);
}
