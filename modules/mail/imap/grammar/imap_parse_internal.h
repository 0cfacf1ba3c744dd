/*
 * imap_parse_internal.h: what the two files of the parser of commands share: imap_parse.c, which
 * reads what is served, and imap_refuse.c, which refuses the rest and reads it over. Pure.
 *
 * Bounds: struct imap_limits.
 */
#ifndef HEARTH_MAIL_IMAP_PARSE_INTERNAL_H
#define HEARTH_MAIL_IMAP_PARSE_INTERNAL_H

#include "imap/grammar/imap_parse.h"

/* What imap_parser.state holds: drawn in imap_parse.c. */
enum imap_parser_state { LINE, LITERAL, APPEND, MESSAGE, RAW, SKIP, SKIP_LINE, CLOSED };

struct imap_literal {
	uint64_t size; /* UINT64_MAX also for anything larger */
	bool sync;     /* {n}, not {n+} */
};

/* Whether `line`, without its CRLF, announces a literal at its end. */
bool imap_literal_announced(struct slice line, struct imap_literal *out);

/* imap_parse.c: goes on with the next command: between two of them nothing is held. */
void imap_parser_begin(struct imap_parser *p);
/* The text of the command so far is not needed any more. */
void imap_parser_drop_text(struct imap_parser *p);
/* At most `left` bytes off the front of the input. */
struct slice imap_parser_take(struct imap_parser *p, struct slice *in);

/* ---- imap_refuse.c ---- */

struct imap_refusal imap_refusal_bad(const char *text);
/* Fills the event for the command in hand, which is refused. */
enum imap_event_kind imap_parser_refuse_command(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, struct imap_refusal why);
/* Refuses a command in the middle of a line, and reads the rest of the line over. */
enum imap_event_kind imap_parser_refuse_line(
	struct imap_parser *p, struct arena *a, struct imap_event *ev, const char *text);
/* Refuses a command at the literal it announces. */
enum imap_event_kind imap_parser_refuse_literal(struct imap_parser *p, struct arena *a,
	struct imap_event *ev, struct imap_refusal why, struct imap_literal literal);
/* Goes on behind a refused literal: over its bytes, or with the next command. */
void imap_parser_skip_literal(struct imap_parser *p, struct imap_literal literal);
/* A step in SKIP, and in SKIP_LINE. */
enum imap_event_kind imap_parser_skip(
	struct imap_parser *p, struct slice *in, struct imap_event *ev);
enum imap_event_kind imap_parser_skip_line(
	struct imap_parser *p, struct slice *in, struct imap_event *ev);

#endif
