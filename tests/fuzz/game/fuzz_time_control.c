/*
 * fuzz_time_control.c: any bytes as a time control, as text and as JSON. What is taken is without
 * fault, is written so that it reads back the same, and a clock keeps to it.
 */
#include <assert.h>

#include "engine/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct game_control *c)
{
	struct game_control again;
	char text[GAME_CONTROL_TEXT_MAX];
	struct game_clock clock;
	const char *why = NULL;

	assert(!game_control_fault(c));
	game_control_print(c, text);
	assert(game_control_parse(slice_str(text), &again, &why) == 0);
	assert(game_control_equal(c, &again));
	assert(game_control_estimate_s(c) > 0 || c->stages[0].time_ms < 1000);
	game_clock_init(&clock, c, 2);
	game_clock_start(&clock, 0, 0);
	for (int i = 0; i < 50; i++) {
		game_clock_press(&clock, (i + 1) % 2, i * INT64_C(1000000), 0);
		assert(game_clock_left_us(&clock, 0, i) >= 0 && game_clock_room_us(&clock) >= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct game_control c;
	struct arena *a = arena_new();
	struct json *doc;
	const char *why = NULL;

	if (game_control_parse(in, &c, &why) == 0)
		check(&c);
	else
		assert(why);
	if (json_read(a, in, &doc, NULL) == 0 && game_control_read(doc, &c, &why) == 0)
		check(&c);
	arena_free(&a);
	return 0;
}
