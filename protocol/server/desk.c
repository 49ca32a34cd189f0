/* Desks: what each loop thread opens when it starts and closes when it ends. */

#include <stdlib.h>

#include "protocol/server/seen.h"
#include "protocol/server/site_private.h"

struct desk *site_desk(struct loop *loop)
{
	return loop_data(loop);
}

void desk_seen(struct desk *desk, const char *device)
{
	seen_note(desk->seen, device, site_now(desk->site));
}

int desk_open(struct loop *loop, struct site *site, struct problem *p)
{
	struct desk *desk = calloc(1, sizeof *desk);
	struct seen_batch *seen = seen_new();

	if (desk == NULL || seen == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a loop's desk");
		goto fail;
	}
	desk->site = site;
	desk->loop = loop;
	desk->seen = seen;
	desk->flush_in_s = site->seen_flush_s;
	desk->session = site->backend->ops->open(site->backend, p);
	if (desk->session == NULL)
		goto fail;
	loop_set_data(loop, desk);
	return 0;
fail:
	seen_free(seen);
	free(desk);
	return -1;
}

void desk_close(struct loop *loop)
{
	struct desk *desk = site_desk(loop);

	if (desk->wusp_room_free != NULL)
		desk->wusp_room_free(desk->wusp_room);
	seen_flush(desk->seen, desk->site->backend);
	seen_free(desk->seen);
	desk->site->backend->ops->close(desk->session);
	free(desk);
	loop_set_data(loop, NULL);
}

/* Ticks come once a second, so they are counted: no clock is read, and a virtual one
 * that stands still holds nothing up. */
void desk_tick(struct loop *loop)
{
	struct desk *desk = site_desk(loop);

	if (--desk->flush_in_s > 0)
		return;
	desk->flush_in_s = desk->site->seen_flush_s;
	seen_flush(desk->seen, desk->site->backend);
}
