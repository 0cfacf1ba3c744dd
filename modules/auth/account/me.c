/*
 * me.c: GET /api/auth/me: who is signed in.
 */
#include "account/account.h"
#include "session/session.h"

void auth_get_me(void *module, struct http_request *rq)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	(void)module;
	json_writer_init(&w, &out);
	json_open_object(&w);
	auth_write_account(&w, http_account(rq));
	json_close_object(&w);
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply_json(rq, 200, &out);
}
