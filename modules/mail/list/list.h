/*
 * list/list.h: groups as lists: the routes. What their mail says is in list_header.h, the link to leave in
 * leave.h. On the loop.
 */
#ifndef MAIL_LIST_LIST_H
#define MAIL_LIST_LIST_H

#include "hearth/bus.h"
#include "hearth/http.h"

/* leave_api.c */
http_handler mail_get_leave, mail_post_leave;

/* moderate_api.c: what waits for an owner's word. */
http_handler mail_get_moderated, mail_post_moderated, mail_delete_moderated, mail_get_held,
	mail_get_held_source, mail_get_held_part;

/* archive_api.c: what was kept. */
http_handler mail_get_archive, mail_get_archived, mail_get_archived_source, mail_get_archived_part,
	mail_delete_archived, mail_delete_archive;

/* archive_events.c: of "auth.group.changed". */
int mail_list_on_group(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);

struct mail;
/* A letter to each of these owners (a line each) that something waits in their group. */
void mail_list_tell_owners(struct mail *m, struct slice group, struct slice owners);

/* moderate_commands.c: hearth list held|approve|reject; archive_commands.c. */
struct hearth;
int mail_run_list_archive(struct hearth *h, int argc, char **argv);
int mail_run_list_held(struct hearth *h, int argc, char **argv);
int mail_run_list_approve(struct hearth *h, int argc, char **argv);
int mail_run_list_reject(struct hearth *h, int argc, char **argv);

#endif
