/*
 * sms.c: the settings of sms/, and queueing a message under its limits (sms.h).
 * The settings are read at the start; queueing is inside a db_fn.
 */
#include "sms/sms.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "sms/phone.h"
#include "sms/sms_private.h"
#include "sms/template.h"

static int open_driver(struct sms *s, const char *name)
{
	if (strcmp(name, "none") == 0)
		return 0;
	s->send = strcmp(name, "file") == 0 ? sms_file_send : sms_http_send;
	if (s->send == sms_file_send)
		return sms_file_open(s);
	sms_http_open(s);
	return 0;
}

static void read_settings(struct sms *s, const struct config *c, const char *data_dir)
{
	struct strbuf file = { 0 };

	s->per_number = config_int(c, "auth", "sms_per_number");
	s->per_account = config_int(c, "auth", "sms_per_account");
	s->per_network = config_int(c, "auth", "sms_per_network");
	s->per_day = config_int(c, "auth", "sms_per_day");
	s->gap_ms = config_duration_ms(c, "auth", "sms_gap");
	s->code_ttl_ms = config_duration_ms(c, "auth", "sms_code_ttl");
	s->code_text = config_text(c, "auth", "sms_text");
	s->accounts_per_phone = config_int(c, "auth", "accounts_per_phone");
	s->phone_country = config_text(c, "auth", "phone_country");
	s->method = config_text(c, "auth", "sms_method");
	s->url = config_text(c, "auth", "sms_url");
	s->headers = config_text(c, "auth", "sms_headers");
	s->body = config_text(c, "auth", "sms_body");
	s->user = config_text(c, "auth", "sms_user");
	s->password = config_text(c, "auth", "sms_password");
	if (config_text(c, "auth", "sms_file")[0])
		strbuf_adds(&file, config_text(c, "auth", "sms_file"));
	else
		strbuf_printf(&file, "%s/sms.log", data_dir);
	s->file = file.p;
}

/* The settings that every driver has. */
static void check_codes(const struct sms *s, const struct config *c, struct strbuf *errors)
{
	static const char *const names[] = { "code", "hostname", "minutes", NULL };
	struct slice unknown = template_unknown(s->code_text, names);

	if (unknown.n)
		config_blame(c, "auth", "sms_text", errors,
			"found {%.*s}: there are {code}, {hostname} and {minutes}",
			SLICE_ARG(unknown));
	else if (!template_has(s->code_text, "code"))
		config_blame(c, "auth", "sms_text", errors, "{code} is missing");
	if (!phone_country_valid(s->phone_country))
		config_blame(c, "auth", "phone_country", errors,
			"found \"%s\", expected a calling code such as 49", s->phone_country);
}

int sms_check(const struct config *c, struct strbuf *errors)
{
	struct sms s = { 0 };
	size_t before = errors->n;

	read_settings(&s, c, "");
	check_codes(&s, c, errors);
	if (strcmp(config_text(c, "auth", "sms_driver"), "http") == 0)
		sms_http_check(&s, c, errors);
	free(s.file);
	return errors->n > before ? HEARTH_EINVAL : 0;
}

/* Whether the settings are good; what is wrong was logged. */
static bool is_good(const struct config *c)
{
	struct strbuf errors = { 0 };
	bool good = sms_check(c, &errors) == 0;

	if (!good)
		log_error("sms", "settings are wrong", "why", "%s", errors.p, NULL);
	strbuf_free(&errors);
	return good;
}

int sms_new(const struct config *c, const char *data_dir, const char *hostname, struct sms **out)
{
	struct sms *s;

	if (!is_good(c))
		return HEARTH_EINVAL;
	s = mem_zalloc(sizeof(*s));
	read_settings(s, c, data_dir);
	s->hostname = hostname;
	s->sent = metric_counter(
		"hearth_auth_sms_sent_total", NULL, "Short messages that the provider took.");
	s->failed = metric_counter("hearth_auth_sms_failed_total", NULL,
		"Short messages given up: refused, or expired before they could be sent.");
	s->retried = metric_counter(
		"hearth_auth_sms_retried_total", NULL, "Attempts that will be made once more.");
	s->waiting = metric_gauge(
		"hearth_auth_sms_waiting", NULL, "Short messages that wait or are on their way.");
	if (open_driver(s, config_text(c, "auth", "sms_driver")) < 0) {
		sms_free(&s);
		return HEARTH_EINVAL;
	}
	*out = s;
	return 0;
}

void sms_free(struct sms **s)
{
	if (!*s)
		return;
	free((*s)->file);
	free(*s);
	*s = NULL;
}

