/*
 * fts_digest.h: what fts_digest (fts.h) adds up, for who holds it against an index. Pure.
 */
#ifndef HEARTH_DB_FTS_DIGEST_H
#define HEARTH_DB_FTS_DIGEST_H

#include <stdint.h>

#include "hearth/str.h"

uint64_t fts_token_hash(struct slice token);

#endif
