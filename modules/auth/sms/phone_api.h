/*
 * phone_api.h: the routes of one's own phone, for the module's table.
 */
#ifndef AUTH_SMS_PHONE_API_H
#define AUTH_SMS_PHONE_API_H

#include "hearth/http.h"

http_handler auth_post_phone;
http_handler auth_post_phone_verify;
http_handler auth_delete_phone;

#endif
