/*
 * test_alias_check.c: which addresses an alias may have and lead to; what is taken off as a subaddress.
 */
#include "alias/alias.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "hearth/config.h"

static const struct config_setting settings[] = {
	{ "server", "hostname", CONFIG_TEXT, "ours.test", NULL, NULL, NULL, "" },
	{ "mail", "domains", CONFIG_LIST, "ours.test also.test", NULL, NULL, NULL, "" },
	{ "mail", "subaddress", CONFIG_CHOICE, "+", NULL, NULL, "+|-|_|=|off", "" },
	CONFIG_END,
};

static struct config *configured(const char *assignment)
{
	struct config *c = config_new();
	struct strbuf errors = { 0 };

	config_declare(c, NULL, settings);
	if (assignment)
		ck_assert_int_eq(config_set(c, assignment, &errors), 0);
	strbuf_free(&errors);
	return c;
}

START_TEST(addresses_and_targets)
{
	static const struct {
		const char *text, *address, *target; /* NULL: refused */
	} rows[] = {
		{ "Ann", "ann@ours.test", "ann@ours.test" },
		{ " ann@Also.test ", "ann@also.test", "ann@also.test" },
		{ "ann@else.test", "ann@else.test", "ann@else.test" },
		{ "Ann.O'Brien@Else.Test", NULL, "Ann.O'Brien@else.test" },
		{ "@ours.test", "@ours.test", "@ours.test" },
		{ "@Old.TEST", "@old.test", "@old.test" },
		{ "@old", NULL, NULL },
		{ "@", NULL, NULL },
		{ "", NULL, NULL },
		{ "a b@else.test", NULL, NULL },
		{ "a..b@else.test", NULL, NULL },
		{ ".a@else.test", NULL, NULL },
		{ "a@else", "a@else", NULL },
		{ "a@-else.test", "a@-else.test", NULL },
		{ "a@else..test", NULL, NULL },
		{ "a@else.test.", NULL, NULL },
		{ "a@b@else.test", NULL, NULL },
		{ "a@[192.0.2.1]", NULL, NULL },
		{ "\"a\"@else.test", NULL, NULL },
		{ "a\r\n@else.test", NULL, NULL },
		{ "\xc3\xa4@else.test", NULL, NULL },
		{ "a@\xc3\xa4.test", NULL, NULL },
	};
	struct config *c = configured(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256];
		int rc = alias_address(c, slice_str(rows[i].text), out);

		ck_assert_msg((rc == 0) == (rows[i].address != NULL), "address %s", rows[i].text);
		if (rc == 0)
			ck_assert_str_eq(out, rows[i].address);
		rc = alias_target(c, slice_str(rows[i].text), out);
		ck_assert_msg((rc == 0) == (rows[i].target != NULL), "target %s", rows[i].text);
		if (rc == 0)
			ck_assert_str_eq(out, rows[i].target);
	}
	config_free(&c);
}
END_TEST

/* Each length of a text, in memory of that size, so that a sanitizer sees what is read behind it. */
START_TEST(cut_anywhere)
{
	static const char *const texts[] = { "Ann.O'Brien+x=y@some.where.else.test",
		"@some.where.else.test" };
	struct config *c = configured(NULL);
	char out[256], longest[400];

	for (size_t t = 0; t < 2; t++)
		for (size_t n = 0; n <= strlen(texts[t]); n++) {
			char *head = malloc(n ? n : 1);

			memcpy(head, texts[t], n);
			alias_address(c, slice_of(head, n), out);
			if (alias_target(c, slice_of(head, n), out) == 0)
				ck_assert(strlen(out) < 255 && strchr(out, '@'));
			free(head);
		}
	for (size_t n = 1; n < 300; n++) {
		memset(longest, 'a', n);
		snprintf(longest + n, sizeof(longest) - n, "@else.test");
		ck_assert_int_eq(alias_target(c, slice_str(longest), out) == 0, n <= 64);
	}
	config_free(&c);
}
END_TEST

START_TEST(subaddresses)
{
	static const struct {
		const char *separator, *address, *stripped; /* NULL: there is none */
	} rows[] = {
		{ "+", "ann+x@ours.test", "ann@ours.test" },
		{ "+", "ann+x+y@ours.test", "ann@ours.test" },
		{ "+", "ann@ours.test", NULL },
		{ "+", "+x@ours.test", NULL },
		{ "+", "ann@o+urs.test", NULL },
		{ "+", "ann-x@ours.test", NULL },
		{ "-", "ann-x@ours.test", "ann@ours.test" },
		{ "=", "ann=x@ours.test", "ann@ours.test" },
		{ "off", "ann+x@ours.test", NULL },
		{ "off", "officer@ours.test", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char setting[64], address[256];
		struct config *c;

		snprintf(setting, sizeof(setting), "mail.subaddress=%s", rows[i].separator);
		snprintf(address, sizeof(address), "%s", rows[i].address);
		c = configured(setting);
		ck_assert_msg(alias_strip(c, address) == (rows[i].stripped != NULL), "%s",
			rows[i].address);
		ck_assert_str_eq(address, rows[i].stripped ? rows[i].stripped : rows[i].address);
		config_free(&c);
	}
}
END_TEST

TEST_MAIN("alias_check", addresses_and_targets, cut_anywhere, subaddresses)
