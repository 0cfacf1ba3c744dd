/*
 * acme_choose.h: which names a certificate is got for, and by which way they are proven. Pure, but for the
 * clock.
 */
#ifndef HEARTH_SRC_ACME_ACME_CHOOSE_H
#define HEARTH_SRC_ACME_ACME_CHOOSE_H

#include "acme/certs.h"
#include "acme/names.h"
#include "acme/order.h"
#include "hearth/config.h"

/* Where the CA leaves it to us: as it is set, else one way after the other. */
enum acme_way acme_choose_way(const struct config *c, const struct acme_record *r);
/*
 * What leads here, but what a CA could not confirm of late, and what the certificate that is in use (`had`)
 * has though the DNS did not answer. In the arena, NULL-ended.
 */
const char **acme_choose_names(const struct names_look *look, const struct certs_found *had,
	const struct acme_record *r, struct arena *arena, size_t *count);
/* Whether the certificate in use lacks one of those. */
bool acme_lacks_a_name(
	const struct names_look *look, const struct certs_found *had, const struct acme_record *r);

#endif
