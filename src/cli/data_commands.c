/*
 * data_commands.c: reads the words of `hearth backup`, `restore` and `verify`, finds the data
 * folder they mean (locate.h), and calls src/backup. On the main thread.
 */
#include "cli/data_commands.h"
#include "cli/locate.h"

#include <stdio.h>

#include "backup/backup.h"
#include "backup/verify.h"
#include "hearth/log.h"
#include "kernel/kernel.h"
#include "modules.h"

#define FAILED  1
#define MISUSED 2

const char help_backup[] =
	"DIR is a new folder, or one of an earlier backup of the same data: then only what "
	"changed\n"
	"is copied. The server may run. In it is all that was acknowledged before the command\n"
	"began: databases, blobs, keys, certificate, INI file. Whoever can read DIR can read\n"
	"everything. A backup that is interrupted leaves the one before as it was.\n"
	"Exit codes: 0 done; 1 failed, or blobs are damaged (the rest is in it); 2 misused.\n";
const char help_restore[] =
	"The data folder ([server] data) must be empty and no server run on it. With --replace "
	"what\n"
	"is there is moved into a folder replaced-… in it first. Every file is checked; a restore\n"
	"that is interrupted goes on when it is run again, and until then no server starts. INI "
	"file\n"
	"and certificate from outside the data folder come to lie in from-backup/.\n"
	"Exit codes: 0 done; 1 failed; 2 misused.\n";
const char help_verify[] =
	"Looks at everything that is stored, also while the server runs: every page and index of "
	"the\n"
	"databases, every blob's bytes, and that what they say of each other agrees. Each damage "
	"is a\n"
	"line that names the account. With DIR: every file of the backup in it.\n"
	"Exit codes: 0 all is well; 1 there is damage; 2 misused.\n";

static int misused(const char *what)
{
	fprintf(stderr, "hearth: %s\n", what);
	return MISUSED;
}

int run_backup(struct hearth *h, const char *file, int argc, char **argv)
{
	const struct config *c = hearth_config(h);
	struct backup_source source = { .data = hearth_data_dir(h),
		.outside = { file, config_text(c, "tls", "cert"), config_text(c, "tls", "key") } };

	log_set_level(LOG_WARN);
	if (argc != 1)
		return misused("name one folder for the backup: hearth backup DIR");
	return backup_take(&source, argv[0]);
}

int run_restore(struct hearth *h, const char *file, int argc, char **argv)
{
	const char *from = NULL;
	bool replace = false;

	(void)file;
	log_set_level(LOG_WARN);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--replace") == 0)
			replace = true;
		else if (from || argv[i][0] == '-')
			return misused("hearth restore DIR [--replace]");
		else
			from = argv[i];
	}
	if (!from)
		return misused("name the folder of the backup: hearth restore DIR");
	return backup_restore(from, hearth_data_dir(h), replace);
}

int run_verify(struct hearth *h, const char *file, int argc, char **argv)
{
	const struct hearth_checks *checks[KERNEL_MODULES_MAX + 1];
	size_t n = 0;

	if (argc > 1)
		return misused("hearth verify [DIR]");
	if (argc == 1)
		return backup_verify(argv[0]); /* also where there is no server */
	if (locate_data(h->config, file) < 0)
		return FAILED;
	/* All modules, since their databases lie here whether they are enabled or not. */
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		if ((*m)->checks)
			checks[n++] = (*m)->checks;
	checks[n] = NULL;
	log_set_level(LOG_ERROR + 1); /* what is damaged is told here, once */
	return backup_verify_data(hearth_data_dir(h), checks);
}
