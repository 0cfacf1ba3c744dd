/*
 * service.c: the "accounts" service: what other modules may ask (accounts.h).
 * On the loop; what waits is on workers and in commands.
 */
#include "account/account.h"
#include "account/storage.h"
#include "alias/alias.h"
#include "factor/proof.h"
#include "personal/export.h"
#include "profile/profile.h"
#include "session/session.h"

#include <stdlib.h>

#include "hearth/error.h"

/* A look-up by address or id; by address it may have a subaddress (RFC 5233). */
struct find {
	struct auth *a;
	char address[256];
	int64_t id;
	struct account account;
	accounts_fn *done;
	void *arg;
};

static int find(struct db_tx *tx, void *arg)
{
	struct find *f = arg;
	int rc;

	if (f->id)
		return auth_store_get(tx, f->id, &f->account);
	rc = auth_store_find(tx, f->address, &f->account, NULL);
	if (rc == HEARTH_ENOTFOUND && alias_strip(hearth_config(f->a->h), f->address))
		rc = auth_store_find(tx, f->address, &f->account, NULL);
	return rc;
}

static void on_found(void *arg, int status)
{
	struct find *f = arg;

	f->done(f->arg, status, status == 0 ? &f->account : NULL);
	free(f);
}

static void answer_not_found(void *arg)
{
	on_found(arg, HEARTH_ENOTFOUND);
}

static void answer_busy(void *arg)
{
	on_found(arg, HEARTH_EBUSY);
}

static void by_address(void *self, struct slice address, accounts_fn *done, void *arg)
{
	struct auth *a = self;
	struct find *f = mem_zalloc(sizeof(*f));

	f->a = a;
	f->done = done;
	f->arg = arg;
	if (auth_address(hearth_config(a->h), address, f->address) < 0)
		exec_post(exec_loop(), answer_not_found, f);
	else if (db_read(a->db, find, on_found, f) < 0)
		exec_post(exec_loop(), answer_busy, f);
}

static int find_wait(struct auth *a, struct find *f, struct account *out)
{
	int rc = db_read_wait(a->db, find, f);

	if (rc == 0)
		*out = f->account;
	return rc;
}

static int by_address_wait(void *self, struct slice address, struct account *out)
{
	struct auth *a = self;
	struct find f = { .a = a };

	if (auth_address(hearth_config(a->h), address, f.address) < 0)
		return HEARTH_ENOTFOUND;
	return find_wait(a, &f, out);
}

static int by_id_wait(void *self, int64_t id, struct account *out)
{
	struct find f = { .a = self, .id = id };

	return id > 0 ? find_wait(self, &f, out) : HEARTH_ENOTFOUND;
}

/* ---- the name for others ---- */

struct naming {
	int64_t id;
	char name[ACCOUNTS_NAME_ROOM];
	accounts_name_fn *done;
	void *arg;
};

/* What looks like a mail address is told to nobody, also where somebody chose it as a name. */
static int find_name(struct db_tx *tx, void *arg)
{
	struct naming *n = arg;
	struct account account;
	struct profile profile;
	int rc = auth_store_get(tx, n->id, &account);

	if (rc == 0)
		rc = profile_get(tx, n->id, &profile);
	if (rc != 0)
		return rc;
	if (profile.name[0] && !strchr(profile.name, '@'))
		snprintf(n->name, sizeof(n->name), "%s", profile.name);
	else
		accounts_nameless(n->id, n->name);
	return 0;
}

static void on_name(void *arg, int status)
{
	struct naming *n = arg;

	n->done(n->arg, status, status == 0 ? n->name : NULL);
	free(n);
}

static void name_busy(void *arg)
{
	on_name(arg, HEARTH_EBUSY);
}

static void name_of(void *self, int64_t id, accounts_name_fn *done, void *arg)
{
	struct auth *a = self;
	struct naming *n = mem_zalloc(sizeof(*n));

	n->id = id;
	n->done = done;
	n->arg = arg;
	if (db_read(a->db, find_name, on_name, n) < 0)
		exec_post(exec_loop(), name_busy, n);
}

void auth_service_init(struct auth *a)
{
	a->service = (struct accounts){ .self = a,
		.authenticate = auth_login,
		.by_token = auth_by_token,
		.prove = auth_prove,
		.by_app_password = auth_by_app_password,
		.by_address = by_address,
		.by_address_wait = by_address_wait,
		.by_id_wait = by_id_wait,
		.name_of = name_of };
	auth_export_service(a);
	auth_storage_service(a);
	auth_group_service_init(a);
	auth_alias_service_init(a);
}
