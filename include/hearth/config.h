/*
 * config.h: the INI file, typed.
 *
 * A setting is a row: section, key, type, default, range, one line of documentation. The program
 * and each module declare their rows; reading a file checks every line against them, and an error
 * names file, line, what was found, what was expected and the nearest known key. Values are read
 * once at start and never change while the program runs. Settings are declared and read on the main
 * thread before anything else runs; getters are for any thread, since nothing changes. A file has
 * at most a megabyte.
 */
#ifndef HEARTH_CONFIG_H
#define HEARTH_CONFIG_H

#include "hearth/arena.h"

enum config_type {
	CONFIG_TEXT,     /* any text */
	CONFIG_BOOL,     /* yes, no, true, false, on, off */
	CONFIG_INT,      /* decimal */
	CONFIG_SIZE,     /* bytes: 512, 16K, 50M, 2G (binary multiples) */
	CONFIG_DURATION, /* milliseconds: 250ms, 30s, 10m, 24h, 7d */
	CONFIG_LIST,     /* words split by commas or white space */
	CONFIG_ADDRESS,  /* host:port, [ipv6]:port, :port, or off */
	CONFIG_CHOICE,   /* one of the words in `choices` */
};

struct config_setting {
	const char *section; /* NULL in a module's table: the module's own name */
	const char *key;
	enum config_type type;
	const char *value;     /* the default, written as in a file */
	const char *min, *max; /* bounds written as in a file; NULL for none */
	const char *choices;   /* CONFIG_CHOICE: "a|b|c" */
	const char *doc;       /* one line for people */
};

/* The end of a table. */
#define CONFIG_END          \
	{                   \
		.key = NULL \
	}

struct config;

/* An empty configuration. */
struct config *config_new(void);
void config_free(struct config **c);

/*
 * Adds rows (up to CONFIG_END). Rows without a section get `section`. The table is kept, not
 * copied, so it is static. Declaring a key twice ends the process: it is a mistake in the program.
 */
void config_declare(struct config *c, const char *section, const struct config_setting *rows);

/*
 * Reads a file, or text that is called `file` in errors; sets one "section.key=value" (--set).
 * 0, or HEARTH_EINVAL / HEARTH_EIO with one line for each mistake appended to `errors`. A key of
 * a section whose module is not built in is still an error.
 */
int config_read_file(struct config *c, const char *file, struct strbuf *errors);
int config_read_text(struct config *c, const char *file, struct slice text, struct strbuf *errors);
int config_set(struct config *c, const char *assignment, struct strbuf *errors);

/*
 * Values: as set or the default. Asking for an undeclared key or as another type ends the process.
 * Texts live as long as the configuration. Reading is allowed on any thread once start is over.
 * A CONFIG_CHOICE is read as text.
 */
const char *config_text(const struct config *c, const char *section, const char *key);
bool config_bool(const struct config *c, const char *section, const char *key);
int64_t config_int(const struct config *c, const char *section, const char *key);
int64_t config_size(const struct config *c, const char *section, const char *key);
int64_t config_duration_ms(const struct config *c, const char *section, const char *key);
const char *const *config_list(
	const struct config *c, const char *section, const char *key); /* NULL-ended */

struct config_address {
	bool off;
	char host[64]; /* empty: every address of both families */
	int port;      /* 0 asks the system for a free one */
};
struct config_address config_address(const struct config *c, const char *section, const char *key);
/* Parses "host:port" as CONFIG_ADDRESS does; HEARTH_EINVAL. */
int config_address_parse(struct slice text, struct config_address *out);

/*
 * Appends a line to `errors` that blames the value of a setting: where it was set (file and line,
 * or
 * --set), its name, and the text that says what was found and what is to be done.
 */
__attribute__((format(printf, 5, 6))) void config_blame(const struct config *c, const char *section,
	const char *key, struct strbuf *errors, const char *format, ...);

/* Appends every row with its documentation and default as an INI file: config/hearth.ini. */
void config_write_example(const struct config *c, struct strbuf *out);

#endif
