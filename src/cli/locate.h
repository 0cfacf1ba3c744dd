/*
 * locate.h: which configuration and data a command works on when nobody says, and as whom. On the
 * main thread, before anything is opened.
 */
#ifndef HEARTH_SRC_CLI_LOCATE_H
#define HEARTH_SRC_CLI_LOCATE_H

#include "hearth/config.h"

#define LOCATE_INI "/etc/hearth.ini" /* where `make install` puts the INI file */

/*
 * The INI file that a command is to read: the one that was named; none, where --set names the data
 * folder or the default one is here; else that of the installed server; else none. `c` is still
 * without any file.
 */
const char *locate_file(
	const struct config *c, const char *file, const char *const *sets, size_t set_count);

/*
 * After the configuration was read: whether a command may go on. A relative data folder that is not
 * there is refused: 0, or HEARTH_ENOTFOUND, with what was looked for, and what to do, on stderr.
 */
int locate_data(const struct config *c, const char *file);

/*
 * Run by root on somebody else's data, a command becomes its owner: a file that root makes there
 * would be closed to the server. 0, or HEARTH_EDENIED, which was said on stderr.
 */
int locate_owner(const struct config *c);

#endif
