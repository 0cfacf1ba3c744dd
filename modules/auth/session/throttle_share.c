/*
 * throttle_share.c: messages between the throttles of several nodes (throttle_share.h). What this
 * node told comes back to it as well, and is known by `by`. On the loop; one message a wrong guess,
 * whose number the throttle bounds.
 */
#include "session/throttle_share.h"

#include <stdlib.h>

#include "hearth/json.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define TOPIC "auth.throttle"
#define BY    16 /* hex digits */

static const char *const kinds[BACKOFF_KINDS] = { [BACKOFF_PAIR] = "pair",
	[BACKOFF_NAME] = "name",
	[BACKOFF_NETWORK] = "network",
	[BACKOFF_REGISTRATION] = "registration" };

struct throttle_share {
	struct bus *bus;
	struct bus_listener *listener;
	char by[BY + 1];
	throttle_share_fn *heard;
	void *arg;
};

static void read_message(const struct throttle_share *s, const struct json *doc)
{
	struct slice by, text;
	unsigned char what[BACKOFF_KEY];
	bool wrong = false;

	if (json_get_text(doc, "by", &by) < 0 || slice_eq(by, slice_str(s->by)) ||
		json_get_bool(doc, "wrong", &wrong) < 0)
		return;
	for (int kind = 0; kind < BACKOFF_KINDS; kind++)
		if (json_get_text(doc, kinds[kind], &text) == 0 &&
			hex_decode(text, what, sizeof(what)) == 0)
			s->heard(s->arg, (enum backoff_kind)kind, what, wrong);
}

static void on_told(void *arg, struct buf *payload)
{
	struct arena *a;
	struct json *doc;

	if (!payload)
		return;
	a = arena_new();
	if (json_read(a, buf_slice(payload), &doc, NULL) == 0)
		read_message(arg, doc);
	arena_free(&a);
}

struct throttle_share *throttle_share_new(struct bus *bus, throttle_share_fn *heard, void *arg)
{
	struct throttle_share *s = mem_zalloc(sizeof(*s));
	unsigned char bits[BY / 2];

	INVARIANT(bus && heard);
	rand_bytes(bits, sizeof(bits));
	hex_encode(bits, sizeof(bits), s->by);
	s->bus = bus;
	s->heard = heard;
	s->arg = arg;
	s->listener = bus_listen(bus, TOPIC, on_told, s);
	return s;
}

void throttle_share_free(struct throttle_share **sp)
{
	if (!*sp)
		return;
	bus_unlisten(&(*sp)->listener);
	free(*sp);
	*sp = NULL;
}

void throttle_share_tell(
	struct throttle_share *s, const unsigned char *const what[BACKOFF_KINDS], bool wrong)
{
	char hex[2 * BACKOFF_KEY + 1];
	struct strbuf out = { 0 };
	struct json_writer w;
	struct buf *payload;

	if (!s)
		return;
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "by", s->by);
	json_put_bool(&w, "wrong", wrong);
	for (int kind = 0; kind < BACKOFF_KINDS; kind++)
		if (what[kind]) {
			hex_encode(what[kind], BACKOFF_KEY, hex);
			json_put_str(&w, kinds[kind], hex);
		}
	json_close_object(&w);
	payload = buf_from_strbuf(&out);
	bus_tell(s->bus, TOPIC, payload);
	buf_unref(&payload);
}
