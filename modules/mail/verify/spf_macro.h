/*
 * verify/spf_macro.h: macros of SPF records (RFC 7208 section 7). Pure, any thread.
 */
#ifndef MAIL_VERIFY_SPF_MACRO_H
#define MAIL_VERIFY_SPF_MACRO_H

#include "hearth/str.h"

/* What letters stand for; the text of none but `validated` and `receiver` may be missing. */
struct spf_macros {
	struct slice local, sender_domain; /* %{l}, %{o}, and with an @ between them %{s} */
	struct slice domain;               /* %{d}: whose record it is */
	struct slice address;   /* %{i}: "192.0.2.1", or 32 digits with dots between them */
	struct slice readable;  /* %{c}: the address as people write it */
	bool v6;                /* %{v} */
	struct slice helo;      /* %{h} */
	struct slice validated; /* %{p}; empty: unknown */
	struct slice receiver;  /* %{r} */
	int64_t now_s;          /* %{t} */
};

enum spf_macro_place {
	SPF_MACRO_DOMAIN, /* a domain-spec: ends in a top label or a macro */
	SPF_MACRO_STRING, /* the value of a modifier nobody knows */
	SPF_MACRO_TEXT,   /* an explanation: spaces, and the letters c, r and t too */
};

/* Whether the text is well-formed for its place; *names: it has %{p}. */
bool spf_macro_is_good(struct slice text, enum spf_macro_place place, bool *names);
/* Appends the text with its macros replaced; it is well-formed. Grows by SPF_MACRO_MAX at most. */
#define SPF_MACRO_MAX 4096
void spf_macro_expand(struct strbuf *out, struct slice text, const struct spf_macros *m);
/* The same as a name to ask for: without labels on the left where it is too long (section 7.3). */
void spf_macro_expand_name(struct strbuf *out, struct slice text, const struct spf_macros *m);

#endif
