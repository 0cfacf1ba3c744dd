/*
 * web.h: the page's files, embedded in the program by pack.sh.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "hearth/http.h"

/* Ends with path == NULL. */
extern const struct http_file web_files[];

#endif
