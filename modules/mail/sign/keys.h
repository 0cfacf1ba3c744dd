/*
 * sign/keys.h: the keys a running server signs with, and its watch over them: made where a domain has
 * none, used once they are seen in the DNS, let go when their time is over (the states:
 * store/dkim_key.h).
 *
 * The keys that sign are in memory, loaded at the start and when MAIL_TOPIC_KEYS says that something
 * changed, on whichever node.
 */
#ifndef MAIL_SIGN_KEYS_H
#define MAIL_SIGN_KEYS_H

#include "mail.h"
#include "sign/dkim_sign.h"

struct mail_keys;

/* On the loop's thread. */
struct mail_keys *mail_keys_new(struct mail *m);
void mail_keys_drain(struct mail_keys *k);
/* After the loop's end. Sets *k to NULL; legal on NULL. */
void mail_keys_free(struct mail_keys **k);
/* Something changed: loads them again, and looks whether those that wait are published. On the loop. */
void mail_keys_changed(struct mail_keys *k);

/*
 * Appends a DKIM-Signature by each key of the author's domain, when that is one of ours; else, or when
 * it cannot be (which the log says), nothing. A domain's first keys are made for its first mail. Blocks:
 * workers only.
 */
void mail_keys_sign(struct mail_keys *k, struct arena *a, struct slice message, struct strbuf *out);

/*
 * Runs fn with a key of the domain that is to seal for (RSA where it has one: RFC 8617 knows receivers
 * without the other); false when there is none. Blocks: workers only.
 */
typedef bool mail_key_fn(void *arg, const struct sign_as *as);
bool mail_keys_with(struct mail_keys *k, struct slice domain, mail_key_fn *fn, void *arg);

#endif
