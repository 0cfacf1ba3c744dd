/*
 * str.h: text and bytes that somebody else owns (slice), and text under construction (strbuf).
 *
 * A slice never owns: it is valid as long as what it points into. Bytes in a slice may hold NUL and
 * need no terminator. Letters compare by ASCII unless a function says otherwise (text.h has the
 * Unicode ones). Pure. A strbuf grows as far as its owner lets it: whoever fills one from outside
 * holds it against a bound of his own.
 */
#ifndef HEARTH_STR_H
#define HEARTH_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p; /* first byte; may be NULL when n is 0 */
	size_t n;      /* how many bytes */
};

/* A slice of a string literal or char array, without its NUL. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
/* For printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){ (const char *)p, n };
}

/* A NUL-terminated string as a slice; NULL gives the empty slice. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

/* The bytes from `from` (clamped) to the end. */
static inline struct slice slice_skip(struct slice s, size_t from)
{
	if (from > s.n)
		from = s.n;
	/* An empty slice may be NULL, to which nothing may be added, not even 0. */
	return from ? (struct slice){ s.p + from, s.n - from } : s;
}

/* The first `n` bytes (clamped). */
static inline struct slice slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.p, n < s.n ? n : s.n };
}

/* Byte-for-byte equal. */
bool slice_eq(struct slice a, struct slice b);
/* Equal with ASCII letters folded. */
bool slice_ieq(struct slice a, struct slice b);
/* `s` begins with `prefix`, exactly; or with ASCII letters folded. */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_istarts(struct slice s, struct slice prefix);
/* Order as memcmp, the shorter first. */
int slice_cmp(struct slice a, struct slice b);
/* Offset of the first `c` or of the first `needle` in `s`; -1 when absent. */
ptrdiff_t slice_chr(struct slice s, char c);
ptrdiff_t slice_find(struct slice s, struct slice needle);
/* Without leading and trailing space, tab, CR and LF. */
struct slice slice_trim(struct slice s);
/*
 * Takes the part before the first `c` off the front of *rest, which then starts behind that `c`.
 * Without a `c` the whole rest is taken and *rest is empty with p == NULL: a loop
 * `while (rest.p) { part = slice_split(&rest, ','); … }` sees every part, also empty ones.
 */
struct slice slice_split(struct slice *rest, char c);
/*
 * Unsigned decimal or signed decimal number that fills the whole slice, without sign for u64 and
 * within [min, max]. Returns 0, or HEARTH_EINVAL and leaves *out as it was.
 */
int slice_u64(struct slice s, uint64_t max, uint64_t *out);
int slice_i64(struct slice s, int64_t min, int64_t max, int64_t *out);

/*
 * Lower-case hexadecimal: writes 2n characters and a NUL to `out`, which has room for 2n + 1.
 * And back: exactly n bytes from 2n digits of either case; HEARTH_EINVAL otherwise.
 */
void hex_encode(const void *bytes, size_t n, char *out);
int hex_decode(struct slice hex, void *out, size_t n);

/* Text under construction. Zero-initialised is empty and ready; grows by doubling. */
struct strbuf {
	char *p;    /* NUL-terminated when not NULL; owned */
	size_t n;   /* bytes in use, without the NUL */
	size_t cap; /* bytes allocated */
};

/* Releases the memory and makes it empty again. */
void strbuf_free(struct strbuf *b);
/* Empties it and keeps the memory. */
void strbuf_reset(struct strbuf *b);
/* Makes room for `extra` more bytes (and a NUL) and returns where they begin. */
char *strbuf_reserve(struct strbuf *b, size_t extra);
/* Counts `n` bytes as used that the caller wrote into the reserved room. */
void strbuf_commit(struct strbuf *b, size_t n);
void strbuf_add(struct strbuf *b, struct slice s);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Removes `n` bytes (clamped) from the front. */
void strbuf_consume(struct strbuf *b, size_t n);
/* What it holds, valid until the next change. */
static inline struct slice strbuf_slice(const struct strbuf *b)
{
	return (struct slice){ b->p, b->n };
}

#endif
