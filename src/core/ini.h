/*
 * ini.h: the INI file as a stream of events: bytes in, one event a call. Pure: it allocates
 * nothing, and the slices of an event lie in the text.
 *
 *	# a comment, also with ';'; only as a line of its own
 *	[section]
 *	key = value        to the end of the line, without white space around it
 *	key = " value "    with it; the quotes are taken off, nothing is escaped
 *
 * Sections and keys are made of a-z 0-9 _ and '-'. Lines end in LF or CRLF; the text is UTF-8,
 * with or without a byte order mark, and holds no other control character than the tab.
 */
#ifndef CORE_INI_H
#define CORE_INI_H

#include "hearth/str.h"

enum ini_type {
	INI_END,
	INI_SECTION, /* section */
	INI_SETTING, /* section, key, value */
	INI_ERROR,   /* error; the line is skipped, reading can go on */
};

struct ini_event {
	enum ini_type type;
	int line; /* from 1 */
	struct slice section, key, value;
	const char *error; /* static */
};

struct ini_parser {
	struct slice rest; /* p is NULL at the end */
	struct slice section;
	int line;
};

void ini_init(struct ini_parser *p, struct slice text);
struct ini_event ini_next(struct ini_parser *p);

#endif
