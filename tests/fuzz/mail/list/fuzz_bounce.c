/*
 * Any bytes as a report to the address of a member elsewhere: a status is digits and dots, and bounded.
 */
#include "hearth/log.h"
#include "list/bounce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char status[LIST_BOUNCE_STATUS_MAX];
	enum list_bounce found = list_bounce_read(slice_of(data, size), status);

	INVARIANT(strlen(status) < sizeof(status));
	INVARIANT(strspn(status, "0123456789.") == strlen(status));
	INVARIANT(found != LIST_BOUNCE_NONE || status[0] == '\0');
	return 0;
}
