/*
 * config.c: GET /api/auth/config: what a page must know before anybody is signed in.
 * On the loop; a page of settings, and one read.
 */
#include "registration/register.h"
#include "sms/sms.h"

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	bool administrated;
};

static void answer(struct ask *ask)
{
	const struct auth *a = ask->a;
	const struct config *c = hearth_config(a->h);
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "registration", config_text(c, "auth", "registration"));
	json_put_bool(&w, "first_start", !ask->administrated);
	json_put_bool(&w, "phone_required", config_bool(c, "auth", "registration_phone"));
	json_put_str(&w, "second_factor", config_text(c, "auth", "second_factor"));
	json_put_str(&w, "group_creation", config_text(c, "auth", "group_creation"));
	json_put_i64(&w, "password_min", a->password_min);
	json_put_bool(&w, "sms", sms_enabled(a->sms));
	json_name(&w, "modules");
	json_open_array(&w);
	for (int i = 0; hearth_module_name(a->h, i); i++)
		json_text(&w, slice_str(hearth_module_name(a->h, i)));
	json_close_array(&w);
	json_close_object(&w);
	http_reply_json(ask->rq, 200, &out);
}

static int look(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;

	return auth_store_has_administrator(tx, &ask->administrated);
}

static void on_looked(void *arg, int status)
{
	struct ask *ask = arg;

	if (status < 0)
		http_reply_error(ask->rq, status);
	else
		answer(ask);
}

void auth_get_config(void *module, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);
	int rc;

	*ask = (struct ask){ .a = module, .rq = rq };
	rc = db_read(ask->a->db, look, on_looked, ask);
	if (rc < 0)
		on_looked(ask, rc);
}