bool sms_enabled(const struct sms *s)
{
	return s->send != NULL;
}

/* ---- limits ---- */

/*
 * What a question for the n-th newest message means when there may be n within span_ms: with one
 * that old there is room again when it is older than the span.
 */
static int judge(int rc, const int64_t *at_ms, int64_t span_ms, int64_t now_ms, int64_t *retry_s)
{
	if (rc == HEARTH_ENOTFOUND)
		return 0;
	if (rc < 0)
		return rc;
	*retry_s = (*at_ms + span_ms - now_ms + 999) / 1000;
	if (*retry_s < 1)
		*retry_s = 1;
	return HEARTH_EBUSY;
}

/* The first limit that says no gives the wait; whoever waited that long may meet the next one. */
static int check_limits(struct db_tx *tx, const struct sms *s, const struct sms_message *m,
	const char *network, int64_t now_ms, int64_t *retry_s)
{
	int64_t day = now_ms - SMS_DAY_MS, at = 0;
	/* Strangers cannot use up what log-ins need. */
	int64_t in_all = m->verified ? s->per_day : s->per_day - s->per_day / 4;
	int rc;

	rc = judge(sms_store_nth_to(tx, m->to, m->verified, day, s->per_number, &at), &at,
		SMS_DAY_MS, now_ms, retry_s);
	if (rc == 0 && m->account)
		rc = judge(sms_store_nth_for(tx, m->account, day, s->per_account, &at), &at,
			SMS_DAY_MS, now_ms, retry_s);
	if (rc == 0)
		rc = judge(sms_store_nth_from(tx, network, day, s->per_network, &at), &at,
			SMS_DAY_MS, now_ms, retry_s);
	if (rc == 0)
		rc = judge(sms_store_nth(tx, day, in_all, &at), &at, SMS_DAY_MS, now_ms, retry_s);
	if (rc == 0)
		rc = judge(sms_store_nth_to(tx, m->to, m->verified, now_ms - s->gap_ms, 1, &at),
			&at, s->gap_ms, now_ms, retry_s);
	return rc;
}

/* ---- queueing ---- */

static void name_make(char name[SMS_NAME_MAX])
{
	unsigned char bytes[16];

	rand_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), name);
}

static int count_waiting(struct db_tx *tx, const struct sms *s)
{
	int64_t open, dead;
	int rc = queue_count(tx, SMS_QUEUE, &open, &dead);

	if (rc == 0)
		metric_set(s->waiting, open);
	return rc;
}

static int queue(struct db_tx *tx, const struct sms *s, const char *name, int64_t id)
{
	struct strbuf payload = { 0 };
	int rc;

	strbuf_printf(&payload, "%lld", (long long)id);
	rc = queue_push(tx, SMS_QUEUE, slice_str(name), strbuf_slice(&payload), 0, 0);
	strbuf_free(&payload);
	return rc < 0 ? rc : count_waiting(tx, s);
}

int sms_push(
	struct db_tx *tx, const struct sms *s, const struct sms_message *m, struct sms_receipt *out)
{
	int64_t now_ms = clock_wall_ms();
	char name[SMS_NAME_MAX], network[64];
	int rc;

	*out = (struct sms_receipt){ 0 };
	if (!s->send)
		return HEARTH_EUNSUPPORTED;
	if (m->text.n > SMS_TEXT_MAX)
		return HEARTH_ETOOBIG;
	sms_network(m->peer, network);
	rc = sms_store_sweep(tx, now_ms - SMS_DAY_MS);
	if (rc == 0)
		rc = check_limits(tx, s, m, network, now_ms, &out->retry_s);
	if (rc < 0)
		return rc;
	name_make(name);
	rc = sms_store_add(tx, name, m, network, now_ms, &out->id);
	return rc < 0 ? rc : queue(tx, s, name, out->id);
}

int sms_withdraw(struct db_tx *tx, int64_t id)
{
	return sms_store_withdraw(tx, id, clock_wall_ms());
}

int sms_forget(struct db_tx *tx, int64_t account)
{
	return sms_store_forget(tx, account, clock_wall_ms());
}

void sms_drain(struct sms *s, int64_t ms)
{
	atomic_store(&s->stop_at_ms, clock_mono_ms() + ms);
}

bool sms_stopping(const struct sms *s)
{
	int64_t at_ms = atomic_load(&s->stop_at_ms);

	return at_ms && clock_mono_ms() >= at_ms;
}

int sms_tidy(struct db_tx *tx, const struct sms *s)
{
	int rc = sms_store_sweep(tx, clock_wall_ms() - SMS_DAY_MS);

	return rc < 0 ? rc : count_waiting(tx, s);
}
