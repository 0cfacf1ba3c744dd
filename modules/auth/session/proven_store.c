/*
 * proven_store.c: SQL on when a session has shown password and code (factor/proof.h). It stands in the
 * session's row, so that every node knows it and it ends with the session. Inside a db_fn.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

const char auth_proven_migration[] = /* proven_at 0: not, or not any more */
	"ALTER TABLE token ADD COLUMN proven_at BIGINT NOT NULL DEFAULT 0;";

int auth_store_note_proven(struct db_tx *tx, const struct account *session, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx) && now_ms > 0);
	int rc = db_run(tx,
		"UPDATE token SET proven_at = $3 WHERE id = $1 AND account = $2 AND kind = $4",
		db_int(session->token), db_int(session->id), db_int(now_ms),
		db_int(AUTH_TOKEN_SESSION));

	return rc < 0 ? rc : 0;
}

int auth_store_is_proven(struct db_tx *tx, const struct account *session, int64_t now_ms,
	int64_t lasts_ms, bool *proven)
{
	int64_t at = 0;
	int rc = db_get_int(tx, &at,
		"SELECT proven_at FROM token WHERE id = $1 AND account = $2 AND kind = $3",
		db_int(session->token), db_int(session->id), db_int(AUTH_TOKEN_SESSION));

	/* A clock that was set back makes no proof last longer. */
	*proven = rc == 0 && at > 0 && at <= now_ms && now_ms - at < lasts_ms;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int auth_store_forget_proven(struct db_tx *tx, int64_t account)
{
	INVARIANT(db_tx_writes(tx) && account > 0);
	int rc = db_run(tx, "UPDATE token SET proven_at = 0 WHERE account = $1 AND proven_at <> 0",
		db_int(account));

	return rc < 0 ? rc : 0;
}
