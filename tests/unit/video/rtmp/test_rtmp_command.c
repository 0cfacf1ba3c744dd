/*
 * Commands as OBS and FFmpeg send them, and the answers they are waiting for.
 */
#include "rtmp/rtmp_command.h"

#include "harness.h"

#include "bytes.h"
#include "hearth/error.h"
#include "rtmp/amf0.h"

static struct strbuf body;

/* One arena for the whole program: what is read points into it. */
static struct arena *memory(void)
{
	static struct arena *arena;

	if (!arena)
		arena = arena_new();
	return arena;
}

static void begin(const char *name, double transaction)
{
	strbuf_reset(&body);
	amf0_write_string(&body, slice_str(name));
	amf0_write_number(&body, transaction);
}

static void property(const char *key, const char *value)
{
	amf0_write_key(&body, slice_str(key));
	amf0_write_string(&body, slice_str(value));
}

static struct rtmp_message message(uint8_t type)
{
	return (struct rtmp_message){
		.csid = 3, .type = type, .stream_id = 1, .body = strbuf_slice(&body)
	};
}

static int read_command(struct rtmp_command *c)
{
	struct rtmp_message m = message(RTMP_COMMAND);

	return rtmp_command_read(memory(), &m, c);
}

/* --- what comes in ------------------------------------------------------------------------- */

static void write_connect(const char *app)
{
	begin("connect", 1);
	amf0_write_object_begin(&body);
	property("app", app);
	property("type", "nonprivate");
	property("flashVer", "FMLE/3.0 (compatible; FMSc/1.0)");
	property("tcUrl", "rtmp://127.0.0.1/live");
	amf0_write_object_end(&body);
}

START_TEST(connects)
{
	struct rtmp_command c;

	write_connect("live/");
	ck_assert_int_eq(read_command(&c), 0);
	ck_assert_int_eq(c.kind, RTMP_COMMAND_CONNECT);
	ck_assert_double_eq(c.transaction, 1);
	ck_assert(slice_eq(c.app, SLICE("live")));
	ck_assert(slice_eq(c.tc_url, SLICE("rtmp://127.0.0.1/live")));
	ck_assert(slice_starts(c.flash_ver, SLICE("FMLE/3.0")));
	ck_assert(!c.enhanced);
	write_connect("live?token=1");
	ck_assert_int_eq(read_command(&c), 0);
	ck_assert(slice_eq(c.app, SLICE("live")));
	ck_assert(slice_eq(c.query, SLICE("token=1")));
}
END_TEST

START_TEST(connect_cut_short)
{
	struct rtmp_command c;
	size_t n;

	write_connect("live");
	n = body.n;
	for (size_t cut = 0; cut < n; cut++) {
		body.n = cut;
		ck_assert_int_eq(read_command(&c), HEARTH_EINVAL);
	}
}
END_TEST

START_TEST(connect_enhanced)
{
	struct rtmp_command c;

	begin("connect", 1);
	amf0_write_object_begin(&body);
	property("app", "live");
	amf0_write_key(&body, SLICE("capsEx"));
	amf0_write_number(&body, 1);
	amf0_write_object_end(&body);
	ck_assert_int_eq(read_command(&c), 0);
	ck_assert(c.enhanced);
}
END_TEST

START_TEST(publishes)
{
	struct rtmp_command c;

	begin("publish", 5);
	amf0_write_null(&body);
	amf0_write_string(&body, SLICE("s3cret?clientConfigId=1&x=2"));
	amf0_write_string(&body, SLICE("live"));
	ck_assert_int_eq(read_command(&c), 0);
	ck_assert_int_eq(c.kind, RTMP_COMMAND_PUBLISH);
	ck_assert_uint_eq(c.stream_id, 1);
	ck_assert(slice_eq(c.key, SLICE("s3cret")));
	ck_assert(slice_eq(c.query, SLICE("clientConfigId=1&x=2")));
	ck_assert(slice_eq(c.mode, SLICE("live")));

	begin("publish", 5);
	amf0_write_null(&body); /* the key may stand elsewhere */
	ck_assert_int_eq(read_command(&c), 0);
	ck_assert_uint_eq(c.key.n, 0);
}
END_TEST

