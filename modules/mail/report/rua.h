/*
 * rua.h: where a domain wants its reports: the list behind rua= (RFC 8460 section 3, RFC 9990 section 3.5),
 * and the record of TLS-RPT that it stands in. Pure, any thread.
 */
#ifndef MAIL_REPORT_RUA_H
#define MAIL_REPORT_RUA_H

#include "hearth/arena.h"

#define RUA_MAX 5 /* of a list; those behind get none */

struct rua {
	bool web;            /* https, else mailto */
	struct slice target; /* the address, or the whole URL */
	uint64_t size_max;   /* bytes of a report as it is sent; 0: any ("!10m", of old) */
};

/* How many were read; what is neither of the two, or not in form, is left out. Slices in `a`. */
size_t rua_read(struct arena *a, struct slice list, struct rua out[RUA_MAX]);
/* The list of a TLS-RPT record; false: the text is none. The slice points into it. */
bool rua_tls_record(struct slice txt, struct slice *list);
/* The domain of an address. */
struct slice rua_domain(struct slice address);

#endif
