/*
 * rtmp_command.c: decoding of command, data and control messages.
 *
 * A command is: name, transaction, a command object or null, then the arguments. Types 15 and 17
 * are the AMF 3 forms; what real clients send there is a zero byte and then AMF 0.
 */
#include "rtmp/rtmp_command.h"

#include "bytes.h"
#include "hearth/error.h"
#include "rtmp/amf0.h"

static const struct {
	const char *name;
	enum rtmp_command_kind kind;
} commands[] = {
	{ "connect", RTMP_COMMAND_CONNECT },
	{ "releaseStream", RTMP_COMMAND_RELEASE_STREAM },
	{ "FCPublish", RTMP_COMMAND_FC_PUBLISH },
	{ "createStream", RTMP_COMMAND_CREATE_STREAM },
	{ "publish", RTMP_COMMAND_PUBLISH },
	{ "play", RTMP_COMMAND_PLAY },
	{ "FCUnpublish", RTMP_COMMAND_FC_UNPUBLISH },
	{ "deleteStream", RTMP_COMMAND_DELETE_STREAM },
	{ "closeStream", RTMP_COMMAND_CLOSE_STREAM },
};

static enum rtmp_command_kind kind_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_eq(name, slice_str(commands[i].name)))
			return commands[i].kind;
	return RTMP_COMMAND_OTHER;
}

/* The AMF 0 part of a command or data message. */
static struct slice amf0_part(const struct rtmp_message *m)
{
	bool amf3 = m->type == RTMP_COMMAND_AMF3 || m->type == RTMP_DATA_AMF3;

	return slice_skip(m->body, amf3 && m->body.n && m->body.p[0] == 0);
}

/* Splits "name?query" in two. */
static void split_query(struct slice s, struct slice *name, struct slice *query)
{
	*query = s;
	*name = slice_split(query, '?');
}

static int read_connect(const struct amf0_value *object, struct rtmp_command *out)
{
	if (!object || object->type != AMF0_OBJECT)
		return HEARTH_EINVAL;
	split_query(amf0_string(amf0_get(object, SLICE("app"))), &out->app, &out->query);
	while (out->app.n && out->app.p[out->app.n - 1] == '/')
		out->app.n--;
	out->tc_url = amf0_string(amf0_get(object, SLICE("tcUrl")));
	out->flash_ver = amf0_string(amf0_get(object, SLICE("flashVer")));
	out->enhanced = amf0_get(object, SLICE("fourCcList")) ||
			amf0_get(object, SLICE("videoFourCcInfoMap")) ||
			amf0_get(object, SLICE("audioFourCcInfoMap")) ||
			amf0_get(object, SLICE("capsEx"));
	return 0;
}

/* The arguments behind the command object; each is NULL when absent. */
static int read_arguments(const struct amf0_value *const argument[2], struct rtmp_command *out)
{
	double number;

	switch (out->kind) {
	case RTMP_COMMAND_RELEASE_STREAM:
	case RTMP_COMMAND_FC_PUBLISH:
	case RTMP_COMMAND_FC_UNPUBLISH:
	case RTMP_COMMAND_PUBLISH:
	case RTMP_COMMAND_PLAY:
		split_query(amf0_string(argument[0]), &out->key, &out->query);
		out->mode = amf0_string(argument[1]);
		return 0;
	case RTMP_COMMAND_DELETE_STREAM:
		number = amf0_number(argument[0], 0);
		out->stream_id = number >= 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
		return 0;
	default: return 0;
	}
}

int rtmp_command_read(struct arena *a, const struct rtmp_message *m, struct rtmp_command *out)
{
	const struct amf0_value *value[5] = { NULL }; /* name, transaction, object, two arguments */
	struct amf0_reader r;
	int rc = 1;

	amf0_reader_init(&r, a, amf0_part(m));
	for (size_t i = 0; i < 5 && rc > 0; i++)
		rc = amf0_read(&r, &value[i]);
	if (rc < 0)
		return rc;
	if (!value[0] || value[0]->type != AMF0_STRING)
		return HEARTH_EINVAL;
	*out = (struct rtmp_command){
		.kind = kind_of(value[0]->string),
		.name = value[0]->string,
		.transaction = amf0_number(value[1], 0),
		.stream_id = m->stream_id,
	};
	if (out->kind == RTMP_COMMAND_CONNECT)
		return read_connect(value[2], out);
	return read_arguments(&value[3], out);
}

static void read_metadata(const struct amf0_value *v, struct rtmp_metadata *out)
{
	out->width = amf0_number(amf0_get(v, SLICE("width")), 0);
	out->height = amf0_number(amf0_get(v, SLICE("height")), 0);
	out->fps = amf0_number(amf0_get(v, SLICE("framerate")), 0);
	out->video_kbps = amf0_number(amf0_get(v, SLICE("videodatarate")), 0);
	out->audio_kbps = amf0_number(amf0_get(v, SLICE("audiodatarate")), 0);
	out->video = amf0_get(v, SLICE("videocodecid")) || out->width > 0;
	out->audio = amf0_get(v, SLICE("audiocodecid")) || amf0_get(v, SLICE("audiosamplerate"));
	out->encoder = amf0_string(amf0_get(v, SLICE("encoder")));
}

int rtmp_data_read(struct arena *a, const struct rtmp_message *m, struct rtmp_data *out)
{
	const struct amf0_value *name, *v = NULL;
	struct amf0_reader r;
	int rc;

	*out = (struct rtmp_data){ .body = amf0_part(m) };
	amf0_reader_init(&r, a, out->body);
	rc = amf0_read(&r, &name);
	if (rc > 0 && slice_eq(amf0_string(name), SLICE("@setDataFrame"))) {
		out->body = r.in;
		rc = amf0_read(&r, &name);
	}
	if (rc <= 0 || name->type != AMF0_STRING)
		return rc < 0 ? rc : HEARTH_EINVAL;
	out->name = name->string;
	if (!slice_eq(out->name, SLICE("onMetaData")))
		return 0;
	rc = amf0_read(&r, &v);
	if (rc <= 0)
		return rc;
	out->has_metadata = v->type == AMF0_OBJECT || v->type == AMF0_ECMA_ARRAY;
	read_metadata(v, &out->metadata);
	return 0;
}

int rtmp_control_read(const struct rtmp_message *m, struct rtmp_control *out)
{
	struct byte_reader b = byte_reader_of(m->body);

	out->event = m->type == RTMP_USER_CONTROL ? read_be16(&b) : 0;
	out->value = read_be32(&b);
	return b.bad ? HEARTH_EINVAL : 0;
}
