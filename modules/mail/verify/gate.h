/*
 * verify/gate.h: mail from outside is checked before it is taken: SPF, DKIM, DMARC, at the end of the
 * message and before its 250. On the loop; hashes and signatures on workers.
 *
 *   check ──▶ WAITING for a place ──▶ HASHING (worker) ──▶ ASKING (SPF, keys, the authors' policies, all at
 *   once) ──▶ JUDGING (worker: signatures) ──▶ ALIGNING (DMARC) ──▶ RECORDING (one refused) ──▶ done
 *
 * GATES_MAX are under way at a time, GATES_NETWORK_MAX of one network: who has a slow DNS keeps his own
 * waiting. Each ends within GATE_PATIENCE_MS for a place (then it is put off with 452), as much for the
 * DNS (RFC 7208 section 4.6.4: 20 seconds), and GATE_ALIGN_MS for what DMARC asks behind that; for either
 * GATE_CROWDED_MS while more than half of the places are taken. What is not known by then is a temperror: a resolver
 * that is gone costs that time, and no mail.
 */
#ifndef MAIL_VERIFY_GATE_H
#define MAIL_VERIFY_GATE_H

#include "hearth/blob.h"
#include "hearth/list.h"
#include "hearth/network.h"
#include "hearth/str.h"
#include "verify/signature.h"

#define GATES_MAX         100
#define GATES_NETWORK_MAX 20
#define GATE_PATIENCE_MS  20000
#define GATE_CROWDED_MS   2000
#define GATE_ALIGN_MS     5000

struct db_tx;
struct mail;
struct mail_gate;
struct map;
struct metric;

enum gate_mode { GATE_OFF, GATE_REPORT, GATE_ENFORCE }; /* [mail] dmarc */

/* The module's. */
struct mail_gates {
	enum gate_mode mode;
	bool defer; /* [mail] dmarc_temperror */
	struct networks trusted;
	const char *const *sealers; /* domains, [mail] arc_trusted */
	struct list waiting;
	size_t running;
	struct map *networks;      /* how many of each are under way */
	struct metric *results[5]; /* by enum dmarc_result */
};

void mail_gates_start(struct mail *m);
/* Those that wait for a place are put off; those under way end. */
void mail_gates_drain(struct mail *m);
void mail_gates_stop(struct mail *m);
/* For `hearth check`: a word of [mail] trusted that is no network, or NULL. */
const char *mail_gates_wrong_network(const char *const *trusted);

/* Who brings a message. */
struct mail_gate_client {
	const char *peer, *helo;
	const char *from; /* of MAIL; "" is <> */
	int64_t conn;     /* for the log */
};

enum mail_gate_action {
	GATE_TAKE,
	GATE_JUNK,   /* into the recipients' mailboxes for it */
	GATE_REFUSE, /* 550 */
	GATE_LATER,  /* 451 */
};

/* Whether a message bears to be changed, or passed on without SPF, as its author's domain would have it (DMARC). */
enum mail_author {
	MAIL_AUTHOR_FREE,     /* there is no policy but none, or it is not known */
	MAIL_AUTHOR_SIGNED,   /* as long as its signature holds: that is of the author's domain */
	MAIL_AUTHOR_UNSIGNED, /* it is the author's by SPF alone, or not at all */
};

struct mail_gate_verdict {
	enum mail_gate_action action;
	struct slice results;     /* the field Authentication-Results, whole */
	enum verify_result chain; /* of ARC, for who passes it on (sign/keys.h) */
	const char *enhanced;     /* REFUSE, LATER: the code, and what is said with it */
	struct slice text;
	enum mail_author author;
	/*
	 * NAME@DOMAIN of its one author, proven: DMARC passes, or, where the domain has no policy, SPF or a
	 * signature of that very domain. Else empty.
	 */
	struct slice proven_author;
	/* The same where the DNS did not tell whether they are proven: another time it may. Else empty. */
	struct slice unsure_author;
	bool sender_proven; /* SPF says that who brings it may send for MAIL FROM */
};

/* Whether what that one brings is checked; else it is trusted, or nothing is. */
bool mail_gate_applies(const struct mail *m, const char *peer);
/* NULL: it is not checked. */
struct mail_gate *mail_gate_new(struct mail *m, const struct mail_gate_client *client);
/* Not of one that is under way. Legal on NULL. */
void mail_gate_free(struct mail_gate **g);
/*
 * Checks a message, once: `bytes`, which stay until `done`, or a blob of `size` bytes when they are not in
 * memory (bytes.p NULL). `done(arg, status)` comes in a later turn: 0 with a verdict, or HEARTH_EIO,
 * HEARTH_EBUSY without.
 */
typedef void mail_gate_fn(void *arg, int status);
void mail_gate_check(struct mail_gate *g, struct slice bytes, const char *blob, uint64_t size,
	mail_gate_fn *done, void *arg);
/* Behind `done`; valid as long as the gate. */
const struct mail_gate_verdict *mail_gate_verdict(const struct mail_gate *g);
/* Counts what came of it (store/dmarc.h), of one that was taken: in the transaction that files it. */
int mail_gate_record(struct db_tx *tx, const struct mail_gate *g);

/* Whether an authserv-id in a message would be taken for this server's: its name, or one of its domains. */
bool mail_gate_owns(const void *mail, struct slice id);

#endif
