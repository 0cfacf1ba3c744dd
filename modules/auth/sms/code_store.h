/*
 * code_store.h: the table of codes, for code.c. Inside a db_fn.
 */
#ifndef AUTH_SMS_CODE_STORE_H
#define AUTH_SMS_CODE_STORE_H

#include "hearth/db.h"
#include "sms/phone.h"

#define CODE_SALT        32
#define CODE_HASH        32
#define CODE_SUBJECT_MAX 128

struct code_row {
	int64_t account;
	char phone[PHONE_MAX];
	int64_t message; /* that brings it: sms.h */
	unsigned char salt[CODE_SALT];
	unsigned char hash[CODE_HASH];
	int64_t attempts; /* that were wrong */
	int64_t expires_at;
};

int code_store_add(struct db_tx *tx, int purpose, struct slice subject, const struct code_row *row);
/* HEARTH_ENOTFOUND; HEARTH_ECORRUPT when it is no row of ours. */
int code_store_get(struct db_tx *tx, int purpose, struct slice subject, struct code_row *out);
/* One more wrong attempt. */
int code_store_count(struct db_tx *tx, int purpose, struct slice subject);

#endif
