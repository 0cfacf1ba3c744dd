/*
 * tls_session.h: what came of TLS with a server of another domain, told to who counts it for reports
 * (store/tls_session.h). On the loop; nobody waits for it, and what cannot be written is not counted.
 */
#ifndef MAIL_POLICY_TLS_SESSION_H
#define MAIL_POLICY_TLS_SESSION_H

#include "hearth/conn.h"
#include "queue/route.h"

struct tls_session {
	const struct mail *m;
	const char *domain;
	const struct route *route;
	const struct route_host *host;
	const char *address; /* NULL: it came to no connection */
	const char *result;  /* NULL: it worked; else a result-type of RFC 8460 section 4.3 */
	const char *why;     /* … in words */
};

void tls_session_count(const struct tls_session *s);
/* The result-type of what a certificate lacks (section 4.3.1); NULL: nothing. */
const char *tls_session_fault(enum conn_tls_fault fault);

#endif
