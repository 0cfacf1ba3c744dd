/*
 * imap_lex.h: a cursor over one complete command and the tokens of RFC 3501 section 9. Private to
 * the IMAP parser.
 *
 * The text is a command without its last CRLF, literals included as they came: {n} CRLF and n
 * bytes. Each function takes one token off the front and returns true, or refuses the command with
 * what it expected and returns false; the first refusal stands.
 *
 * Pure, on whichever thread parses.
 */
#ifndef HEARTH_MAIL_IMAP_LEX_H
#define HEARTH_MAIL_IMAP_LEX_H

#include "hearth/arena.h"
#include "imap/grammar/imap_command.h"

struct imap_lex {
	struct arena *arena;
	struct slice rest;           /* what is not read yet; lives as long as the arena */
	struct imap_refusal refusal; /* text NULL while all is well */
};

/* Refuses the command: BAD with "expected `what`"; or in any words. Both return false. */
bool imap_lex_expected(struct imap_lex *lex, const char *what);
bool imap_lex_refuse(struct imap_lex *lex, const char *status, const char *code, const char *text);

/* Whether `c` is next; and takes it if so, without a refusal if not. */
bool imap_lex_at(const struct imap_lex *lex, char c);
bool imap_lex_take(struct imap_lex *lex, char c);
/* Takes `word`, folding case, when it is next as a whole word; no refusal if not. */
bool imap_lex_word(struct imap_lex *lex, struct slice word);

/* One space; the end of the command, where spaces do no harm. */
bool imap_lex_space(struct imap_lex *lex);
bool imap_lex_end(struct imap_lex *lex);

/* atom; astring; string; and nstring, whose NIL is a slice with p NULL. `what` is for people. */
bool imap_lex_atom(struct imap_lex *lex, const char *what, struct slice *out);
bool imap_lex_astring(struct imap_lex *lex, const char *what, struct slice *out);
bool imap_lex_string(struct imap_lex *lex, const char *what, struct slice *out);
bool imap_lex_nstring(struct imap_lex *lex, const char *what, struct slice *out);
/* number: 32 bits; number64 of RFC 9051: 63 bits. */
bool imap_lex_number(struct imap_lex *lex, const char *what, uint32_t *out);
bool imap_lex_number64(struct imap_lex *lex, const char *what, uint64_t *out);
bool imap_lex_seqset(struct imap_lex *lex, struct imap_seqset *out);
/* mailbox: decoded, INBOX folded. list-mailbox with wildcards, and the reference: decoded. */
bool imap_lex_mailbox(struct imap_lex *lex, struct slice *out);
bool imap_lex_pattern(struct imap_lex *lex, struct slice *out);
bool imap_lex_reference(struct imap_lex *lex, struct slice *out);
/* flag *(SP flag), and the same in parentheses, where there may be none. */
bool imap_lex_flags(struct imap_lex *lex, struct imap_flags *out);
bool imap_lex_flag_list(struct imap_lex *lex, struct imap_flags *out);

/* "(" item *(SP item) ")", or "()" too with `empty`: calls `item` for each, within the bound. */
bool imap_lex_list(struct imap_lex *lex, const char *what, bool empty,
	bool (*item)(struct imap_lex *lex, void *out), void *out);

/* One of the words of a table, each standing for a bit, ORed into *bits; n rows. */
struct imap_word {
	struct slice name;
	unsigned bit;
};
bool imap_lex_bit(struct imap_lex *lex, const char *what, const struct imap_word *words, size_t n,
	unsigned *bits);

/* Adds to a list in the arena. */
void imap_slices_add(struct arena *a, struct imap_slices *list, struct slice s);

/* Characters of an astring outside quotes. */
bool imap_is_astring_char(unsigned char c);

#endif
