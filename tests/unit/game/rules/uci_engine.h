/*
 * uci_engine.h: a chess engine of Debian's as a judge of legal moves: started, asked by UCI for the lines
 * from a position ("go perft"), stopped.
 */
#ifndef GAME_UCI_ENGINE_H
#define GAME_UCI_ENGINE_H

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "hearth/str.h"

#define ENGINE_MOVES_MAX 1280
#define ENGINE_MOVE_MAX  6

struct engine {
	pid_t pid;
	FILE *in, *out; /* what it reads, what it says */
};

static inline bool engine_missing(const char *path)
{
	if (access(path, X_OK) == 0)
		return false;
	printf("skipped: there is no %s\n", path);
	return true;
}

static inline void engine_start(struct engine *e, const char *path)
{
	int to[2], from[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	e->pid = fork();
	ck_assert_int_ge(e->pid, 0);
	if (e->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	e->in = fdopen(to[1], "w");
	e->out = fdopen(from[0], "r");
	ck_assert(e->in && e->out);
}

static inline void engine_stop(struct engine *e)
{
	fprintf(e->in, "quit\n");
	fclose(e->in);
	fclose(e->out);
	ck_assert_int_eq(waitpid(e->pid, NULL, 0), e->pid);
}

static inline int engine_by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Runs "go perft" of a position and returns its total, and the sorted moves of the first ply. */
static inline uint64_t engine_perft(struct engine *e, const char *fen, unsigned depth,
	char moves[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX], size_t *n)
{
	unsigned long total = 0, count;
	char line[256];

	fprintf(e->in, "position fen %s\ngo perft %u\n", fen, depth);
	fflush(e->in);
	*n = 0;
	for (;;) {
		ck_assert_msg(fgets(line, sizeof(line), e->out) != NULL, "no answer to %s", fen);
		if (sscanf(line, "Nodes searched: %lu", &total) == 1)
			break;
		if (*n < ENGINE_MOVES_MAX &&
			sscanf(line, "%5[a-h1-8nbrqkPNBRQ@]: %lu", moves[*n], &count) == 2)
			(*n)++;
	}
	qsort(moves, *n, sizeof(moves[0]), engine_by_text);
	return total;
}

/* Our moves, in any order, are the engine's. */
static inline void engine_same_moves(char ours[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX], size_t n,
	char theirs[ENGINE_MOVES_MAX][ENGINE_MOVE_MAX], size_t n_theirs, const char *fen)
{
	qsort(ours, n, sizeof(ours[0]), engine_by_text);
	for (size_t i = 0; i < n && i < n_theirs; i++)
		ck_assert_msg(
			strcmp(ours[i], theirs[i]) == 0, "%s or %s: %s", ours[i], theirs[i], fen);
	ck_assert_msg(n == n_theirs, "%zu moves, the engine has %zu: %s", n, n_theirs, fen);
}

#endif
