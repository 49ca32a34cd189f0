#include "protocol/admin/device_match.h"

#include <string.h>

#include "engine/expression.h"
#include "engine/plan.h"
#include "protocol/admin/job.h"

/* What an expression may name beside facts. */
struct names {
	const struct device_seen *seen;
	const struct plan *plan;
	char kb[KB_TEXT], build[BUILD_TEXT];
};

static const char *name_id(struct names *names)
{
	return names->seen->record->id;
}

static const char *name_ring(struct names *names)
{
	int ring = names->seen->ring;
	return ring >= 0 ? names->plan->rings[ring].name : NULL;
}

static const char *name_policy(struct names *names)
{
	int policy = names->seen->policy;
	return policy >= 0 ? names->plan->policies[policy].name : NULL;
}

static const char *name_product(struct names *names)
{
	const struct product *product = names->seen->decision->product;
	return product != NULL ? product->id : NULL;
}

static const char *name_level_kb(struct names *names)
{
	const struct level *level = &names->seen->decision->level;
	return level->state == LEVEL_KNOWN ? kb_format(level->kb, names->kb) : NULL;
}

static const char *name_level_build(struct names *names)
{
	struct build build = names->seen->decision->build;
	return build.base != 0 ? build_format(build, names->build) : NULL;
}

static const char *name_track(struct names *names)
{
	const struct decision *decision = names->seen->decision;
	if (decision->line == NULL)
		return NULL;
	return decision->track == TRACK_HOTPATCH ? "hotpatch" : "standard";
}

static const char *name_standing(struct names *names)
{
	return standing_names[names->seen->decision->standing];
}

static const char *name_action(struct names *names)
{
	return action_names[names->seen->decision->action];
}

static const char *name_flow_state(struct names *names)
{
	enum flow_state state = names->seen->record->history.flow.state;
	return state != FLOW_NONE ? flow_state_name(state) : NULL;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *(*value)(struct names *names);
} derived[] = {
	{ "id",          name_id },
	{ "ring",        name_ring },
	{ "policy",      name_policy },
	{ "product",     name_product },
	{ "level.kb",    name_level_kb },
	{ "level.build", name_level_build },
	{ "track",       name_track },
	{ "standing",    name_standing },
	{ "action",      name_action },
	{ "flow.state",  name_flow_state },
};
/* clang-format on */

static const char *look_up(void *owner, const char *name)
{
	for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
		if (strcmp(derived[i].name, name) == 0)
			return derived[i].value(owner);
	}
	return NULL;
}

bool device_matches(const struct expression *where, const struct device_seen *seen,
		    const struct plan *plan)
{
	struct names names = { .seen = seen, .plan = plan };

	return expression_test_with(where, &seen->record->facts, look_up, &names) ==
	       TRUTH_TRUE;
}
