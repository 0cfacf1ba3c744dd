/*
 * games.c: pairs of players that play games against a server through the WebSocket. In C, because
 * whoever plays shares the processors with the server: this costs a few microseconds a move beside
 * the system calls, so that what is measured is the server.
 *
 *   games PORT PAIRS FILE      FILE: lines "token TOKEN" (two a pair, or none), "game MOVE MOVE …"
 *
 * Reads one command a line and answers "done" when all pairs have done it: "seek" sits them down,
 * "play N" plays to the last move of a game (pair i the game N + i), each player moving as soon as it
 * has heard of the other's move, until both have heard of all; "resign" ends the matches. Frames are
 * masked with zeros and not compressed; what goes wrong ends it with a message. One thread; a frame
 * has FRAME_MAX bytes at most.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX 32768
#define PAIRS_MAX 4096
#define GAMES_MAX 256
#define PLIES_MAX 600
#define EVENTS    256

struct player {
	int fd, colour;
	struct pair *pair;
	size_t n;
	char in[FRAME_MAX + 1];
};

struct pair {
	struct player *players[2];
	long long match;
	int index, count; /* of players that have done what was asked */
	const struct game *game;
};

struct game {
	char moves[PLIES_MAX][8];
	int plies;
};

static struct pair pairs[PAIRS_MAX];
static struct game games[GAMES_MAX];
static char tokens[2 * PAIRS_MAX][128];
static int pair_count, game_count, token_count, busy;

static _Noreturn void fail(const char *what, const char *text)
{
	fprintf(stderr, "games: %s: %.300s\n", what, text);
	exit(1);
}

static void write_all(const struct player *p, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = write(p->fd, bytes, n);

		if (sent <= 0)
			fail("write", "the server does not take it");
		bytes += sent;
		n -= (size_t)sent;
	}
}

static void send_frame(const struct player *p, int opcode, const char *text, size_t n)
{
	char out[256 + 8] = { (char)(0x80 | opcode) };
	size_t head = 2;

	if (n > 125) {
		out[1] = (char)(0x80 | 126);
		out[2] = (char)(n >> 8);
		out[3] = (char)n;
		head = 4;
	} else {
		out[1] = (char)(0x80 | n);
	}
	if (n > 256 - 4)
		fail("send", "a frame is too long");
	memcpy(out + head + 4, text, n); /* behind a mask of zeros */
	write_all(p, out, head + 4 + n);
}

static void send_text(const struct player *p, const char *text)
{
	send_frame(p, 1, text, strlen(text));
}

static void send_move(const struct player *p, int ply)
{
	char text[160];

	snprintf(text, sizeof(text),
		"{\"to\":\"game\",\"type\":\"move\",\"match\":%lld,\"ply\":%d,\"move\":\"%s\"}",
		p->pair->match, ply, p->pair->game->moves[ply]);
	send_text(p, text);
}

