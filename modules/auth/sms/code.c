/*
 * code.c: codes sent by SMS: made, kept as an HMAC, checked once (code.h). Inside a db_fn.
 */
#include "sms/code.h"

#include <sodium.h>
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "sms/code_store.h"
#include "sms/sms_private.h"
#include "sms/template.h"

_Static_assert(CODE_HASH == crypto_auth_hmacsha256_BYTES, "a hash is an HMAC-SHA-256");
_Static_assert(CODE_SALT == crypto_auth_hmacsha256_KEYBYTES, "a salt is its key");

static void code_hash(const struct code_row *row, enum auth_code_purpose purpose,
	struct slice subject, struct slice code, unsigned char out[CODE_HASH])
{
	crypto_auth_hmacsha256_state st;
	unsigned char first = (unsigned char)purpose;

	crypto_auth_hmacsha256_init(&st, row->salt, sizeof(row->salt));
	crypto_auth_hmacsha256_update(&st, &first, 1);
	/* The code is as long as it always is, so what is before it needs no length. */
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)subject.p, subject.n);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)code.p, code.n);
	crypto_auth_hmacsha256_final(&st, out);
	sodium_memzero(&st, sizeof(st));
}

static void write_text(struct strbuf *out, const struct sms *s, const char *code)
{
	char minutes[24];

	snprintf(minutes, sizeof(minutes), "%lld", (long long)((s->code_ttl_ms + 59999) / 60000));
	template_render(out, s->code_text, TEMPLATE_PLAIN,
		(const struct template_value[]){ { "code", slice_str(code) },
			{ "hostname", slice_str(s->hostname) }, { "minutes", slice_str(minutes) },
			{ NULL, { 0 } } });
}

static int push_text(struct db_tx *tx, const struct sms *s, const struct auth_code_request *rq,
	const char *code, int64_t expires_at, struct sms_receipt *receipt)
{
	struct strbuf text = { 0 };
	int rc;

	write_text(&text, s, code);
	rc = sms_push(tx, s,
		&(struct sms_message){ .to = rq->phone,
			.text = strbuf_slice(&text),
			.account = rq->account,
			.peer = rq->peer,
			.verified = rq->verified,
			.expires_at = expires_at },
		receipt);
	if (text.p)
		sodium_memzero(text.p, text.n);
	strbuf_free(&text);
	return rc;
}

/* The code before it is void; if its message still waits, nobody needs it. */
static int replace_old(struct db_tx *tx, const struct auth_code_request *rq)
{
	struct code_row old;
	int rc = code_store_get(tx, (int)rq->purpose, rq->subject, &old);

	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc == 0)
		rc = sms_withdraw(tx, old.message);
	return rc < 0 ? rc : auth_code_drop(tx, rq->purpose, rq->subject);
}

static int add_code(struct db_tx *tx, const struct sms *s, const struct auth_code_request *rq,
	const char *code, int64_t *retry_s)
{
	struct code_row row = { .account = rq->account,
		.expires_at = clock_wall_ms() + s->code_ttl_ms };
	struct sms_receipt receipt;
	int rc = push_text(tx, s, rq, code, row.expires_at, &receipt);

	*retry_s = receipt.retry_s;
	if (rc == 0)
		rc = replace_old(tx, rq);
	if (rc < 0)
		return rc;
	row.message = receipt.id;
	snprintf(row.phone, sizeof(row.phone), "%s", rq->phone);
	rand_bytes(row.salt, sizeof(row.salt));
	code_hash(&row, rq->purpose, rq->subject, slice_str(code), row.hash);
	return code_store_add(tx, (int)rq->purpose, rq->subject, &row);
}

int auth_code_send(
	struct db_tx *tx, const struct sms *s, const struct auth_code_request *rq, int64_t *retry_s)
{
	char code[AUTH_CODE_DIGITS + 1];
	int rc;

	*retry_s = 0;
	if (rq->subject.n == 0 || rq->subject.n > CODE_SUBJECT_MAX)
		return HEARTH_EINVAL;
	rc = auth_code_expire(tx, clock_wall_ms());
	if (rc < 0)
		return rc;
	snprintf(code, sizeof(code), "%06u", (unsigned)rand_below(1000000));
	rc = add_code(tx, s, rq, code, retry_s);
	sodium_memzero(code, sizeof(code));
	return rc;
}

static int take_right(struct db_tx *tx, enum auth_code_purpose purpose, struct slice subject,
	const struct code_row *row, struct auth_code_result *out)
{
	out->answer = AUTH_CODE_RIGHT;
	out->account = row->account;
	snprintf(out->phone, sizeof(out->phone), "%s", row->phone);
	return auth_code_drop(tx, purpose, subject);
}

static int count_wrong(struct db_tx *tx, enum auth_code_purpose purpose, struct slice subject,
	const struct code_row *row, struct auth_code_result *out)
{
	out->answer = AUTH_CODE_WRONG;
	out->attempts_left = (int)(AUTH_CODE_ATTEMPTS - 1 - row->attempts);
	if (out->attempts_left <= 0)
		return auth_code_drop(tx, purpose, subject);
	return code_store_count(tx, (int)purpose, subject);
}

int auth_code_check(struct db_tx *tx, enum auth_code_purpose purpose, struct slice subject,
	struct slice code, struct auth_code_result *out)
{
	unsigned char hash[CODE_HASH];
	struct code_row row;
	int rc = code_store_get(tx, (int)purpose, subject, &row);

	*out = (struct auth_code_result){ .answer = AUTH_CODE_GONE };
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc < 0)
		return rc;
	if (row.expires_at <= clock_wall_ms())
		return auth_code_drop(tx, purpose, subject);
	code_hash(&row, purpose, subject, code, hash);
	if (sodium_memcmp(hash, row.hash, sizeof(hash)) == 0)
		return take_right(tx, purpose, subject, &row, out);
	return count_wrong(tx, purpose, subject, &row, out);
}

int auth_code_read(struct slice in, char out[AUTH_CODE_DIGITS + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == ' ' || in.p[i] == '-')
			continue;
		if (in.p[i] < '0' || in.p[i] > '9' || n == AUTH_CODE_DIGITS)
			return HEARTH_EINVAL;
		out[n++] = in.p[i];
	}
	out[n] = '\0';
	return n == AUTH_CODE_DIGITS ? 0 : HEARTH_EINVAL;
}
