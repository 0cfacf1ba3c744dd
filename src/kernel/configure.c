/*
 * configure.c: from the INI file to the list of modules that will run. On the main thread, before
 * anything is opened.
 */
#include "kernel/kernel.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "modules.h"

static const struct hearth_module *find_module(const char *name)
{
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		if (strcmp((*m)->name, name) == 0)
			return *m;
	return NULL;
}

static bool is_default_list(const char *const *names)
{
	static const char *const all[] = { "auth", "mail", "video", "game", "gateway", "web",
		NULL };
	size_t i = 0;

	for (; names[i] && all[i]; i++)
		if (strcmp(names[i], all[i]) != 0)
			return false;
	return names[i] == all[i];
}

/*
 * Modules that the file enables, in starting order. The default list names all of them, and one
 * that is not built in is then simply not there; naming it oneself is a mistake.
 */
static void choose_modules(struct hearth *h, struct strbuf *errors)
{
	const char *const *names = config_list(h->config, "modules", "enable");
	bool by_default = is_default_list(names);

	for (const char *const *n = names; *n; n++)
		if (!find_module(*n) && !by_default)
			strbuf_printf(
				errors, "[modules] enable: no module \"%s\" in this build\n", *n);
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const char *const *n = names; *n; n++)
			if (strcmp(*n, (*m)->name) == 0) {
				h->modules[h->module_count++] = *m;
				break;
			}
}

/* This build stores everything itself: a URL that names another engine must not pass unseen. */
static void refuse_unknown_engines(const struct hearth *h, struct strbuf *errors)
{
	static const char *const keys[] = { "db", "blob", "cache", "bus" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *url = config_text(h->config, "store", keys[i]);

		if (*url)
			strbuf_printf(errors,
				"[store] %s = %s: this version has only the embedded engine; leave "
				"it empty\n",
				keys[i], url);
	}
}

int kernel_configure(struct hearth *h, const char *file, const char *const *sets, size_t set_count,
	struct strbuf *errors)
{
	enum log_level level;
	size_t before = errors->n;

	if (file)
		config_read_file(h->config, file, errors);
	for (size_t i = 0; i < set_count; i++)
		config_set(h->config, sets[i], errors);
	if (errors->n > before)
		return HEARTH_EINVAL;
	choose_modules(h, errors);
	refuse_unknown_engines(h, errors);
	if (log_level_parse(config_text(h->config, "server", "log_level"), &level) == 0)
		log_set_level(level);
	return errors->n > before ? HEARTH_EINVAL : 0;
}
