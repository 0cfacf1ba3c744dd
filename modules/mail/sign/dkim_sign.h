/*
 * sign/dkim_sign.h: DKIM-Signature fields for a message that leaves (RFC 6376 section 5, RFC 8463).
 *
 * Canonical form is relaxed/relaxed, the whole body. Fields that a reader goes by are signed once more
 * than they are there, so that nobody adds one. Pure, any thread, bounded by the message.
 */
#ifndef MAIL_SIGN_DKIM_SIGN_H
#define MAIL_SIGN_DKIM_SIGN_H

#include "sign/sign_key.h"

/* What all signatures of a message share. */
struct sign_message {
	struct header_fields header;
	unsigned char body_hash[HEADER_HASH_SIZE];
	struct slice *names; /* h=, each as often as it counts */
	size_t name_count;
};

/*
 * Looks at a message once, as it goes over the wire: a CR or LF by itself counts as CRLF, which is what
 * the client writes (queue/smtp_client.h). All in `a`, and in `message` unless it has such.
 */
void sign_message_read(struct sign_message *m, struct arena *a, struct slice message);
/*
 * The same of a message that was looked at, with more fields in front of it, as `out`: its body is not hashed
 * again. In `a`, and in `fields`.
 */
void sign_message_prepend(struct sign_message *out, struct arena *a, const struct sign_message *m,
	struct slice fields);
/* The domain of the From field's first address, as the DNS has it, lower case; empty when there is none. */
struct slice sign_message_domain(const struct sign_message *m, struct arena *a);

struct sign_as {
	const char *domain, *selector;
	enum signature_algorithm algorithm;
	EVP_PKEY *key;
	int64_t now_s, end_s; /* t=, x= */
};

/* Appends a whole DKIM-Signature field. False, with nothing appended: the key does not sign. */
bool dkim_sign(struct strbuf *out, const struct sign_message *m, const struct sign_as *as);

/* Another name to be signed, as often as it is there. */
void sign_message_name(struct sign_message *m, struct slice name);
/* Appends "h=…;\r\n\tbh=…;\r\n\tb=": the end of a field, for who writes another kind. */
void sign_message_tags(struct strbuf *out, const struct sign_message *m);
/* Appends what those names cover, canonical. */
void sign_message_covered(struct strbuf *out, const struct sign_message *m);

#endif
