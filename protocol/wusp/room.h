/* What MS-WUSP keeps on one loop's thread between calls: readers of messages, and the
 * space in which answers are put together.  Made by the first call, freed with the desk.
 *
 * A reader belongs to its call until the answer; the rest is for one call at a time and
 * only while it is being answered. */

#ifndef PROTOCOL_WUSP_ROOM_H
#define PROTOCOL_WUSP_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buffer.h"
#include "protocol/wusp/route.h"
#include "protocol/wusp/sync.h"

struct desk;
struct soap_reader;
struct soap_service;

enum { ROOM_READERS = 8 };

struct wusp_room {
	struct buffer answer, packed;
	struct sync_page page;
	uint64_t minute_ms; /* when the present one began, by the loop's clock */
	uint32_t joined;    /* agents taken in since */
	/* not for users */
	size_t idle_count[WUSP_RESOURCES];
	struct soap_reader *idle[WUSP_RESOURCES][ROOM_READERS];
};

/* The desk's room; NULL without memory. */
struct wusp_room *wusp_room_of(struct desk *desk);
/* NULL without memory. */
struct soap_reader *wusp_room_reader(struct wusp_room *room, enum wusp_resource resource,
				     const struct soap_service *service);
void wusp_room_give(struct wusp_room *room, enum wusp_resource resource,
		    struct soap_reader *reader); /* accepts NULL */
/* May one more agent be taken in now? */
bool wusp_room_admits(struct wusp_room *room, struct desk *desk);

#endif
