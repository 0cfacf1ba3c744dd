/*
 * imap_args.h: the arguments of each command, parsed from its whole text. Private to the IMAP
 * parser; what a session uses is imap_parse.h.
 *
 * Pure; bounded by the text, which imap_limits bounds.
 */
#ifndef HEARTH_MAIL_IMAP_ARGS_H
#define HEARTH_MAIL_IMAP_ARGS_H

#include "imap/grammar/imap_lex.h"

/*
 * Parses a command without its last CRLF. `text` must live as long as the arena. Returns the
 * command in the arena, or NULL with *refusal.
 */
struct imap_command *imap_command_parse(
	struct arena *a, struct slice text, struct imap_refusal *refusal);

/*
 * The tag in front of `text`, of which a space or the line end must be there too. Empty when it has
 * none or one that is too long: a refusal is then untagged.
 */
struct slice imap_command_tag(struct slice text);

/*
 * What the literal is that `text` ends in with {n} or {n+}: false when it is an argument like any
 * other. True when it is the message of an APPEND; then either *out is that command but for its
 * size and sync, in the arena, or NULL and *refusal says what is wrong before the message. The text
 * is copied, if anything comes of it.
 */
bool imap_append_parse(struct arena *a, struct slice text, struct imap_command **out,
	struct imap_refusal *refusal);

/* Arguments of one command each, behind "VERB SP". */
bool imap_parse_list(struct imap_lex *lex, struct imap_command *c);
bool imap_parse_lsub(struct imap_lex *lex, struct imap_command *c);
bool imap_parse_status(struct imap_lex *lex, struct imap_command *c);
bool imap_parse_create(struct imap_lex *lex, struct imap_command *c);
bool imap_parse_search(struct imap_lex *lex, struct imap_command *c);
bool imap_parse_fetch(struct imap_lex *lex, struct imap_command *c);

#endif
