/*
 * certificate_route.h: GET /api/server/certificate, for administrators: what the server shows who
 * connects by TLS, and for how long that holds. On the loop.
 */
#ifndef HEARTH_SRC_CERTIFICATE_ROUTE_H
#define HEARTH_SRC_CERTIFICATE_ROUTE_H

#include "hearth/http.h"

/* Their module is the struct hearth. */
extern const struct http_route kernel_certificate_routes[];

#endif
