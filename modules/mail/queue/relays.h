/*
 * queue/relays.h: servers that take mail for others: one for all that goes elsewhere ([mail] relay), and some
 * for single domains ([mail] relays, a file). Read at the start and not changed then: any thread.
 *
 * The file has a line for each domain, `#` begins a comment:
 *
 *	example.org   smtp.provider.example:587   name   password up to the end of the line
 *	.example.net  10.1.2.3:25
 *
 * A dot in front stands for the domain and all below it; the longest one that fits counts. To such a relay
 * mail goes over TLS alone, with a certificate that holds for its name, unless it is this machine.
 */
#ifndef MAIL_QUEUE_RELAYS_H
#define MAIL_QUEUE_RELAYS_H

#include <stdbool.h>

#include "hearth/arena.h"
#include "hearth/str.h"

#define RELAYS_MAX      1000
#define RELAYS_FILE_MAX 262144 /* bytes */

struct mail_relay {
	const char *domain; /* lower case, maybe with a dot in front; "": all */
	const char *host;   /* a name, or an address without brackets */
	int port;
	const char *user, *password; /* NULL: none */
	bool must_prove;             /* TLS with its name proven, or nothing */
};

struct mail_relays {
	struct arena *a; /* has all of it */
	struct mail_relay *list;
	size_t count;
	bool has_general; /* list[0] is for all that no other is for */
};

/*
 * Adds those of a file's text. 0, or HEARTH_EINVAL with a line for each mistake, each with `file` and its
 * number, appended to `errors`. Pure.
 */
int mail_relays_read(
	struct mail_relays *r, const char *file, struct slice text, struct strbuf *errors);
/* The same from the file; HEARTH_EIO. Blocks: at the start and in commands. */
int mail_relays_load(struct mail_relays *r, const char *file, struct strbuf *errors);
/* The one for all, ahead of the others; user and password (NULL: none) live as long. */
void mail_relays_add_general(
	struct mail_relays *r, const char *host, int port, const char *user, const char *password);
void mail_relays_clear(struct mail_relays *r);

/* The relay for a domain; NULL: it has servers of its own. */
const struct mail_relay *mail_relay_for(const struct mail_relays *r, struct slice domain);

#endif
