/*
 * locate.c: which configuration and data a command works on when nobody says, and as whom. A
 * command that made a second, empty data folder where it happens to run would answer for a server
 * that is none: so a folder that nobody named is never made by a command. On the main thread,
 * before anything is opened.
 */
#include "cli/locate.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"

/* Whether a server has run on the folder. */
static bool is_data_folder(const char *dir)
{
	struct strbuf path = { 0 };
	bool found;

	strbuf_printf(&path, "%s/hearth.lock", dir);
	found = access(path.p, F_OK) == 0;
	strbuf_free(&path);
	return found;
}

static bool names_data(const char *const *sets, size_t set_count)
{
	for (size_t i = 0; i < set_count; i++)
		if (strncmp(sets[i], "server.data=", 12) == 0)
			return true;
	return false;
}

const char *locate_file(
	const struct config *c, const char *file, const char *const *sets, size_t set_count)
{
	if (file || names_data(sets, set_count) ||
		is_data_folder(config_text(c, "server", "data")) || access(LOCATE_INI, F_OK) != 0)
		return file;
	return LOCATE_INI;
}

int locate_data(const struct config *c, const char *file)
{
	const char *data = config_text(c, "server", "data");
	char *here;

	if (data[0] == '/' || access(data, F_OK) == 0)
		return 0;
	here = realpath(".", NULL);
	fprintf(stderr, "hearth: no server's data here: there is no %s/%s", here ? here : ".",
		data);
	if (file)
		fprintf(stderr, " ([server] data, with %s read from here).\n", file);
	else
		fprintf(stderr, ", and no %s.\n", LOCATE_INI);
	fprintf(stderr,
		"Run it where the server was started, or name its INI file (-c FILE) or its "
		"data (--set server.data=DIR).\nIs there no server yet? `hearth serve` starts "
		"one.\n");
	free(here);
	return HEARTH_ENOTFOUND;
}

int locate_owner(const struct config *c)
{
	const char *data = config_text(c, "server", "data");
	struct stat st;

	if (geteuid() != 0 || stat(data, &st) < 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) == 0 && setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0)
		return 0;
	fprintf(stderr, "hearth: cannot act as the owner of %s: %s\n", data, strerror(errno));
	return HEARTH_EDENIED;
}
