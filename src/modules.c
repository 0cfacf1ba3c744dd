/*
 * modules.c: the one list of modules. The order is the order of starting: who offers a service
 * stands before who needs it. The Makefile's MODULES decides which are built in. A constant table.
 */
#include "modules.h"

#ifdef HEARTH_WITH_auth
extern const struct hearth_module auth_module;
#endif
#ifdef HEARTH_WITH_gateway
extern const struct hearth_module gateway_module;
#endif
#ifdef HEARTH_WITH_mail
extern const struct hearth_module mail_module;
#endif
#ifdef HEARTH_WITH_video
extern const struct hearth_module video_module;
#endif
#ifdef HEARTH_WITH_game
extern const struct hearth_module game_module;
#endif
#ifdef HEARTH_WITH_web
extern const struct hearth_module web_module;
#endif

const struct hearth_module *const hearth_modules[] = {
#ifdef HEARTH_WITH_auth
	&auth_module,
#endif
#ifdef HEARTH_WITH_gateway
	&gateway_module,
#endif
#ifdef HEARTH_WITH_mail
	&mail_module,
#endif
#ifdef HEARTH_WITH_video
	&video_module,
#endif
#ifdef HEARTH_WITH_game
	&game_module,
#endif
#ifdef HEARTH_WITH_web
	&web_module,
#endif
	NULL,
};