/* The number behind `name`, or -1. */
static long long number(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

static void done(struct pair *pair)
{
	if (++pair->count == 2)
		busy--;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void hear(struct player *p, const char *text)
{
	struct pair *pair = p->pair;

	if (begins(text, "{\"type\":\"moved\"")) {
		int ply = (int)number(text, "\"ply\":");

		if (ply == pair->game->plies)
			done(pair);
		else if (ply % 2 == p->colour)
			send_move(p, ply);
	} else if (begins(text, "{\"type\":\"state\"")) {
		p->colour = !strstr(text, "\"color\":\"white\"");
		pair->match = number(text, "\"match\":");
		done(pair);
	} else if (begins(text, "{\"type\":\"ended\"")) {
		done(pair);
	} else if (begins(text, "{\"type\":\"rejected\"") || begins(text, "{\"type\":\"error\"")) {
		fail("refused", text);
	}
}

/* Takes whole frames from the beginning of what was read. */
static void take_frames(struct player *p)
{
	char *at = p->in, *end = p->in + p->n;

	while (end - at >= 2) {
		size_t n = (unsigned char)at[1] & 127, head = 2;
		char behind;

		if (n == 126) {
			if (end - at < 4)
				break;
			n = (size_t)(unsigned char)at[2] << 8 | (unsigned char)at[3];
			head = 4;
		}
		if (head + n > FRAME_MAX)
			fail("read", "a frame is too long");
		if ((size_t)(end - at) < head + n)
			break;
		behind = at[head + n];
		at[head + n] = '\0';
		if ((at[0] & 15) == 1)
			hear(p, at + head);
		else if ((at[0] & 15) == 9)
			send_frame(p, 10, at + head, n);
		else if ((at[0] & 15) == 8)
			fail("closed", n > 2 ? at + head + 2 : "");
		at[head + n] = behind;
		at += head + n;
	}
	p->n = (size_t)(end - at);
	memmove(p->in, at, p->n);
}

static void on_readable(struct player *p)
{
	ssize_t n = read(p->fd, p->in + p->n, FRAME_MAX - p->n);

	if (n <= 0)
		fail("read", "the server has closed");
	p->n += (size_t)n;
	take_frames(p);
}

/* Connects and upgrades; what follows the answer's head stays for take_frames. */
static struct player *join(int port, const char *token, int poll)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct player *p = calloc(1, sizeof(*p));
	char request[512], *end = NULL;
	int one = 1;

	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(p->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("connect", "refused");
	snprintf(request, sizeof(request),
		"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%.127s%s\r\n",
		port, token ? "Authorization: Bearer " : "", token ? token : "",
		token ? "\r\n" : "");
	write_all(p, request, strlen(request));
	while (!end) {
		ssize_t n = read(p->fd, p->in + p->n, FRAME_MAX - p->n);

		if (n <= 0)
			fail("upgrade", p->in);
		p->n += (size_t)n;
		p->in[p->n] = '\0';
		end = strstr(p->in, "\r\n\r\n");
	}
	if (!begins(p->in, "HTTP/1.1 101"))
		fail("upgrade", p->in);
	p->n -= (size_t)(end + 4 - p->in);
	memmove(p->in, end + 4, p->n);
	epoll_ctl(poll, EPOLL_CTL_ADD, p->fd,
		&(struct epoll_event){ .events = EPOLLIN, .data.ptr = p });
	return p;
}

static void read_file(const char *path)
{
	static char line[PLIES_MAX * 8];
	FILE *file = fopen(path, "r");

	if (!file)
		fail("open", path);
	while (fgets(line, sizeof(line), file)) {
		char *rest, *word = strtok_r(line, " \n", &rest);

		if (word && strcmp(word, "token") == 0 && token_count < 2 * PAIRS_MAX) {
			snprintf(tokens[token_count++], sizeof(tokens[0]), "%s",
				strtok_r(NULL, " \n", &rest));
		} else if (word && strcmp(word, "game") == 0 && game_count < GAMES_MAX) {
			struct game *g = &games[game_count++];

			while ((word = strtok_r(NULL, " \n", &rest)) && g->plies < PLIES_MAX)
				snprintf(g->moves[g->plies++], sizeof(g->moves[0]), "%s", word);
		}
	}
	fclose(file);
}

static void begin_one(struct pair *pair, const char *command)
{
	char text[160];

	pair->count = 0;
	busy++;
	if (begins(command, "seek")) {
		snprintf(text, sizeof(text),
			"{\"to\":\"game\",\"type\":\"seek\",\"clock\":{\"limit\":%d,\"increment\":"
			"1}}",
			3600 + pair->index);
		send_text(pair->players[0], text);
		send_text(pair->players[1], text);
	} else if (begins(command, "play ")) {
		pair->game = &games[((int)number(command, "play ") + pair->index) % game_count];
		send_move(pair->players[pair->players[0]->colour], 0);
	} else {
		snprintf(text, sizeof(text), "{\"to\":\"game\",\"type\":\"resign\",\"match\":%lld}",
			pair->match);
		send_text(pair->players[0], text);
	}
}

int main(int argc, char **argv)
{
	int poll = epoll_create1(0);
	struct epoll_event events[EVENTS];
	char command[64];

	if (argc != 4)
		fail("usage", "games PORT PAIRS FILE");
	pair_count = (int)strtol(argv[2], NULL, 10);
	read_file(argv[3]);
	if (pair_count < 1 || pair_count > PAIRS_MAX || game_count == 0 ||
		(token_count && token_count < 2 * pair_count))
		fail("usage", "too few tokens or games");
	for (int i = 0; i < 2 * pair_count; i++) {
		struct pair *pair = &pairs[i / 2];
		struct player *p =
			join((int)strtol(argv[1], NULL, 10), token_count ? tokens[i] : NULL, poll);

		pair->index = i / 2;
		pair->players[i % 2] = p;
		p->pair = pair;
	}
	printf("done\n");
	fflush(stdout);
	while (fgets(command, sizeof(command), stdin)) {
		for (int i = 0; i < pair_count; i++)
			begin_one(&pairs[i], command);
		while (busy > 0) {
			int n = epoll_wait(poll, events, EVENTS, 30000);

			if (n == 0)
				fail("waiting", "nothing came for half a minute");
			for (int i = 0; i < n; i++)
				on_readable(events[i].data.ptr);
		}
		printf("done\n");
		fflush(stdout);
	}
	return 0;
}
