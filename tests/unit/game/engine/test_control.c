/*
 * test_control.c: time controls as text and JSON: each form both ways, what is none, and any cut of
 * one; which stage a move is in; how long a game is by it.
 */
#include "harness.h"

#include "engine/control.h"
#include "hearth/error.h"

/* A control as text, as it is written back, and as JSON. */
static const struct {
	const char *text, *canonical, *json;
	int64_t estimate_s;
} good[] = {
	{ "300", "300", "{\"limit\":300,\"increment\":0}", 300 },
	{ "300+2", "300+2", "{\"limit\":300,\"increment\":2}", 380 },
	{ "0300+02", "300+2", "{\"limit\":300,\"increment\":2}", 380 },
	{ "300+0", "300", "{\"limit\":300,\"increment\":0}", 300 },
	{ "0+2", "0+2", "{\"limit\":0,\"increment\":2}", 80 },
	{ "10+0.1", "10+0.1", "{\"limit\":10,\"increment\":0.1}", 14 },
	{ "0.500+0.025", "0.5+0.025", "{\"limit\":0.5,\"increment\":0.025}", 1 },
	{ "300b5", "300b5", "{\"kind\":\"bronstein\",\"limit\":300,\"delay\":5}", 500 },
	{ "300d5", "300d5", "{\"kind\":\"delay\",\"limit\":300,\"delay\":5}", 500 },
	{ "40/9000", "40/9000",
		"{\"kind\":\"fischer\",\"stages\":[{\"moves\":40,\"limit\":9000,\"increment\":0}]}",
		9000 },
	{ "40/5400+30:1800+30", "40/5400+30:1800+30",
		"{\"kind\":\"fischer\",\"stages\":[{\"moves\":40,\"limit\":5400,\"increment\":30},"
		"{\"limit\":1800,\"increment\":30}]}",
		6600 },
	{ "30/100d3:15/50d3:5/20:10", "30/100d3:15/50d3:5/20:10",
		"{\"kind\":\"delay\",\"stages\":[{\"moves\":30,\"limit\":100,\"delay\":3},"
		"{\"moves\":15,\"limit\":50,\"delay\":3},{\"moves\":5,\"limit\":20,\"delay\":0},"
		"{\"limit\":10,\"delay\":0}]}",
		270 },
	{ "1800+5x30", "1800+5x30",
		"{\"kind\":\"byo-yomi\",\"limit\":1800,\"periods\":5,\"period\":30}", 3000 },
	{ "0+1x10", "0+1x10", "{\"kind\":\"byo-yomi\",\"limit\":0,\"periods\":1,\"period\":10}",
		400 },
	{ "*180", "*180", "{\"kind\":\"hourglass\",\"limit\":180}", 180 },
	{ "1/259200", "1/259200", "{\"kind\":\"correspondence\",\"days\":3}", 10368000 },
	{ "1/31536000", "1/31536000", "{\"kind\":\"correspondence\",\"days\":365}", 1261440000 },
	{ "1/3600", "1/3600",
		"{\"kind\":\"fischer\",\"stages\":[{\"moves\":1,\"limit\":3600,\"increment\":0}]}",
		144000 },
	{ "-", "-", "{\"kind\":\"unlimited\"}", INT64_MAX },
};

static struct game_control parsed(const char *text)
{
	struct game_control c;
	const char *why = NULL;

	ck_assert_msg(game_control_parse(slice_str(text), &c, &why) == 0, "%s: %s", text, why);
	ck_assert_ptr_null(why);
	ck_assert_ptr_null(game_control_fault(&c));
	return c;
}

static int read_json(const char *text, struct game_control *c)
{
	struct arena *a = arena_new();
	struct json *doc;
	const char *why = NULL;
	int rc;

	ck_assert_int_eq(json_read(a, slice_str(text), &doc, NULL), 0);
	rc = game_control_read(doc, c, &why);
	ck_assert(rc == 0 || why);
	arena_free(&a);
	return rc;
}

START_TEST(text_and_json_say_the_same)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct game_control c = parsed(good[i].text), again;
		char text[GAME_CONTROL_TEXT_MAX];
		struct strbuf json = { 0 };
		struct json_writer w;

		game_control_print(&c, text);
		ck_assert_str_eq(text, good[i].canonical);
		again = parsed(text);
		ck_assert(game_control_equal(&c, &again));
		json_writer_init(&w, &json);
		game_control_write(&w, &c);
		ck_assert_str_eq(json.p, good[i].json);
		ck_assert_int_eq(read_json(json.p, &again), 0);
		ck_assert(game_control_equal(&c, &again));
		ck_assert_int_eq(game_control_estimate_s(&c), good[i].estimate_s);
		strbuf_free(&json);
	}
}
END_TEST

