/*
 * password_rules.h: what a password may be (NIST SP 800-63B section 5.1.1.2): long enough, not
 * common, not the person's own name; no rules of composition.
 *
 * A password is the text, not its bytes: it is brought into form NFKC before anything is checked or
 * hashed, so that every keyboard and system gives the same one. All functions are pure; any thread.
 */
#ifndef AUTH_PASSWORD_RULES_H
#define AUTH_PASSWORD_RULES_H

#include "hearth/str.h"

#define AUTH_PASSWORD_MIN 8   /* characters, the least that the INI file may ask for */
#define AUTH_PASSWORD_MAX 256 /* bytes as typed: at least 64 characters of any script */
/* Bytes in form NFKC with a NUL: U+FDFA becomes 11 times as long, and nothing grows more. */
#define AUTH_PASSWORD_NFKC (AUTH_PASSWORD_MAX * 11 + 1)

/* What a password is checked against. */
struct password_rules {
	int64_t min;          /* characters */
	const char *address;  /* of the account; NULL when there is none yet */
	struct slice name;    /* display name; may be empty */
	const char *hostname; /* [server] hostname */
};

/*
 * Writes the form NFKC of a password to `out`, NUL-terminated, and its length to *n. HEARTH_EINVAL
 * when it is longer than AUTH_PASSWORD_MAX, no UTF-8, or has control characters. The caller wipes
 * `out`.
 */
int password_normalise(struct slice password, char out[AUTH_PASSWORD_NFKC], size_t *n);

/*
 * The same with case folded (and without invisible characters): what is compared with lists and
 * names. Never for hashing.
 */
int password_fold(struct slice password, char out[AUTH_PASSWORD_NFKC], size_t *n);

/*
 * Whether a password may be chosen: 0, or HEARTH_EINVAL with a sentence for a person in `why`.
 */
int password_check(struct slice password, const struct password_rules *rules, char why[160]);

/* Whether a folded text is in the list of common passwords. Some microseconds. */
bool password_is_common(struct slice folded);

#endif
