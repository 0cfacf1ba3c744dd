/*
 * config.c: GET /api/auth/config: what a page must know before anybody is signed in.
 */
#include "account/register.h"
#include "sms/sms.h"

void auth_get_config(void *module, struct http_request *rq)
{
	const struct auth *a = module;
	const struct config *c = hearth_config(a->h);
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "registration", config_text(c, "auth", "registration"));
	json_put_bool(&w, "phone_required", config_bool(c, "auth", "registration_phone"));
	json_put_str(&w, "second_factor", config_text(c, "auth", "second_factor"));
	json_put_str(&w, "group_creation", config_text(c, "auth", "group_creation"));
	json_put_i64(&w, "password_min", a->password_min);
	json_put_bool(&w, "sms", sms_enabled(a->sms));
	json_close_object(&w);
	http_reply_json(rq, 200, &out);
}
