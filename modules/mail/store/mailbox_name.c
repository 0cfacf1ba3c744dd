/*
 * store/mailbox_name.c: which names mailboxes have (mailbox_name.h). Pure; a name of any length is
 * looked through once.
 */
#include "store/mailbox_name.h"

#include <string.h>

#include "hearth/text.h"

#define LEVELS_MAX 32

struct slice mail_name_canonical(struct slice name, char room[MAIL_NAME_MAX + 1])
{
	if (name.n <= MAIL_NAME_MAX &&
		(slice_ieq(name, SLICE("INBOX")) || slice_istarts(name, SLICE("INBOX/")))) {
		memcpy(room, name.p, name.n);
		for (size_t i = 0; i < 5; i++)
			room[i] = "INBOX"[i];
		return slice_of(room, name.n);
	}
	return name;
}

bool mail_name_is_good(struct slice name)
{
	int levels = 0;

	if (name.n == 0 || name.n > MAIL_NAME_MAX || !utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
			return false;
	for (struct slice rest = name; rest.p; levels++)
		if (slice_split(&rest, '/').n == 0)
			return false;
	return levels <= LEVELS_MAX;
}
