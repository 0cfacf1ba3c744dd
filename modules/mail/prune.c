/*
 * prune.c: what is forgotten with time: once a day, by one node of several, rows that nobody needs any more.
 *
 * On the database's writer, by a timer on the loop; each kind of row is found by an index.
 */
#include "hearth/clock.h"
#include "mail.h"
#include "store/dmarc.h"
#include "store/forward.h"
#include "store/outgoing.h"
#include "store/report.h"
#include "store/store.h"
#include "store/sts.h"
#include "store/tls_session.h"

#define PRUNE_FIRST_MS (INT64_C(60) * 1000)
#define PRUNE_EVERY_MS (INT64_C(24) * 60 * 60 * 1000)

static int prune_rows(struct db_tx *tx, void *arg)
{
	const struct mail *m = arg;
	int rc = lease_turn(hearth_leases(m->h), tx, "mail.prune", PRUNE_EVERY_MS, NULL);

	if (rc == 0)
		rc = mail_store_prune_expunged(tx);
	if (rc == 0)
		rc = mail_store_dmarc_prune(tx, clock_wall_s() / 86400);
	if (rc == 0)
		rc = mail_store_sts_prune(tx, clock_wall_ms());
	if (rc == 0)
		rc = mail_store_tls_prune(tx, clock_wall_s() / 86400);
	if (rc == 0)
		rc = mail_store_forwarded_prune(tx, clock_wall_ms());
	if (rc == 0)
		rc = mail_store_report_prune(tx, clock_wall_s());
	return rc < 0 ? rc : mail_store_sending_prune(tx, clock_wall_ms());
}

static void prune(void *arg)
{
	const struct mail *m = arg;

	db_write(m->db, prune_rows, NULL, arg);
}

void mail_prune_start(struct mail *m)
{
	timer_start(&m->prune, PRUNE_FIRST_MS, PRUNE_EVERY_MS, prune, m);
}
