/*
 * sms_test.h: what the tests of sms/ share: its settings, its tables, a clock that stands still.
 */
#ifndef HEARTH_TESTS_SMS_TEST_H
#define HEARTH_TESTS_SMS_TEST_H

#include "harness.h"

#include "auth.h"
#include "database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "sms/sms.h"
#include "sms/sms_private.h"

#define T0 INT64_C(1700000000000)

extern const struct hearth_module auth_module;

static struct config *test_config;
static struct sms *test_sms;
static struct db *test_db;

/* Everything fresh, with some "auth.key=value" (NULL-ended) set. */
static inline void sms_test_open(const char *const *settings)
{
	struct strbuf errors = { 0 };

	log_set_level(LOG_ERROR);
	clock_fake(T0, 1000000);
	test_db = database_new(auth_module.schemas);
	test_config = config_new();
	config_declare(test_config, "auth", auth_module.settings);
	for (; settings && *settings; settings++)
		ck_assert_msg(config_set(test_config, *settings, &errors) == 0, "%s", errors.p);
	ck_assert_int_eq(sms_new(test_config, scratch_dir, "hearth.test", &test_sms), 0);
}

static inline void sms_test_close(void)
{
	sms_free(&test_sms);
	config_free(&test_config);
	db_close(&test_db);
	clock_fake(-1, 0);
}

#endif