START_TEST(other_commands)
{
	static const struct {
		const char *name;
		enum rtmp_command_kind kind;
	} cases[] = {
		{ "releaseStream", RTMP_COMMAND_RELEASE_STREAM },
		{ "FCPublish", RTMP_COMMAND_FC_PUBLISH },
		{ "createStream", RTMP_COMMAND_CREATE_STREAM },
		{ "play", RTMP_COMMAND_PLAY },
		{ "FCUnpublish", RTMP_COMMAND_FC_UNPUBLISH },
		{ "closeStream", RTMP_COMMAND_CLOSE_STREAM },
		{ "_checkbw", RTMP_COMMAND_OTHER },
		{ "PUBLISH", RTMP_COMMAND_OTHER },
	};
	struct rtmp_command c;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].name, 2);
		amf0_write_null(&body);
		amf0_write_string(&body, SLICE("key"));
		ck_assert_int_eq(read_command(&c), 0);
		ck_assert_int_eq(c.kind, cases[i].kind);
		ck_assert(slice_eq(c.name, slice_str(cases[i].name)));
	}
	begin("deleteStream", 7);
	amf0_write_null(&body);
	amf0_write_number(&body, 3);
	ck_assert_int_eq(read_command(&c), 0);
	ck_assert_int_eq(c.kind, RTMP_COMMAND_DELETE_STREAM);
	ck_assert_uint_eq(c.stream_id, 3);
}
END_TEST

START_TEST(amf3_form)
{
	struct rtmp_command c;
	struct rtmp_message m;

	strbuf_reset(&body);
	strbuf_addc(&body, 0);
	amf0_write_string(&body, SLICE("createStream"));
	amf0_write_number(&body, 4);
	amf0_write_null(&body);
	m = message(RTMP_COMMAND_AMF3);
	ck_assert_int_eq(rtmp_command_read(memory(), &m, &c), 0);
	ck_assert_int_eq(c.kind, RTMP_COMMAND_CREATE_STREAM);
}
END_TEST

START_TEST(metadata)
{
	struct rtmp_message m;
	struct rtmp_data d;

	strbuf_reset(&body);
	amf0_write_string(&body, SLICE("@setDataFrame"));
	amf0_write_string(&body, SLICE("onMetaData"));
	amf0_write_ecma_begin(&body, 20);
	amf0_write_key(&body, SLICE("width"));
	amf0_write_number(&body, 1920);
	amf0_write_key(&body, SLICE("framerate"));
	amf0_write_number(&body, 29.97);
	property("encoder", "obs-output module");
	amf0_write_object_end(&body);
	m = message(RTMP_DATA);
	ck_assert_int_eq(rtmp_data_read(memory(), &m, &d), 0);
	ck_assert(slice_eq(d.name, SLICE("onMetaData")));
	ck_assert(d.has_metadata);
	ck_assert_double_eq(d.metadata.width, 1920);
	ck_assert_double_eq(d.metadata.height, 0);
	ck_assert_double_eq(d.metadata.fps, 29.97);
	ck_assert(slice_eq(d.metadata.encoder, SLICE("obs-output module")));
	ck_assert(slice_starts(d.body, SLICE("\x02\0\x0aonMetaData")));
	for (size_t n = 0; n < m.body.n; n++) {
		struct rtmp_message cut = m;

		cut.body.n = n;
		ck_assert_int_eq(
			rtmp_data_read(memory(), &cut, &d), n == 16 + 13 ? 0 : HEARTH_EINVAL);
	}
}
END_TEST

START_TEST(control)
{
	struct rtmp_message m = { .type = RTMP_USER_CONTROL, .body = SLICE("\0\x06\0\0\x01\0") };
	struct rtmp_control c;

	ck_assert_int_eq(rtmp_control_read(&m, &c), 0);
	ck_assert_uint_eq(c.event, RTMP_EVENT_PING_REQUEST);
	ck_assert_uint_eq(c.value, 256);
	m.body.n = 5;
	ck_assert_int_eq(rtmp_control_read(&m, &c), HEARTH_EINVAL);
	m.type = RTMP_WINDOW_ACK_SIZE;
	ck_assert_int_eq(rtmp_control_read(&m, &c), 0);
	ck_assert_uint_eq(c.event, 0);
}
END_TEST

/* --- what goes out ------------------------------------------------------------------------- */

