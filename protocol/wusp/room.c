#include "protocol/wusp/room.h"

#include <stdlib.h>

#include "protocol/server/site.h"
#include "protocol/soap/soap_read.h"

enum {
	ANSWER_MOST = 256 * 1024 * 1024, /* a page of updates with package manifests */
	READER_MEMORY = 8 * 1024 * 1024, /* beyond a document of LIMIT_WUSP_BODY */
	MINUTE_MS = 60 * 1000,
};

static void room_free(void *owner)
{
	struct wusp_room *room = owner;

	for (int i = 0; i < WUSP_RESOURCES; i++) {
		while (room->idle_count[i] > 0)
			soap_reader_free(room->idle[i][--room->idle_count[i]]);
	}
	buffer_fini(&room->answer);
	buffer_fini(&room->packed);
	free(room);
}

struct wusp_room *wusp_room_of(struct desk *desk)
{
	if (desk->wusp_room != NULL)
		return desk->wusp_room;
	struct wusp_room *room = calloc(1, sizeof *room);
	if (room == NULL)
		return NULL;
	buffer_init(&room->answer, ANSWER_MOST);
	buffer_init(&room->packed, ANSWER_MOST);
	desk->wusp_room = room;
	desk->wusp_room_free = room_free;
	return room;
}

struct soap_reader *wusp_room_reader(struct wusp_room *room, enum wusp_resource resource,
				     const struct soap_service *service)
{
	if (room->idle_count[resource] > 0)
		return room->idle[resource][--room->idle_count[resource]];
	return soap_reader_new(service, READER_MEMORY);
}

void wusp_room_give(struct wusp_room *room, enum wusp_resource resource,
		    struct soap_reader *reader)
{
	if (reader == NULL)
		return;
	if (room->idle_count[resource] < ROOM_READERS)
		room->idle[resource][room->idle_count[resource]++] = reader;
	else
		soap_reader_free(reader);
}

/* By the loop's own clock: a virtual one may stand still. */
bool wusp_room_admits(struct wusp_room *room, struct desk *desk)
{
	uint64_t now_ms = uv_now(loop_uv(desk->loop));

	if (now_ms - room->minute_ms >= MINUTE_MS) {
		room->minute_ms = now_ms;
		room->joined = 0;
	}
	if (room->joined >= site_wusp_terms(desk->site)->joins_per_minute)
		return false;
	room->joined++;
	return true;
}
