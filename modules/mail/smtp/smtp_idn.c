/*
 * smtp_idn.c: U-labels to A-labels by libidn2 (smtp_idn.h). Pure; bounded by SMTP_DOMAIN_MAX.
 */
#include "smtp/smtp_idn.h"

#include <idn2.h>
#include <stdio.h>

#include "hearth/error.h"

bool smtp_is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return false;
	return true;
}

/* The library takes a NUL-terminated text and gives one of its own. */
static int to_a_labels(const char *domain, char out[SMTP_DOMAIN_MAX + 1])
{
	char *ascii = NULL;
	int rc = 0;

	if (idn2_to_ascii_8z(domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return HEARTH_EINVAL;
	if (strlen(ascii) > SMTP_DOMAIN_MAX || !smtp_is_ascii(slice_str(ascii)) ||
		smtp_domain_read(slice_str(ascii)) != strlen(ascii))
		rc = HEARTH_EINVAL;
	else
		snprintf(out, SMTP_DOMAIN_MAX + 1, "%s", ascii);
	idn2_free(ascii);
	return rc;
}

int smtp_domain_ascii(struct slice domain, char out[SMTP_DOMAIN_MAX + 1])
{
	char text[SMTP_DOMAIN_MAX + 1];

	out[0] = '\0';
	if (domain.n > SMTP_DOMAIN_MAX || slice_chr(domain, '\0') >= 0)
		return HEARTH_EINVAL;
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(domain));
	for (char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	if (!smtp_is_ascii(domain))
		return to_a_labels(text, out);
	snprintf(out, SMTP_DOMAIN_MAX + 1, "%s", text);
	return 0;
}