/* Reads the chunks back and lists the messages; of commands the name, transaction and strings. */
static void describe(struct slice in, struct strbuf *out)
{
	struct rtmp_reader *r = rtmp_reader_new(RTMP_MESSAGE_MAX);
	struct arena *a = arena_new();
	struct rtmp_message m;
	const struct amf0_value *v;

	while (rtmp_reader_next(r, &in, &m) == 1) {
		struct amf0_reader values;

		strbuf_printf(out, "%u", m.type);
		if (m.stream_id)
			strbuf_printf(out, "/%u", m.stream_id);
		amf0_reader_init(&values, a, m.type == RTMP_COMMAND ? m.body : SLICE(""));
		while (amf0_read(&values, &v) == 1) {
			if (v->type == AMF0_STRING)
				strbuf_printf(out, " %.*s", SLICE_ARG(v->string));
			if (v->type == AMF0_NUMBER)
				strbuf_printf(out, " %g", v->number);
			for (const struct amf0_value *p = v->first; p; p = p->next)
				if (slice_eq(p->name, SLICE("code")) ||
					slice_eq(p->name, SLICE("level")) ||
					slice_eq(p->name, SLICE("capsEx")))
					strbuf_printf(out, " %.*s=%.*s", SLICE_ARG(p->name),
						SLICE_ARG(p->string));
		}
		strbuf_addc(out, '\n');
	}
	ck_assert_uint_eq(in.n, 0);
	arena_free(&a);
	rtmp_reader_free(&r);
}

static void expect(struct strbuf *sent, const char *expected)
{
	struct strbuf text = { 0 };

	describe(strbuf_slice(sent), &text);
	ck_assert_str_eq(text.p, expected);
	strbuf_free(&text);
	strbuf_free(sent);
}

START_TEST(answers_connect)
{
	struct rtmp_command c = { .transaction = 1 };
	struct strbuf out = { 0 };
	struct rtmp_writer w;

	rtmp_writer_init(&w);
	rtmp_reply_connect(&w, &out, &c);
	ck_assert_uint_ge(w.chunk_size, 60000);
	expect(&out, "5\n6\n4\n"
		     "20 _result 1 level=status code=NetConnection.Connect.Success\n"
		     "20 onBWDone 0\n");
	c.enhanced = true;
	rtmp_writer_init(&w);
	rtmp_reply_connect(&w, &out, &c);
	expect(&out, "5\n6\n4\n"
		     "20 _result 1 level=status code=NetConnection.Connect.Success capsEx=\n"
		     "20 onBWDone 0\n");
}
END_TEST

START_TEST(answers_publish)
{
	struct strbuf out = { 0 };
	struct rtmp_writer w;

	rtmp_writer_init(&w);
	rtmp_reply_result(&w, &out, 2);
	rtmp_reply_fc_publish(&w, &out, 3);
	rtmp_reply_create_stream(&w, &out, 4, 1);
	rtmp_reply_event(&w, &out, RTMP_EVENT_STREAM_BEGIN, 1);
	rtmp_reply_status(&w, &out, 1, RTMP_STATUS_PUBLISH_START, SLICE("Publishing."));
	rtmp_reply_ack(&w, &out, UINT64_C(0x123456789));
	expect(&out, "20 _result 2\n"
		     "20 _result 3\n20 onFCPublish 0 level=status code=NetStream.Publish.Start\n"
		     "20 _result 4 1\n"
		     "4\n"
		     "20/1 onStatus 0 level=status code=NetStream.Publish.Start\n"
		     "3\n");
}
END_TEST

START_TEST(refusals)
{
	struct strbuf out = { 0 };
	struct rtmp_writer w;

	rtmp_writer_init(&w);
	rtmp_reply_error(
		&w, &out, 1, RTMP_STATUS_CONNECT_INVALID_APP, SLICE("No such application."));
	rtmp_reply_status(&w, &out, 1, RTMP_STATUS_PUBLISH_BAD_NAME, SLICE("Unknown stream key."));
	rtmp_reply_status(&w, &out, 1, RTMP_STATUS_UNPUBLISH_SUCCESS, SLICE(""));
	expect(&out, "20 _error 1 level=error code=NetConnection.Connect.InvalidApp\n"
		     "20/1 onStatus 0 level=error code=NetStream.Publish.BadName\n"
		     "20/1 onStatus 0 level=status code=NetStream.Unpublish.Success\n");
}
END_TEST

TEST_MAIN("rtmp_command", connects, connect_cut_short, connect_enhanced, publishes, other_commands,
	amf3_form, metadata, control, answers_connect, answers_publish, refusals)
