/*
 * password_text.c: a password as text: the form NFKC that is hashed, the folded form that is
 * compared.
 *
 * What Unicode does not know yet is taken as it is: who likes a new emoji shall have it, and such
 * characters hardly ever get a second form later.
 *
 * Pure.
 */
#include <sodium.h>
#include <utf8proc.h>

#include "password/password_rules.h"

#include "hearth/error.h"
#include "hearth/text.h"

/* U+FDFA, three bytes, becomes 18 code points; a byte of ASCII is one. */
#define POINTS_MAX (AUTH_PASSWORD_MAX / 3 * 18 + 18)

_Static_assert(POINTS_MAX * sizeof(utf8proc_int32_t) > AUTH_PASSWORD_NFKC,
	"the code points are written as bytes in place");

static bool has_controls(struct slice s)
{
	uint32_t c;

	for (size_t at = 0, n; at < s.n; at += n) {
		n = utf8_decode(slice_skip(s, at), &c);
		if (utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_CC)
			return true;
	}
	return false;
}

static int map(struct slice s, int options, char out[AUTH_PASSWORD_NFKC], size_t *n)
{
	utf8proc_int32_t points[POINTS_MAX + 1]; /* with room for the NUL */
	utf8proc_ssize_t count = -1;

	options |= UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
	if (s.n <= AUTH_PASSWORD_NFKC)
		count = utf8proc_decompose((const utf8proc_uint8_t *)(s.p ? s.p : ""),
			(utf8proc_ssize_t)s.n, points, POINTS_MAX, options);
	if (count >= 0 && count <= POINTS_MAX)
		count = utf8proc_reencode(points, count, options);
	else
		count = -1;
	if (count >= 0 && count < AUTH_PASSWORD_NFKC) {
		memcpy(out, points, (size_t)count);
		out[count] = '\0';
		*n = (size_t)count;
	} else {
		count = -1;
	}
	sodium_memzero(points, sizeof(points));
	return count < 0 ? HEARTH_EINVAL : 0;
}

int password_normalise(struct slice password, char out[AUTH_PASSWORD_NFKC], size_t *n)
{
	if (password.n > AUTH_PASSWORD_MAX || !utf8_valid(password) || has_controls(password))
		return HEARTH_EINVAL;
	return map(password, 0, out, n);
}

int password_fold(struct slice password, char out[AUTH_PASSWORD_NFKC], size_t *n)
{
	return map(password, UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, out, n);
}
