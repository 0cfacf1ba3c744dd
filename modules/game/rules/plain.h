/*
 * plain.h: what several games have in common and no game has to write anew (rules.h). Pure.
 */
#ifndef GAME_PLAIN_H
#define GAME_PLAIN_H

#include "rules/rules.h"

/* A number for `n` bytes: `hash` of a state whose every byte counts. */
uint64_t game_hash_bytes(const void *bytes, size_t n);
/* 0, or HEARTH_EDENIED with *why: `turn` is what `to_move` gives, `seat` who wants to move. */
int game_check_turn(uint64_t turn, unsigned seat, const char **why);
/* Writes `from` into a field of struct game_move; it fits. */
void game_put_text(char out[GAME_MOVE_MAX], const char *from);
/* Appends a word of a list that began at `from`: behind a space unless it is the first. */
void game_add_word(struct strbuf *out, size_t from, const char *word);
/* A state that goes on; or one that is over, won by a seat of two or by GAME_NOBODY. */
struct game_result game_goes_on(void);
struct game_result game_over(int winner, const char *reason);
/* `record` of a game whose field has no form for it: lines of names and values, then the moves. */
void game_record_lines(
	const struct game_rules *rules, const struct game_record *match, struct strbuf *out);

#endif
