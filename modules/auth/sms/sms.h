/*
 * sms.h: sending short messages: a durable queue with one driver behind it.
 *
 *   sms_push ──commit──▶ WAITING ──driver: yes──▶ SENT
 *                         ▲   │
 *            a while later│   ├── driver: later ──▶ (back, after a growing delay)
 *                         └───┘
 *                             └── driver: never, or it has expired ──▶ FAILED
 *
 * A message is there exactly when the transaction it was pushed in is. It is handed to the provider
 * until that has taken it, under one id that never changes: after a call whose answer was lost, a
 * provider that knows the id sends nothing a second time. The text is deleted with the state; the
 * row stays a day, for the limits.
 */
#ifndef AUTH_SMS_H
#define AUTH_SMS_H

#include "hearth/config.h"
#include "hearth/db.h"

#define SMS_TEXT_MAX 1000 /* bytes of a message's text */

struct sms;

/*
 * sms_check looks at the settings of [auth] sms_…: 0, or HEARTH_EINVAL with a line in `errors` for
 * each that is wrong. sms_new reads them and opens the driver; `data_dir` is where the file driver
 * writes when nothing else is said. 0, or HEARTH_EINVAL with the reason logged. Blocks.
 */
int sms_check(const struct config *c, struct strbuf *errors);
int sms_new(const struct config *c, const char *data_dir, const char *hostname, struct sms **out);
void sms_free(struct sms **s);
/* Whether messages can be sent at all: sms_driver is not "none". Any thread. */
bool sms_enabled(const struct sms *s);

struct sms_message {
	const char *to;    /* canonical (phone.h) */
	struct slice text; /* UTF-8 */
	int64_t account;   /* for whom; 0: nobody yet */
	const char *peer;  /* the address that asked for it; counted by network (IPv6: its /64) */
	bool verified;     /* the number is that account's own: strangers do not use up its share */
	int64_t expires_at; /* wall ms; not sent after that */
};

struct sms_receipt {
	int64_t id;      /* of the message; for sms_withdraw */
	int64_t retry_s; /* with HEARTH_EBUSY: worth another try after so many seconds */
};

/*
 * Queues a message within a write transaction, and counts it. HEARTH_EUNSUPPORTED: no SMS here.
 * HEARTH_EBUSY: a limit per number, account, network or day is reached, or the last message to the
 * number is too young; out->retry_s then fits a Retry-After. HEARTH_ETOOBIG: the text is.
 */
int sms_push(struct db_tx *tx, const struct sms *s, const struct sms_message *m,
	struct sms_receipt *out);
/* A message that still waits is not sent any more; it stays counted. Legal when it has ended. */
int sms_withdraw(struct db_tx *tx, int64_t id);
/*
 * An account is gone: what still waits for it is not sent, and the rest is nobody's. The rows stay
 * their day, or making and deleting accounts would be a way around the limits.
 */
int sms_forget(struct db_tx *tx, int64_t account);
/*
 * At the start of the server: forgets what is too old to count, and counts what waits for the
 * metric.
 */
int sms_tidy(struct db_tx *tx, const struct sms *s);
/*
 * The server ends: calls that are in hand after ms more are broken off, and made again after the
 * next start. Any thread.
 */
void sms_drain(struct sms *s, int64_t ms);

#endif
