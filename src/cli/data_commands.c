/*
 * data_commands.c: reads the words of `hearth backup`, `restore` and `verify`, finds the data
 * folder they mean (locate.h), and calls src/backup. On the main thread.
 */
#include "cli/data_commands.h"
#include "cli/locate.h"

#include <stdio.h>

#include "backup/backup.h"
#include "backup/generations.h"
#include "backup/verify.h"
#include "hearth/log.h"
#include "kernel/kernel.h"
#include "modules.h"

#define FAILED  1
#define MISUSED 2

const char help_backup[] =
	"DIR is a new folder, or one of earlier backups of the same data: then only what changed\n"
	"is copied, and with this one --keep N of them stay (7 by default; 1 to 100). The server "
	"may run. In it is all that was acknowledged before the command\n"
	"began: databases, blobs, keys, certificate, INI file. Whoever can read DIR can read\n"
	"everything. A backup that is interrupted leaves the one before as it was. While it is\n"
	"taken, DIR has room for a copy of the largest database, too; where that is not there, or\n"
	"the server's own disk would come near its reserve, it says so and changes nothing.\n"
	"Exit codes: 0 done; 1 failed, or blobs are damaged (the rest is in it); 2 misused.\n";
const char help_restore[] =
	"The data folder ([server] data) must be empty and no server run on it. With --replace "
	"what\n"
	"is there is moved into a folder replaced-… in it first. Every file is checked; a restore\n"
	"that is interrupted goes on when it is run again, and until then no server starts. INI "
	"file\n"
	"and certificate from outside the data folder come to lie in from-backup/. --of NAME is "
	"for\n"
	"an earlier one than the newest; `hearth verify DIR` says which there are.\n"
	"Exit codes: 0 done; 1 failed; 2 misused.\n";
const char help_verify[] =
	"Looks at everything that is stored, also while the server runs: every page and index of "
	"the\n"
	"databases, every blob's bytes, and that what they say of each other agrees. Each damage "
	"is a\n"
	"line that names the account. With DIR: every file of the newest backup in it, or of\n"
	"the one named by --of.\n"
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
		.outside = { file, config_text(c, "tls", "cert"), config_text(c, "tls", "key") },
		.reserve = config_size(c, "store", "reserve") };
	const char *dir = NULL, *keep = NULL;
	int64_t n = GENERATIONS_DEFAULT;

	log_set_level(LOG_WARN);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--keep") == 0 && i + 1 < argc)
			keep = argv[++i];
		else if (dir || argv[i][0] == '-')
			return misused("hearth backup DIR [--keep N]");
		else
			dir = argv[i];
	}
	if (!dir)
		return misused("name one folder for the backup: hearth backup DIR");
	if (keep && slice_i64(slice_str(keep), 1, GENERATIONS_MAX, &n) < 0)
		return misused("--keep: expected a number from 1 to 100");
	return backup_take(&source, dir, (size_t)n);
}

/* DIR [--of NAME] [--replace, if that may stand here]; false when it is something else. */
static bool read_words(int argc, char **argv, const char **dir, const char **of, bool *replace)
{
	*dir = *of = NULL;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--of") == 0 && i + 1 < argc && generation_is_name(argv[i + 1]))
			*of = argv[++i];
		else if (replace && strcmp(argv[i], "--replace") == 0)
			*replace = true;
		else if (*dir || argv[i][0] == '-')
			return false;
		else
			*dir = argv[i];
	}
	return true;
}

int run_restore(struct hearth *h, const char *file, int argc, char **argv)
{
	const char *from, *of;
	bool replace = false;

	(void)file;
	log_set_level(LOG_WARN);
	if (!read_words(argc, argv, &from, &of, &replace))
		return misused("hearth restore DIR [--of NAME] [--replace]");
	if (!from)
		return misused("name the folder of the backup: hearth restore DIR");
	return backup_restore(from, of, hearth_data_dir(h), replace);
}

int run_verify(struct hearth *h, const char *file, int argc, char **argv)
{
	const struct hearth_checks *checks[KERNEL_MODULES_MAX + 1];
	const char *dir, *of;
	size_t n = 0;

	if (!read_words(argc, argv, &dir, &of, NULL) || (of && !dir))
		return misused("hearth verify [DIR [--of NAME]]");
	if (dir)
		return backup_verify(dir, of); /* also where there is no server */
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
