/* One member of a JSON object as the text of a cell. */

#ifndef PROTOCOL_COMMAND_CELL_H
#define PROTOCOL_COMMAND_CELL_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/command/sheet.h"

enum { CELL_TEXT_MOST = 4096 };

/* The member a dotted path names; NULL for none. */
const json_t *cell_member(const json_t *row, const char *path);

/* As data: numbers plain, times as they are, lists with spaces, yes and no. */
char *cell_plain(const struct column *column, const json_t *row,
		 char room[static CELL_TEXT_MOST]);

/* As people read it on a terminal. */
char *cell_human(const struct column *column, const json_t *row, int64_t now_s,
		 char room[static CELL_TEXT_MOST]);

enum ink cell_ink(const struct column *column, const json_t *row);

#endif
