/*
 * control_json.c: a time control as JSON (control.h). Pure; what an object may hold bounds the work.
 */
#include "engine/control.h"
#include "hearth/error.h"

static const struct {
	const char *name;
	enum game_control_kind kind;
} kinds[] = {
	{ "fischer", GAME_FISCHER },
	{ "bronstein", GAME_BRONSTEIN },
	{ "delay", GAME_DELAY },
	{ "byo-yomi", GAME_BYOYOMI },
	{ "hourglass", GAME_HOURGLASS },
	{ "correspondence", GAME_CORRESPONDENCE },
	{ "unlimited", GAME_UNLIMITED },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- reading ---- */

/* A member that is a number; one that is not there is 0. What is too large is no control. */
static bool read_number(const struct json *o, const char *name, int *out)
{
	int64_t value = 0;

	if (json_get_i64(o, name, 0, INT32_MAX, &value) == HEARTH_EINVAL)
		return false;
	*out = (int)value;
	return true;
}

static bool read_seconds(const struct json *o, const char *name, int64_t *ms)
{
	const struct json *value = json_get(o, name);
	struct slice rest;

	if (!value)
		return true;
	rest = value->text;
	return value->type == JSON_NUMBER && game_control_take_seconds(&rest, ms) && rest.n == 0;
}

static const char *bonus_name(enum game_control_kind kind)
{
	return kind == GAME_FISCHER ? "increment" : "delay";
}

static bool read_stage(const struct json *o, struct game_control *c, bool many)
{
	struct game_stage *s = &c->stages[c->stage_count++];
	bool bonus = c->kind == GAME_FISCHER || c->kind == GAME_BRONSTEIN || c->kind == GAME_DELAY;

	return json_get(o, "limit") && read_seconds(o, "limit", &s->time_ms) &&
	       (!bonus || read_seconds(o, bonus_name(c->kind), &s->bonus_ms)) &&
	       (!many || read_number(o, "moves", &s->moves));
}

static bool read_stages(const struct json *o, struct game_control *c)
{
	const struct json *stages = json_get(o, "stages");

	if (!stages)
		return read_stage(o, c, false);
	if (stages->type != JSON_ARRAY || stages->count > GAME_STAGES_MAX)
		return false;
	for (const struct json *stage = stages->child; stage; stage = stage->next)
		if (stage->type != JSON_OBJECT || !read_stage(stage, c, true))
			return false;
	return true;
}

static bool read_kind(const struct json *o, struct game_control *c)
{
	struct slice kind = SLICE("fischer");

	if (json_get_text(o, "kind", &kind) == HEARTH_EINVAL)
		return false;
	for (size_t i = 0; i < KINDS; i++)
		if (slice_eq(kind, slice_str(kinds[i].name))) {
			c->kind = kinds[i].kind;
			return true;
		}
	return false;
}

static bool read_members(const struct json *o, struct game_control *c)
{
	switch (c->kind) {
	case GAME_UNLIMITED: return true;
	case GAME_CORRESPONDENCE: return read_number(o, "days", &c->days);
	case GAME_HOURGLASS: return read_stage(o, c, false);
	case GAME_BYOYOMI:
		return read_stage(o, c, false) && read_number(o, "periods", &c->periods) &&
		       read_seconds(o, "period", &c->period_ms);
	case GAME_FISCHER:
	case GAME_BRONSTEIN:
	case GAME_DELAY: return read_stages(o, c);
	}
	return false;
}

int game_control_read(const struct json *value, struct game_control *out, const char **why)
{
	struct game_control c = { .kind = GAME_UNLIMITED };

	*why = "expected a time control: an object with kind, or limit and increment in seconds";
	if (value && value->type == JSON_STRING)
		return game_control_parse(value->text, out, why);
	if (!value || value->type != JSON_OBJECT || !read_kind(value, &c) ||
		!read_members(value, &c))
		return HEARTH_EINVAL;
	*why = game_control_fault(&c);
	if (*why)
		return HEARTH_EINVAL;
	*out = c;
	return 0;
}

/* ---- writing ---- */

static void write_seconds(struct json_writer *w, const char *name, int64_t ms)
{
	char text[GAME_SECONDS_TEXT_MAX];

	game_control_print_seconds(ms, text);
	json_name(w, name);
	json_ready(w, slice_str(text));
}

static void write_stage(struct json_writer *w, const struct game_control *c, int at)
{
	if (c->stages[at].moves)
		json_put_i64(w, "moves", c->stages[at].moves);
	write_seconds(w, "limit", c->stages[at].time_ms);
	write_seconds(w, bonus_name(c->kind), c->stages[at].bonus_ms);
}

static void write_stages(struct json_writer *w, const struct game_control *c)
{
	json_name(w, "stages");
	json_open_array(w);
	for (int i = 0; i < c->stage_count; i++) {
		json_open_object(w);
		write_stage(w, c, i);
		json_close_object(w);
	}
	json_close_array(w);
}

static void write_kind(struct json_writer *w, enum game_control_kind kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].kind == kind)
			json_put_str(w, "kind", kinds[i].name);
}

void game_control_write(struct json_writer *w, const struct game_control *c)
{
	bool staged = c->stage_count > 1 || c->stages[0].moves;

	json_open_object(w);
	if (c->kind != GAME_FISCHER || staged)
		write_kind(w, c->kind);
	switch (c->kind) {
	case GAME_UNLIMITED: break;
	case GAME_CORRESPONDENCE: json_put_i64(w, "days", c->days); break;
	case GAME_HOURGLASS: write_seconds(w, "limit", c->stages[0].time_ms); break;
	case GAME_BYOYOMI:
		write_seconds(w, "limit", c->stages[0].time_ms);
		json_put_i64(w, "periods", c->periods);
		write_seconds(w, "period", c->period_ms);
		break;
	case GAME_FISCHER:
	case GAME_BRONSTEIN:
	case GAME_DELAY:
		if (staged)
			write_stages(w, c);
		else
			write_stage(w, c, 0);
		break;
	}
	json_close_object(w);
}
