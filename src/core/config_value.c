/*
 * config_value.c: the types that a setting can have: how each is written, bounded and described.
 */
#include "core/config_value.h"
#include "hearth/error.h"
#include "hearth/log.h"

#include <arpa/inet.h>

/* A unit and what it stands for. */
struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "K", 1 << 10 },
	{ "M", 1 << 20 },
	{ "G", 1 << 30 },
	{ "T", (int64_t)1 << 40 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60000 },
	{ "h", 3600000 },
	{ "d", 86400000 },
	{ NULL, 0 },
};

static int parse_bool(struct slice text, int64_t *out)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_ieq(text, slice_str(words[i]))) {
			*out = i % 2;
			return 0;
		}
	}
	return HEARTH_EINVAL;
}

/* Digits and one of the units; small letters count as capitals, as nobody means millibytes. */
static int parse_units(struct slice text, const struct unit *units, int64_t *out)
{
	size_t digits = 0;
	int64_t number;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	for (const struct unit *u = units; u->name; u++) {
		if (!slice_ieq(slice_skip(text, digits), slice_str(u->name)))
			continue;
		if (slice_i64(slice_head(text, digits), 0, INT64_MAX / u->factor, &number))
			return HEARTH_EINVAL;
		*out = number * u->factor;
		return 0;
	}
	return HEARTH_EINVAL;
}

static int parse_duration(struct slice text, int64_t *out)
{
	/* Nothing is nothing in every unit. */
	return slice_eq(text, SLICE("0")) ? slice_i64(text, 0, 0, out)
					  : parse_units(text, duration_units, out);
}

/* The number behind a type that has one. */
static int parse_number(enum config_type type, struct slice text, int64_t *out)
{
	switch (type) {
	case CONFIG_BOOL: return parse_bool(text, out);
	case CONFIG_INT: return slice_i64(text, INT64_MIN, INT64_MAX, out);
	case CONFIG_SIZE: return parse_units(text, size_units, out);
	case CONFIG_DURATION: return parse_duration(text, out);
	default: return HEARTH_EINVAL;
	}
}

static bool in_bounds(const struct config_setting *row, int64_t number)
{
	int64_t bound;

	if (row->min) {
		INVARIANT(parse_number(row->type, slice_str(row->min), &bound) == 0);
		if (number < bound)
			return false;
	}
	if (row->max) {
		INVARIANT(parse_number(row->type, slice_str(row->max), &bound) == 0);
		if (number > bound)
			return false;
	}
	return true;
}

static bool is_choice(const char *choices, struct slice text)
{
	struct slice rest = slice_str(choices);

	while (rest.p)
		if (slice_eq(slice_split(&rest, '|'), text))
			return true;
	return false;
}

/* The next word of a list, cut off the front; empty at the end. */
static struct slice next_word(struct slice *rest)
{
	static const char between[] = ", \t\r\n";
	struct slice word;

	while (rest->n && memchr(between, rest->p[0], sizeof(between) - 1))
		*rest = slice_skip(*rest, 1);
	word = slice_head(*rest, 0);
	while (word.n < rest->n && !memchr(between, word.p[word.n], sizeof(between) - 1))
		word.n++;
	*rest = slice_skip(*rest, word.n);
	return word;
}

static const char *const *parse_list(struct arena *a, struct slice text)
{
	struct slice rest = text, word;
	const char **list;
	size_t n = 0;

	while (next_word(&rest).n)
		n++;
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	n = 0;
	while ((word = next_word(&text)).n)
		list[n++] = arena_strdup(a, word);
	list[n] = NULL;
	return list;
}

/* A host name, an IPv4 address, or nothing. */
static bool is_host(struct slice s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	for (size_t i = 0; i < s.n; i++)
		if (!memchr(letters, s.p[i], sizeof(letters) - 1))
			return false;
	return true;
}

static bool is_ipv6(const char *host)
{
	struct in6_addr parsed;

	return inet_pton(AF_INET6, host, &parsed) == 1;
}

int config_address_parse(struct slice text, struct config_address *out)
{
	struct config_address address = { 0 };
	struct slice host, port;
	bool bracketed;
	uint64_t number;
	size_t colon = text.n;

	if (slice_eq(text, SLICE("off"))) {
		*out = (struct config_address){ .off = true };
		return 0;
	}
	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return HEARTH_EINVAL;
	host = slice_head(text, colon - 1);
	port = slice_skip(text, colon);
	bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (bracketed)
		host = slice_head(slice_skip(host, 1), host.n - 2);
	if (host.n >= sizeof(address.host) || slice_u64(port, 65535, &number))
		return HEARTH_EINVAL;
	if (host.n)
		memcpy(address.host, host.p, host.n);
	if (bracketed ? !is_ipv6(address.host) : !is_host(host))
		return HEARTH_EINVAL;
	address.port = (int)number;
	*out = address;
	return 0;
}

static int parse(struct arena *a, const struct config_setting *row, struct slice text,
	struct config_value *out)
{
	switch (row->type) {
	case CONFIG_TEXT: return 0;
	case CONFIG_LIST: out->list = parse_list(a, text); return 0;
	case CONFIG_ADDRESS: return config_address_parse(text, &out->address);
	case CONFIG_CHOICE: return is_choice(row->choices, text) ? 0 : HEARTH_EINVAL;
	case CONFIG_BOOL:
	case CONFIG_INT:
	case CONFIG_SIZE:
	case CONFIG_DURATION: break;
	}
	if (parse_number(row->type, text, &out->number) || !in_bounds(row, out->number))
		return HEARTH_EINVAL;
	return 0;
}

const char *config_value_parse(struct arena *a, const struct config_setting *row, struct slice text,
	struct config_value *out)
{
	struct config_value value = { .text = arena_strdup(a, text) };

	if (parse(a, row, text, &value))
		return arena_printf(
			a, "found \"%s\", expected %s", value.text, config_value_expected(a, row));
	*out = value;
	return NULL;
}

/* "a|b|c" as "a, b, c". */
static const char *list_choices(struct arena *a, const char *choices)
{
	struct slice rest = slice_str(choices);
	const char *text = "one of";

	while (rest.p) {
		struct slice word = slice_split(&rest, '|');

		text = arena_printf(a, "%s %.*s%s", text, SLICE_ARG(word), rest.p ? "," : "");
	}
	return text;
}

static const char *expected_type(struct arena *a, const struct config_setting *row)
{
	switch (row->type) {
	case CONFIG_TEXT: return "text";
	case CONFIG_BOOL: return "yes or no";
	case CONFIG_INT: return "a whole number";
	case CONFIG_SIZE: return "a size such as 512, 16K, 50M or 2G";
	case CONFIG_DURATION: return "a duration such as 250ms, 30s, 10m, 24h or 7d";
	case CONFIG_LIST: return "words with commas or spaces between";
	case CONFIG_ADDRESS: return "host:port, [ipv6]:port, :port or off";
	case CONFIG_CHOICE: return list_choices(a, row->choices);
	}
	return "";
}

const char *config_value_expected(struct arena *a, const struct config_setting *row)
{
	const char *type = expected_type(a, row);

	if (row->min && row->max)
		return arena_printf(a, "%s, from %s to %s", type, row->min, row->max);
	if (row->min)
		return arena_printf(a, "%s, at least %s", type, row->min);
	return row->max ? arena_printf(a, "%s, at most %s", type, row->max) : type;
}
