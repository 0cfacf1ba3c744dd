/*
 * fuzz_ini.c: any bytes as an INI file: first the parser's events alone, then as settings of every
 * type. A file is refused exactly when errors were written, one a line.
 */
#include "core/ini.h"
#include "hearth/config.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config_setting rows[] = {
	{ "a", "text", CONFIG_TEXT, "", NULL, NULL, NULL, "" },
	{ "a", "bool", CONFIG_BOOL, "no", NULL, NULL, NULL, "" },
	{ "a", "int", CONFIG_INT, "0", "-9", "9", NULL, "" },
	{ "a", "size", CONFIG_SIZE, "0", NULL, "1G", NULL, "" },
	{ "a", "time", CONFIG_DURATION, "0", "0s", NULL, NULL, "" },
	{ "b", "list", CONFIG_LIST, "", NULL, NULL, NULL, "" },
	{ "b", "address", CONFIG_ADDRESS, "off", NULL, NULL, NULL, "" },
	{ "b", "choice", CONFIG_CHOICE, "x", NULL, NULL, "x|y", "" },
	CONFIG_END,
};

static bool inside(struct slice part, struct slice whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

static void check_events(struct slice text)
{
	struct ini_parser p;
	struct ini_event e;
	int line = 0;

	ini_init(&p, text);
	while ((e = ini_next(&p)).type != INI_END) {
		assert(e.line > line);
		line = e.line;
		assert((e.type == INI_ERROR) == (e.error != NULL));
		if (e.type == INI_SETTING)
			assert(inside(e.section, text) && inside(e.key, text) &&
				inside(e.value, text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct config *c = config_new();
	struct strbuf errors = { 0 };
	int result;

	check_events(text);
	config_declare(c, NULL, rows);
	result = config_read_text(c, "f", text, &errors);
	assert((result == 0) == (errors.n == 0));
	assert(config_int(c, "a", "int") >= -9 && config_int(c, "a", "int") <= 9);
	assert(config_size(c, "a", "size") <= 1 << 30);
	strbuf_free(&errors);
	config_free(&c);
	return 0;
}
