/*
 * libav.c: finding the functions (libav.h): by the versions that the headers are of, which are the
 * names Debian's packages have. On a worker, once.
 */
#define LIBAV_OWN_NAMES
#include "package/libav.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define NAME(library, major) "lib" #library ".so." AV_STRINGIFY(major)

enum library { UTIL, CODEC, SCALE, LIBRARIES };

struct libav_functions libav;

static int loaded;

/* Every function, or none that anybody sees: `loaded` says so. */
static int load(void)
{
	static const char *const names[LIBRARIES] = {
		[UTIL] = NAME(avutil, LIBAVUTIL_VERSION_MAJOR),
		[CODEC] = NAME(avcodec, LIBAVCODEC_VERSION_MAJOR),
		[SCALE] = NAME(swscale, LIBSWSCALE_VERSION_MAJOR),
	};
	void *library[LIBRARIES];
	bool whole = true;

	for (int i = 0; i < LIBRARIES; i++) {
		library[i] = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
		if (!library[i]) {
			log_error("video", "nothing can be transcoded: a library is missing", "why",
				"%s", dlerror(), NULL);
			return HEARTH_EUNSUPPORTED;
		}
	}
#define LIBAV_FIND(in, name)                               \
	*(void **)&libav.name = dlsym(library[in], #name); \
	whole = whole && libav.name;
	LIBAV_FUNCTIONS(LIBAV_FIND)
#undef LIBAV_FIND
	if (!whole)
		log_error("video", "nothing can be transcoded: a library is another than expected",
			NULL);
	else
		libav.av_log_set_level(AV_LOG_QUIET);
	return whole ? 0 : HEARTH_EUNSUPPORTED;
}

static void load_once(void)
{
	loaded = load();
}

int libav_load(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load_once);
	return loaded;
}
