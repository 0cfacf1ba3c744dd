/*
 * sms_private.h: what the files of sms/ share.
 */
#ifndef AUTH_SMS_PRIVATE_H
#define AUTH_SMS_PRIVATE_H

#include <stdatomic.h>

#include "hearth/arena.h"
#include "hearth/metric.h"
#include "sms/sms.h"

#define SMS_NAME_MAX 33 /* a message's id for the provider: 32 hex digits and a NUL */
#define SMS_QUEUE    "auth.sms"
#define SMS_DAY_MS   INT64_C(86400000)

/* A message on its way; texts lie in an arena. */
struct sms_outgoing {
	int64_t id;
	const char *name; /* {id}: the same at each attempt */
	const char *to;
	struct slice text;
	int64_t expires_at;
	int attempt; /* 1 for the first */
};

enum sms_outcome {
	SMS_SENT,
	SMS_LATER,   /* not now, or nobody knows */
	SMS_REFUSED, /* never */
};

/*
 * What hands a message over. On a worker, several at once; `why` is then a text for the log, in the
 * arena or static, without anything secret.
 */
typedef enum sms_outcome sms_send_fn(
	const struct sms *s, const struct sms_outgoing *m, struct arena *a, const char **why);

struct sms {
	sms_send_fn *send; /* NULL: no driver */
	int64_t per_number, per_account, per_network, per_day;
	int64_t gap_ms;
	/* codes and phones (code.c, phone_store.c) */
	int64_t code_ttl_ms;
	int64_t accounts_per_phone;
	const char *code_text;
	const char *hostname;
	const char *phone_country;
	/* the file driver */
	char *file;
	/* the HTTP driver: as in the INI file */
	const char *method, *url, *headers, *body, *user, *password;
	_Atomic int64_t stop_at_ms; /* monotonic: calls end then; 0: never */
	struct metric *sent, *failed, *retried, *waiting;
};

/* Whether calls are to be broken off now. Any thread. */
bool sms_stopping(const struct sms *s);

/* driver_file.c: opens once for a look whether it can be written; HEARTH_EIO, logged. */
int sms_file_open(const struct sms *s);
sms_send_fn sms_file_send;
/* driver_http.c: a line in `errors` for each setting of it that is wrong. */
void sms_http_check(const struct sms *s, const struct config *c, struct strbuf *errors);
/* After sms_http_check. */
void sms_http_open(const struct sms *s);
sms_send_fn sms_http_send;

/* ---- sms_store.c: inside a db_fn ---- */

/* The network an address is counted under: itself, or the /64 of an IPv6 address. */
void sms_network(const char *peer, char out[64]);

/* Adds a message that waits; *id is its row. */
int sms_store_add(struct db_tx *tx, const char *name, const struct sms_message *m,
	const char *network, int64_t now_ms, int64_t *id);
/*
 * When the n-th newest message (n from 1) after since_ms was queued: to this number, for this
 * account, from this network, or in all. HEARTH_ENOTFOUND when there are fewer. With
 * `verified_only` messages to a number count only if it was the account's own.
 */
int sms_store_nth_to(struct db_tx *tx, const char *number, bool verified_only, int64_t since_ms,
	int64_t n, int64_t *at_ms);
int sms_store_nth_for(
	struct db_tx *tx, int64_t account, int64_t since_ms, int64_t n, int64_t *at_ms);
int sms_store_nth_from(
	struct db_tx *tx, const char *network, int64_t since_ms, int64_t n, int64_t *at_ms);
int sms_store_nth(struct db_tx *tx, int64_t since_ms, int64_t n, int64_t *at_ms);
/* A message that waits; its texts go to the arena. HEARTH_ENOTFOUND when none does. */
int sms_store_get(struct db_tx *tx, int64_t id, struct arena *a, struct sms_outgoing *out);
/* It has ended: its text is gone. `error` is NULL when it was sent. */
int sms_store_end(struct db_tx *tx, int64_t id, int64_t now_ms, const char *error);
/* The same for one that waits, and only then. */
int sms_store_withdraw(struct db_tx *tx, int64_t id, int64_t now_ms);
/* Those of an account are nobody's, and are not sent any more. */
int sms_store_forget(struct db_tx *tx, int64_t account, int64_t now_ms);
/* Removes those that ended, or expired, and are older than before_ms. */
int sms_store_sweep(struct db_tx *tx, int64_t before_ms);

#endif
