/*
 * store/dkim_key.h: the keys that sign mail, as rows: their private halves sealed (secret.h). Inside a
 * db_fn on the database "mail". At most MAIL_DKIM_KEYS_MAX are read.
 */
#ifndef MAIL_STORE_DKIM_KEY_H
#define MAIL_STORE_DKIM_KEY_H

#include "store/store.h"

enum { MAIL_DKIM_KEYS_MAX = 1000 };

/*
 *	WAITS ──seen in the DNS, or by hand──▶ SIGNS ──another does──▶ KEPT ──after [dkim] keep──▶ gone
 *	  └──────────────── by hand ─────────────┴────▶ REVOKED ──after MAIL_DKIM_REVOKED_MS──▶ gone
 *
 * The private half goes with SIGNS: what is KEPT is published for mail that is on its way.
 */
enum mail_dkim_state {
	MAIL_DKIM_WAITS,
	MAIL_DKIM_SIGNS,
	MAIL_DKIM_KEPT,
	MAIL_DKIM_REVOKED, /* published without a key, so that nothing signed by it counts */
};

#define MAIL_DKIM_REVOKED_MS (INT64_C(30) * 24 * 60 * 60 * 1000)

struct mail_dkim_key {
	int64_t id;
	struct slice domain, selector;
	int algorithm; /* enum signature_algorithm */
	enum mail_dkim_state state;
	struct slice secret;       /* sealed; empty where it is gone */
	struct slice public_half;  /* as p= has it */
	int64_t made_ms, since_ms; /* since it is in this state */
};

/* A domain's selectors are unique: HEARTH_EEXIST. */
int mail_store_dkim_add(struct db_tx *tx, const struct mail_dkim_key *key);
/* All of them, of one domain unless it is empty, by domain and age; slices in `a`. */
int mail_store_dkim_list(struct db_tx *tx, struct slice domain, struct arena *a,
	struct mail_dkim_key **out, size_t *n);
/* From one state to another; HEARTH_ECONFLICT when it is not in the first any more. */
int mail_store_dkim_change(struct db_tx *tx, int64_t id, enum mail_dkim_state from,
	enum mail_dkim_state to, int64_t now_ms);
/*
 * It signs from now on, and those of its kind and domain that did are kept. HEARTH_ECONFLICT when it
 * does not wait any more.
 */
int mail_store_dkim_activate(struct db_tx *tx, const struct mail_dkim_key *key, int64_t now_ms);
/* Those that were kept, or revoked, for long enough go. */
int mail_store_dkim_prune(struct db_tx *tx, int64_t kept_before_ms, int64_t revoked_before_ms);

#endif