START_TEST(what_is_none_is_refused)
{
	static const char *const bad[] = { "", "?", " 300", "300 ", "300+", "+2", "300+2+2",
		"300x2", "0", "0b5", "0d5", "0+0", "*0", "*", "*5+1", "-5", "--", "300+-2", "1e3",
		"3.", ".5", "3.1234", "0x10", "300d", "300d5b3", "40/", "/300", "0/300",
		"40/300:", ":300", "300:300", "40/300+2:300d2", "40/300+2:60+5x30", "40/300+5x30",
		"1001/300", "300+3601", "604801", "1800+0x30", "1800+100x30", "1800+5x0", "1800+5x",
		"1800+x5", "1800+5x30x2", "1/31622400", "1/2592000001", "99999999999999999999",
		"1/10:1/10:1/10:1/10:10", "40/0:300", "1800+1.5x30" };
	struct game_control c, before;

	memset(&c, 0x5A, sizeof(c));
	before = c;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;

		ck_assert_msg(game_control_parse(slice_str(bad[i]), &c, &why) == HEARTH_EINVAL,
			"%s", bad[i]);
		ck_assert(memcmp(&c, &before, sizeof(c)) == 0);
		ck_assert_ptr_nonnull(why);
		ck_assert_int_eq(game_control_parse(SLICE("300\0"), &c, &why), HEARTH_EINVAL);
	}
}
END_TEST

/* Cut at every byte it is either refused, or what it then says. */
START_TEST(any_cut_is_refused_or_read_back)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t n = 0; n < strlen(good[i].text); n++) {
			char text[GAME_CONTROL_TEXT_MAX];
			struct game_control c, again;
			const char *why = NULL;

			/* On the heap, so that a byte read too far is seen. */
			char *cut = memcpy(malloc(n + 1), good[i].text, n + 1);

			if (game_control_parse(slice_of(cut, n), &c, &why) == 0) {
				game_control_print(&c, text);
				again = parsed(text);
				ck_assert(game_control_equal(&c, &again));
			} else {
				ck_assert_ptr_nonnull(why);
			}
			free(cut);
		}
}
END_TEST

START_TEST(json_that_is_none_is_refused)
{
	static const char *const bad[] = { "null", "5", "[]", "{}", "{\"limit\":\"300\"}",
		"{\"limit\":-1}", "{\"limit\":3e2}", "{\"limit\":0}",
		"{\"limit\":300,\"increment\":-1}", "{\"limit\":300,\"increment\":3601}",
		"{\"kind\":\"sundial\",\"limit\":5}", "{\"kind\":5,\"limit\":5}",
		"{\"kind\":\"byo-yomi\",\"limit\":5}",
		"{\"kind\":\"byo-yomi\",\"limit\":5,\"periods\":1.5,\"period\":5}",
		"{\"kind\":\"correspondence\"}", "{\"kind\":\"correspondence\",\"days\":400}",
		"{\"kind\":\"hourglass\"}", "{\"stages\":[]}", "{\"stages\":{}}",
		"{\"stages\":[5]}", "{\"stages\":[{\"limit\":5},{\"limit\":5}]}",
		"{\"stages\":[{\"moves\":1,\"limit\":86400}]}",
		("{\"stages\":[{\"moves\":1,\"limit\":5},{\"moves\":1,\"limit\":5},{\"moves\":1,"
		 "\"limit\":5},{\"moves\":1,\"limit\":5},{\"limit\":5}]}"),
		"\"\"", "\"300+\"" };
	struct game_control c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(read_json(bad[i], &c) == HEARTH_EINVAL, "%s", bad[i]);
	ck_assert_int_eq(read_json("\"40/60:30\"", &c), 0);
	ck_assert_int_eq(c.stages[0].moves, 40);
	ck_assert_int_eq(read_json("{\"limit\":300}", &c), 0);
	ck_assert_int_eq(c.stages[0].bonus_ms, 0);
}
END_TEST

START_TEST(stages_begin_with_the_move_that_ends_the_one_before)
{
	struct game_control c = parsed("3/100+1:2/50+2:20+3");
	const int bonus_s[] = { 1, 1, 1, 2, 2, 3, 3, 3 };
	const int time_s[] = { 0, 0, 0, 50, 0, 20, 0, 0 };

	for (int moves = 0; moves < 8; moves++) {
		ck_assert_int_eq(game_control_stage(&c, moves)->bonus_ms, bonus_s[moves] * 1000);
		ck_assert_int_eq(game_control_stage_time_ms(&c, moves), time_s[moves] * 1000);
	}
	/* A last one with moves comes again. */
	c = parsed("2/30:3/10");
	for (int moves = 1; moves < 20; moves++)
		ck_assert_int_eq(game_control_stage_time_ms(&c, moves),
			moves >= 2 && (moves - 2) % 3 == 0 ? 10000 : 0);
	ck_assert_int_eq(
		game_control_stage_time_ms(&c, INT32_MAX / 2), (INT32_MAX / 2 - 2) % 3 ? 0 : 10000);
}
END_TEST

TEST_MAIN("time control", text_and_json_say_the_same, what_is_none_is_refused,
	any_cut_is_refused_or_read_back, json_that_is_none_is_refused,
	stages_begin_with_the_move_that_ends_the_one_before)
