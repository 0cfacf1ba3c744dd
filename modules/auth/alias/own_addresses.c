/*
 * own_addresses.c: GET /api/auth/me/addresses: the addresses a person may write as (writing.c): their
 * account's own, then aliases that lead to it and groups they own, as far as these let them. On the
 * loop, but for the look at the database: CANDIDATES_MAX aliases and as many groups are asked for.
 */
#include <stdio.h>

#include "alias/alias.h"
#include "group/group.h"
#include "hearth/error.h"

#define CANDIDATES_MAX 100

struct own {
	struct auth *a;
	struct http_request *rq;
	struct strbuf candidates; /* a line each */
	struct strbuf out;
};

static int take(struct db_rows *rows, void *arg)
{
	strbuf_printf(arg, "%.*s\n", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* A name without a domain is a group's. */
static int list_candidates(struct db_tx *tx, struct own *own, const struct account *account)
{
	int rc = db_each(tx, take, &own->candidates,
		"SELECT DISTINCT address FROM alias WHERE base = $1 ORDER BY address LIMIT $2",
		db_str(account->address), db_int(CANDIDATES_MAX));

	if (rc == 0)
		rc = db_each(tx, take, &own->candidates,
			"SELECT g.name FROM membership m JOIN account_group g ON g.id = m.group_id"
			" WHERE m.account = $1 AND m.role = $2 ORDER BY g.name LIMIT $3",
			db_int(account->id), db_int(GROUP_OWNER), db_int(CANDIDATES_MAX));
	return rc;
}

static int look(struct db_tx *tx, void *arg)
{
	struct own *own = arg;
	const struct config *config = hearth_config(own->a->h);
	const struct account *account = http_account(own->rq);
	struct json_writer w;
	struct slice rest;
	int rc;

	strbuf_reset(&own->candidates);
	strbuf_reset(&own->out);
	json_writer_init(&w, &own->out);
	json_open_object(&w);
	json_name(&w, "addresses");
	json_open_array(&w);
	json_text(&w, slice_str(account->address));
	rc = list_candidates(tx, own, account);
	rest = slice_trim(strbuf_slice(&own->candidates));
	while (rc == 0 && rest.n > 0) {
		struct slice one = slice_split(&rest, '\n');
		char address[256];

		/* A whole domain is no address. */
		if (one.p[0] == '@' || auth_address(config, one, address) < 0)
			continue;
		rc = auth_may_write_as(tx, config, account->id, slice_str(address));
		if (rc == 0)
			json_text(&w, slice_str(address));
		rc = rc == HEARTH_EDENIED ? 0 : rc;
	}
	json_close_array(&w);
	json_close_object(&w);
	return rc;
}

static void on_looked(void *arg, int status)
{
	struct own *own = arg;

	strbuf_free(&own->candidates);
	auth_reply_written(own->rq, status, &own->out);
}

void auth_get_own_addresses(void *module, struct http_request *rq)
{
	struct own *own = ARENA_NEW(http_arena(rq), struct own);
	int rc;

	*own = (struct own){ .a = module, .rq = rq };
	http_set_header(rq, "Cache-Control", "no-store");
	rc = db_read(own->a->db, look, on_looked, own);
	if (rc < 0)
		on_looked(own, rc);
}
