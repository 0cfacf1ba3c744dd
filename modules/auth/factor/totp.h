/*
 * totp.h: codes of an authenticator app: HOTP (RFC 4226) with the time as its counter (RFC 6238).
 *
 * Pure: no clock, no database; any thread. Who calls it keeps the secret and the step of the last
 * code that was taken.
 */
#ifndef AUTH_TOTP_H
#define AUTH_TOTP_H

#include "hearth/str.h"

#define TOTP_STEP_S     30 /* RFC 6238 section 5.2 */
#define TOTP_DIGITS     6  /* what every authenticator app shows */
#define TOTP_DIGITS_MAX 8  /* what RFC 6238 has in its examples */
#define TOTP_WINDOW     1  /* steps that a clock may be wrong, either way */
#define TOTP_SECRET     20 /* bytes; RFC 4226 section 4, R6 */
#define TOTP_BASE32     33 /* such a secret as text, with its NUL */

/* HMAC-SHA-1 is what every app knows; RFC 6238 section 1.2 also allows the others. */
enum totp_hash {
	TOTP_SHA1,
	TOTP_SHA256,
	TOTP_SHA512,
};

/* The HOTP value of a counter as `digits` decimal digits (6 to TOTP_DIGITS_MAX) and a NUL. */
void totp_code(enum totp_hash hash, struct slice secret, uint64_t counter, int digits,
	char out[TOTP_DIGITS_MAX + 1]);

/* The step that a second since 1970 falls into. */
int64_t totp_step(int64_t now_s);

/*
 * Whether `code` (six ASCII digits) is that of the present step or one beside it and of a step
 * behind `last_step`, so that no code is good twice (RFC 6238 section 5.2). 0 with the code's
 * step in *step, which the caller keeps as the next last_step; HEARTH_EDENIED. The time it takes
 * tells nothing about how much was right.
 */
int totp_check(
	struct slice secret, struct slice code, int64_t now_s, int64_t last_step, int64_t *step);

/*
 * Reads a code as a person types it: ASCII digits, with spaces or hyphens between them. Exactly
 * six, to out with a NUL; HEARTH_EINVAL otherwise (digits of other scripts too).
 */
int totp_digits(struct slice text, char out[TOTP_DIGITS + 1]);

/* Base32 (RFC 4648 section 6) without padding, as authenticator apps take it; appends. */
void totp_base32(struct strbuf *out, struct slice bytes);

/*
 * Appends otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER, the address that apps read from
 * the QR code (the de facto key URI format of Google Authenticator).
 */
void totp_uri(struct strbuf *out, struct slice issuer, struct slice account, struct slice secret);

#endif
