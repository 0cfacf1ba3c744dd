/*
 * error.c: names of the error codes, for log lines and test output. Pure.
 */
#include "hearth/error.h"

const char *error_name(int code)
{
	switch (code) {
	case HEARTH_OK: return "ok";
	case HEARTH_EINVAL: return "malformed";
	case HEARTH_ENOTFOUND: return "not found";
	case HEARTH_EEXIST: return "exists already";
	case HEARTH_ECONFLICT: return "changed meanwhile";
	case HEARTH_EDENIED: return "denied";
	case HEARTH_EBUSY: return "busy";
	case HEARTH_ETOOBIG: return "too big";
	case HEARTH_EIO: return "input/output failure";
	case HEARTH_ETIMEOUT: return "timed out";
	case HEARTH_ECLOSED: return "closed";
	case HEARTH_ECORRUPT: return "corrupt";
	case HEARTH_EUNSUPPORTED: return "unsupported";
	}
	return code > 0 ? "ok" : "unknown error";
}
