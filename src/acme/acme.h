/*
 * acme.h: certificates that come by themselves ([acme] directory), as the kernel uses it: one is got
 * before the server has any, renewed in time, and put into use without a stop. All but the commands'
 * part on the loop's thread.
 */
#ifndef HEARTH_SRC_ACME_H
#define HEARTH_SRC_ACME_H

#include "acme/store.h"
#include "hearth/config.h"
#include "hearth/http.h"

struct acme;
struct dns;
struct tls_context;

struct acme_options {
	const struct config *config;
	const char *const
		*candidates; /* names that may be in it, the hostname first; NULL-ended, kept */
	struct db *db;       /* "acme" */
	const char *data_dir;
	struct leases *leases;
	struct dns *dns;
	struct tls_context *tls;
	void (*installed)(void *arg); /* a certificate of a CA is in use now */
	void *arg;
};

/* Whether [acme] directory is set; and what is wrong with the section. */
bool acme_is_on(const struct config *c);
void acme_validate(const struct config *c, struct strbuf *errors);

/*
 * Before the listeners open, after auth has made the key of secrets: puts into use what is stored, and
 * seals what of it is plain. HEARTH_EIO when the database fails, which was logged. Waits.
 */
int acme_new(const struct acme_options *o, struct acme **out);
/* Once the loop is about to run. And: look now whether something is due (SIGHUP). */
void acme_start(struct acme *a);
void acme_look(struct acme *a);
/* What is under way ends soon; whether it has; and frees it, later. All legal on NULL. */
void acme_stop(struct acme *a);
bool acme_busy(const struct acme *a);
void acme_free(struct acme **a);
/* Where stored keys cannot be opened: what is to be done, for people. */
void acme_advise_lost(struct strbuf *out, const char *data_dir);
/* The thumbprint of the account's key: the module of acme_challenge_routes. */
void *acme_thumbprint(struct acme *a);

#endif
