/*
 * A real publisher: ffmpeg connects over loopback and is answered by nothing but these parsers and
 * replies. What arrives, written as FLV, must be what ffmpeg writes into a file itself.
 */
#include "rtmp/rtmp_command.h"
#include "rtmp/rtmp_handshake.h"

#include "harness.h"

#include "video/media.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct server {
	int fd;
	struct rtmp_handshake handshake;
	struct rtmp_reader *reader;
	struct rtmp_writer writer;
	struct arena *arena;
	struct strbuf in, out;
	struct strbuf flv; /* what was published */
	bool published, done;
};

static int listen_loopback(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void on_command(struct server *s, const struct rtmp_message *m)
{
	struct rtmp_command c;

	ck_assert_int_eq(rtmp_command_read(s->arena, m, &c), 0);
	switch (c.kind) {
	case RTMP_COMMAND_CONNECT:
		ck_assert(slice_eq(c.app, SLICE("live")));
		rtmp_reply_connect(&s->writer, &s->out, &c);
		break;
	case RTMP_COMMAND_RELEASE_STREAM:
		rtmp_reply_result(&s->writer, &s->out, c.transaction);
		break;
	case RTMP_COMMAND_FC_PUBLISH:
		rtmp_reply_fc_publish(&s->writer, &s->out, c.transaction);
		break;
	case RTMP_COMMAND_CREATE_STREAM:
		rtmp_reply_create_stream(&s->writer, &s->out, c.transaction, 1);
		break;
	case RTMP_COMMAND_PUBLISH:
		ck_assert(slice_eq(c.key, SLICE("secret")));
		ck_assert(slice_eq(c.query, SLICE("a=1")));
		rtmp_reader_set_message_max(s->reader, RTMP_MESSAGE_MAX);
		rtmp_reply_status(&s->writer, &s->out, m->stream_id, RTMP_STATUS_PUBLISH_START,
			SLICE("Publishing."));
		s->published = true;
		break;
	case RTMP_COMMAND_DELETE_STREAM: s->done = true; break;
	default: break;
	}
}

static void on_message(struct server *s, const struct rtmp_message *m)
{
	struct flv_tag tag = {
		.type = m->type, .timestamp_ms = (uint32_t)m->timestamp_ms, .body = m->body
	};
	struct rtmp_data data;

	arena_reset(s->arena);
	switch (m->type) {
	case RTMP_COMMAND: on_command(s, m); break;
	case RTMP_DATA:
		ck_assert_int_eq(rtmp_data_read(s->arena, m, &data), 0);
		ck_assert(data.has_metadata);
		ck_assert_double_eq(data.metadata.width, 768);
		tag.body = data.body;
		flv_write_tag(&s->flv, &tag);
		break;
	case RTMP_AUDIO:
	case RTMP_VIDEO:
		ck_assert(s->published);
		flv_write_tag(&s->flv, &tag);
		break;
	default: break;
	}
}

/* Takes what has come as far as it goes. */
static void feed(struct server *s)
{
	struct slice in = strbuf_slice(&s->in);
	struct rtmp_message m;
	int rc = 0;

	if (s->handshake.state != RTMP_HANDSHAKE_DONE)
		ck_assert_int_ge(rtmp_handshake_feed(&s->handshake, &in, &s->out), 0);
	if (s->handshake.state == RTMP_HANDSHAKE_DONE) {
		while ((rc = rtmp_reader_next(s->reader, &in, &m)) == 1)
			on_message(s, &m);
		ck_assert_msg(rc == 0, "%s", rtmp_reader_reason(s->reader));
	}
	strbuf_consume(&s->in, s->in.n - in.n);
}

static void serve(struct server *s)
{
	while (!s->done) {
		ssize_t n = read(s->fd, strbuf_reserve(&s->in, 1000), 1000);

		if (n <= 0)
			break;
		strbuf_commit(&s->in, (size_t)n);
		feed(s);
		/*
		 * No acknowledgements: one that ffmpeg has not read when it closes makes the kernel
		 * reset the connection, and the end of the stream is lost.
		 */
		(void)!send(s->fd, s->out.p, s->out.n, MSG_NOSIGNAL);
		strbuf_reset(&s->out);
	}
}

START_TEST(ffmpeg_publishes)
{
	struct server s = { 0 };
	uint16_t port;
	char *dir;
	int listener, status;
	pid_t client;

	if (!media_available("vtest.avi"))
		return;
	dir = media_dir();
	ck_assert_int_eq(
		media_run("ffmpeg -v error -y -i " MEDIA_SOURCE
			  "vtest.avi -f lavfi -i sine=440 -t 8 "
			  "-map 0:v -map 1:a -c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p "
			  "-c:a aac -f flv -flvflags no_duration_filesize %s/a.flv",
			dir),
		0);
	listener = listen_loopback(&port);
	client = fork();
	if (client == 0)
		_exit(media_run("ffmpeg -v error -i %s/a.flv -c copy -f flv "
				"'rtmp://127.0.0.1:%u/live/"
				"secret?a=1'",
			      dir, port)
				? 1
				: 0);
	s.fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(s.fd, 0);
	rtmp_handshake_init(&s.handshake, 0, 1);
	rtmp_writer_init(&s.writer);
	s.reader = rtmp_reader_new(RTMP_MESSAGE_MAX_EARLY);
	s.arena = arena_new();
	flv_write_header(&s.flv, true, true);
	serve(&s);
	close(s.fd);
	close(listener);
	ck_assert_int_eq(waitpid(client, &status, 0), client);
	ck_assert_int_eq(status, 0);
	ck_assert(s.done);
	media_write(dir, "b.flv", strbuf_slice(&s.flv));
	/* the same packets at the same times, and the tags themselves but for the metadata */
	ck_assert_int_eq(media_run("cd %s && for i in a b; do ffmpeg -v error -y -i $i.flv -c copy "
				   "-f framemd5 "
				   "$i.md5; done && cmp a.md5 b.md5",
				 dir),
		0);
	rtmp_reader_free(&s.reader);
	arena_free(&s.arena);
	strbuf_free(&s.in);
	strbuf_free(&s.out);
	strbuf_free(&s.flv);
	media_dir_remove(dir);
}
END_TEST

TEST_MAIN("publish", ffmpeg_publishes)
