/*
 * code.h: codes sent by SMS: six digits that somebody gives back to show that a phone is theirs.
 *
 * A code belongs to a purpose and a subject (what its sender chose to find it by, such as the hash
 * of a ticket). It lives [auth] sms_code_ttl, bears five attempts, and is gone once it was right.
 * The database keeps an HMAC of it under a salt of its own.
 */
#ifndef AUTH_SMS_CODE_H
#define AUTH_SMS_CODE_H

#include "sms/phone.h"
#include "sms/sms.h"

#define AUTH_CODE_DIGITS   6
#define AUTH_CODE_ATTEMPTS 5

/* Stored: numbers are never used again for another purpose. */
enum auth_code_purpose {
	AUTH_CODE_REGISTER = 1, /* a registration that waits for its phone */
	AUTH_CODE_LOGIN = 2,    /* the second step of a log-in */
	AUTH_CODE_PHONE = 3,    /* an account's new phone */
	AUTH_CODE_FACTOR = 4,   /* a change of the second factors (factor/proof.h) */
};

struct auth_code_request {
	enum auth_code_purpose purpose;
	struct slice subject; /* 1 to 128 bytes of UTF-8 */
	int64_t account;      /* 0: there is none yet */
	const char *phone;    /* canonical */
	bool verified;        /* the phone is the account's own already (see sms.h) */
	const char *peer;     /* the address that asks */
};

/*
 * Makes a code and queues its message, within a write transaction. A code of the same purpose and
 * subject before it is void, and not sent if it still waits. Errors are sms_push's; *retry_s, in
 * seconds, too; then nothing has changed and the code before it stays good.
 */
int auth_code_send(struct db_tx *tx, const struct sms *s, const struct auth_code_request *rq,
	int64_t *retry_s);

enum auth_code_answer {
	AUTH_CODE_RIGHT, /* and used up: it counts once */
	AUTH_CODE_WRONG, /* `attempts_left` may be 0 */
	AUTH_CODE_GONE,  /* there is none: never was, used, expired, or too many attempts */
};

struct auth_code_result {
	enum auth_code_answer answer;
	int attempts_left;     /* when WRONG */
	int64_t account;       /* when RIGHT: as it was sent */
	char phone[PHONE_MAX]; /* when RIGHT */
};

/*
 * Whether it is the code, within the write transaction of what it is good for: a right one is used
 * up exactly when that transaction is committed. Returns 0 also for a wrong one, which has then
 * been counted: the caller must let its transaction commit (return >= 0) for the count to stand.
 * < 0: the database failed. Compares in constant time.
 */
int auth_code_check(struct db_tx *tx, enum auth_code_purpose purpose, struct slice subject,
	struct slice code, struct auth_code_result *out);
/*
 * A code as people type it: spaces and dashes go, six ASCII digits stay. HEARTH_EINVAL when it is
 * none, which then need not be counted as an attempt. Any thread.
 */
int auth_code_read(struct slice in, char out[AUTH_CODE_DIGITS + 1]);
/* Voids a code; legal without one. And all of an account. */
int auth_code_drop(struct db_tx *tx, enum auth_code_purpose purpose, struct slice subject);
int auth_code_drop_all(struct db_tx *tx, int64_t account);
/* Removes what has expired. */
int auth_code_expire(struct db_tx *tx, int64_t now_ms);

#endif
