/*
 * letters.h: this module's part of hearth/letters.h. On the loop; a letter is one message, of the text
 * it is given.
 */
#ifndef MAIL_LETTERS_H
#define MAIL_LETTERS_H

#include "hearth/letters.h"
#include "mail.h"

/* Offers the service; at start. `out` lives as long as the module. */
void mail_letters_offer(struct mail *m, struct letters *out);

#endif
