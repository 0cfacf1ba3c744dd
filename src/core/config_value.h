/*
 * config_value.h: the types that a setting can have, from text. Pure.
 */
#ifndef CORE_CONFIG_VALUE_H
#define CORE_CONFIG_VALUE_H

#include "hearth/config.h"

struct config_value {
	const char *text; /* as written, in the arena */
	int64_t number;   /* CONFIG_BOOL, CONFIG_INT, CONFIG_SIZE, CONFIG_DURATION */
	const char *const *list;
	struct config_address address;
};

/*
 * Parses `text` as `row` wants it, within its bounds. Returns NULL, or what is wrong with it, such
 * as `found "x", expected a whole number`. That and what *out points to lie in `a`.
 */
const char *config_value_parse(struct arena *a, const struct config_setting *row, struct slice text,
	struct config_value *out);
/* What a row expects, such as `a size such as 16K or 50M, at least 1K`, in `a`. */
const char *config_value_expected(struct arena *a, const struct config_setting *row);

#endif
