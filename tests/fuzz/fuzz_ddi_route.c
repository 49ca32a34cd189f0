/* DDI paths and media types: whatever the text, what comes out is sound. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/ddi/media.h"
#include "protocol/ddi/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct ddi_route route;
	struct problem p = { 0 };

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	enum route_verdict verdict = ddi_route_find(text, &route, &p);
	if (verdict == ROUTE_FOUND) {
		assert(route.resource < DDI_RESOURCES && route.methods != 0);
		assert(route.device[0] != '\0' && route.id >= 0);
		assert(route.prefix_size <= strlen(text));
	} else if (verdict != ROUTE_FOREIGN) {
		assert(p.text[0] != '\0');
	}
	(void)media_choose(text);
	(void)media_is_json(text);
	free(text);
	return 0;
}
