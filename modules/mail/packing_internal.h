/*
 * packing_internal.h: what packing.c packs messages behind. Constant.
 */
#ifndef MAIL_PACKING_INTERNAL_H
#define MAIL_PACKING_INTERNAL_H

#include <stddef.h>

extern const char mail_packing_base[];
extern const size_t mail_packing_base_size;

#endif
