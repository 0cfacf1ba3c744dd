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
#include "sign/arc_seal.h"

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
 * it cannot be (which the log says), nothing. They hold from now on, as long behind leaves_s (Unix seconds; 0:
 * now) as behind now. A domain's first keys are made for its first mail. Blocks:
 * workers only.
 */
void mail_keys_sign(struct mail_keys *k, struct arena *a, struct slice message, int64_t leaves_s,
	struct strbuf *out);

/*
 * The same by our first domain, of a group's mail, whoever wrote it: once for each of n members, with the fields
 * that are theirs in front, so that their link to leave is covered (RFC 8058 section 4). signatures[i] is in `a`, empty
 * where there is no key. True: the author's domain is that one, and needs no signature beside it.
 */
bool mail_keys_sign_members(struct mail_keys *k, struct arena *a, struct slice message,
	const struct slice *fields, struct slice *signatures, size_t n);

/*
 * Appends an ARC set for a message that is passed on, sealed by our first domain (with RSA, which everybody
 * knows). `results` is the field Authentication-Results of when it came, whole, or empty where nothing was
 * checked; `chain` what came of the chain it had (both: verify/gate.h). Nothing where it cannot be sealed
 * (arc_seal.h). The set stands in front of what is passed on, which is `message`. Blocks: workers only.
 */
void mail_keys_seal(struct mail_keys *k, struct arena *a, struct slice message,
	struct slice results, enum verify_result chain, struct strbuf *out);

#endif
