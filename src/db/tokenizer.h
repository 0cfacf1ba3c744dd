/*
 * tokenizer.h: the one tokenizer of the house: every three characters (code points) that follow
 * each other are a token, overlapping. "haus" gives "hau" and "aus". So a string is found in any
 * script, without knowing where words begin.
 *
 * A byte that is not UTF-8 counts as a character of its own, so a token has at most twelve bytes.
 * No token has a NUL in it: FTS5 (of SQLite 3.40) writes tokens by strlen, and an index into which
 * two such tokens went cannot be merged any more. Pure.
 */
#ifndef HEARTH_SRC_DB_TOKENIZER_H
#define HEARTH_SRC_DB_TOKENIZER_H

#include "hearth/str.h"

typedef int token_fn(void *arg, struct slice token, size_t offset);

/* Calls each(arg, token, offset) for every token; a result other than 0 ends it and is returned. */
int tokens_each(struct slice text, token_fn *each, void *arg);

#endif
