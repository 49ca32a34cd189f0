/* The services' messages: dispatch and tables, of all three, over any bytes. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/soap_read.h"
#include "protocol/wusp/call.h"

enum { MEMORY = 8 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wusp_service *const services[] = { &wusp_client,
							       &wusp_simple_auth,
							       &wusp_reporting };
	static struct soap_reader *readers[3];

	if (size == 0)
		return 0;
	size_t which = data[0] % 3;
	if (readers[which] == NULL)
		readers[which] = soap_reader_new(&services[which]->soap, MEMORY);
	struct soap_message message;
	struct problem p = { 0 };
	int rc =
		soap_read(readers[which], (const char *)data + 1, size - 1, &message, &p);
	if (rc == 0)
		assert(message.is_fault || message.body != NULL);
	else
		assert(p.text[0] != '\0' && p.kind != PROBLEM_NONE);
	assert(memchr(message.field, '\0', sizeof message.field) != NULL);
	return 0;
}
