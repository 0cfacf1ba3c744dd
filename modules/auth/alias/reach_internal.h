/*
 * alias/reach_internal.h: what the files of the look-up share (alias.h): who was found is added, each once. Inside
 * a db_fn; bounded as alias.h says.
 */
#ifndef AUTH_REACH_INTERNAL_H
#define AUTH_REACH_INTERNAL_H

#include "alias/alias.h"
#include "group/group.h"

/* ---- reach_group.c ---- */

/* Who is there already keeps the better of both ways (accounts_reached_fn). */
int reach_add_account(struct reach *r, const struct account *account, int64_t through);
/* A group's own words, once; then its members, here and elsewhere: HEARTH_ENOTFOUND, there are none. */
int reach_add_group(struct db_tx *tx, struct reach *r, const struct group *g);
int reach_add_members(struct db_tx *tx, struct reach *r, int64_t group);
/* Whoever runs the server; HEARTH_EBUSY while there is nobody. */
int reach_add_administrators(struct db_tx *tx, struct reach *r);

#endif
