/*
 * dies.h: whether a call ends the process, tried in a child that is thrown away. The call must not
 * get as far as starting threads: they do not live through a fork.
 */
#ifndef HEARTH_TESTS_DIES_H
#define HEARTH_TESTS_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool dies(void (*fn)(void *arg), void *arg)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		dup2(open("/dev/null", O_WRONLY), 2);
		fn(arg);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline void run_alone(void *arg)
{
	(*(void (**)(void))arg)();
}

/* The same of a function without an argument. */
static inline bool dies_alone(void (*run)(void))
{
	return dies(run_alone, &run);
}

#endif
