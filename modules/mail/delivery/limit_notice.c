/*
 * delivery/limit_notice.c: see delivery/limit_notice.h. The hour's row says whether it was told, so that
 * neither a restart nor another node tells it again; a kill right behind that leaves it untold.
 *
 * On the loop, but for the transaction; one at a time for each mail that was refused.
 */
#include "delivery/limit_notice.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/outgoing.h"

struct notice {
	struct mail *m;
	int64_t account;
	char address[256];
	bool first; /* within the hour */
};

static int note(struct db_tx *tx, void *arg)
{
	struct notice *n = arg;

	return mail_store_sending_told(tx, n->account, clock_wall_ms(), &n->first);
}

static void tell(const struct notice *n)
{
	const struct mail *m = n->m;
	const long long max = mail_queue_limits(m)->per_hour;
	struct arena *a = arena_new();
	struct slice domain = mail_domain(m);

	m->letters.send(m->letters.self,
		&(struct letter){ .to = slice_str(n->address),
			.subject = SLICE("You have reached the limit of what you may send"),
			.text = slice_str(arena_printf(a,
				"Within this hour mail was sent to as many addresses elsewhere "
				"from your "
				"account, %s, as\none account may write to (%lld). More is refused "
				"until "
				"the hour is over.\n\nIf that was not you, somebody knows your "
				"password: "
				"change it, and end the app passwords and\nsessions that you do "
				"not know.\n",
				n->address, max)) });
	m->letters.send(m->letters.self,
		&(struct letter){
			.to = slice_str(arena_printf(a, "postmaster@%.*s", SLICE_ARG(domain))),
			.all = true,
			.subject = SLICE("An account has reached the limit of sending"),
			.text = slice_str(arena_printf(a,
				"%s has reached the %lld recipients elsewhere that one account may "
				"write "
				"to within an hour\n([queue] per_hour). More is refused until the "
				"hour is "
				"over. It may be that somebody else has\nits password.\n",
				n->address, max)) });
	arena_free(&a);
}

static void on_noted(void *arg, int status)
{
	struct notice *n = arg;

	if (status < 0)
		log_warn("mail", "a limit that was reached could not be noted", "why", "%s",
			error_name(status), NULL);
	else if (n->first)
		tell(n);
	hearth_release(n->m->h);
	free(n);
}

void mail_limit_reached(struct mail *m, int64_t account, const char *address)
{
	struct notice *n = mem_zalloc(sizeof(*n));

	INVARIANT(account > 0);
	n->m = m;
	n->account = account;
	snprintf(n->address, sizeof(n->address), "%s", address);
	hearth_hold(m->h);
	if (db_write(m->db, note, on_noted, n) < 0)
		on_noted(n, HEARTH_EBUSY);
}
