/*
 * sign/key_orders.c: keys are changed, and taken back (key_orders.h). On workers and a command's main
 * thread; MAIL_DKIM_KEYS_MAX keys are looked at.
 */
#include "sign/key_orders.h"

#include "hearth/clock.h"
#include "hearth/error.h"

const char *mail_key_state_name(enum mail_dkim_state state)
{
	switch (state) {
	case MAIL_DKIM_WAITS: return "waits";
	case MAIL_DKIM_SIGNS: return "signs";
	case MAIL_DKIM_KEPT: return "kept";
	case MAIL_DKIM_REVOKED: break;
	}
	return "revoked";
}

struct activation {
	struct slice domain;
	size_t count;
};

/* All of the domain's that wait. */
static int activate(struct db_tx *tx, void *arg)
{
	struct activation *v = arg;
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc = mail_store_dkim_list(tx, v->domain, a, &keys, &n);

	v->count = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (keys[i].state != MAIL_DKIM_WAITS)
			continue;
		rc = mail_store_dkim_activate(tx, &keys[i], clock_wall_ms());
		v->count++;
	}
	if (rc == 0)
		rc = keyring_publish(tx);
	arena_free(&a);
	return rc;
}

static int poke(struct db_tx *tx, void *arg)
{
	(void)arg;
	return keyring_publish(tx);
}

int mail_keys_rotate(struct keyring *ring, struct slice domain, bool now, size_t *signing)
{
	struct activation v = { .domain = domain };
	size_t made = 0;
	int rc = keyring_make(ring, domain, MAIL_DKIM_WAITS, &made);

	if (rc == 0 && now)
		rc = db_write_wait(ring->db, activate, &v);
	else if (rc == 0 && made == 0)
		rc = db_write_wait(ring->db, poke, NULL); /* the server looks at the DNS again */
	*signing = v.count;
	return rc;
}

struct revocation {
	struct slice domain, selector;
};

static int revoke(struct db_tx *tx, void *arg)
{
	const struct revocation *v = arg;
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc = mail_store_dkim_list(tx, v->domain, a, &keys, &n);
	const struct mail_dkim_key *found = NULL;

	for (size_t i = 0; i < n && rc == 0; i++)
		if (slice_ieq(keys[i].selector, v->selector))
			found = &keys[i];
	if (rc == 0 && !found)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0 && found->state != MAIL_DKIM_REVOKED)
		rc = mail_store_dkim_change(
			tx, found->id, found->state, MAIL_DKIM_REVOKED, clock_wall_ms());
	if (rc == 0)
		rc = keyring_publish(tx);
	arena_free(&a);
	return rc;
}

int mail_keys_revoke(struct db *db, struct slice domain, struct slice selector)
{
	return db_write_wait(db, revoke, &(struct revocation){ domain, selector });
}
