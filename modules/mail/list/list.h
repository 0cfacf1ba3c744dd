/*
 * list/list.h: groups as lists: the routes. What their mail says is in list_header.h, the link to leave in
 * leave.h. On the loop.
 */
#ifndef MAIL_LIST_LIST_H
#define MAIL_LIST_LIST_H

#include "hearth/http.h"

http_handler mail_post_leave;

#endif
