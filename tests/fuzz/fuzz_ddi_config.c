/* configData bodies: whatever the bytes, the reader ends, facts stay within their limits,
 * and taking the same body twice changes nothing more. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/problem.h"
#include "protocol/ddi/config_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_data config;
	static struct facts facts;
	struct problem p = { 0 };
	unsigned changed;

	if (config_data_read((const char *)data, size, &config, &p) < 0) {
		assert(p.kind == PROBLEM_BAD_INPUT || p.kind == PROBLEM_TOO_LARGE);
		assert(p.text[0] != '\0');
		return 0;
	}
	assert(config.count <= CONFIG_ENTRIES + 1);
	facts_init(&facts);
	int rc = facts_set(&facts, "vbs", "asserted", 1, FACT_ASSERTED, NULL, &p);
	assert(rc == 0);
	if (config_data_apply(&config, &facts, 2, &changed, &p) < 0) {
		assert(p.text[0] != '\0');
		return 0;
	}
	assert(facts.count <= LIMIT_FACTS && facts.used <= LIMIT_FACTS_TEXT);
	assert(facts_find(&facts, "os.kbs.0") == NULL);
	rc = config_data_apply(&config, &facts, 3, &changed, &p);
	assert(rc == 0);
	return 0;
}
