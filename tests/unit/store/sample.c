#include "tests/unit/store/sample.h"

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"

/* splitmix64 */
uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t dice_below(struct dice *dice, uint32_t limit)
{
	return (uint32_t)(dice_roll(dice) % limit);
}

bool dice_chance(struct dice *dice, uint32_t percent)
{
	return dice_below(dice, 100) < percent;
}

/* Mostly like times are, sometimes the ends of the range. */
static int64_t any_time(struct dice *dice)
{
	static const int64_t ends[] = { 0, 1, -1, INT64_MAX, INT64_MIN };

	if (dice_chance(dice, 20))
		return ends[dice_below(dice, 5)];
	return 1700000000 + (int64_t)dice_below(dice, 100000000);
}

static uint32_t any_u32(struct dice *dice)
{
	static const uint32_t ends[] = { 0, 1, UINT32_MAX, 0x800F0922 };

	return dice_chance(dice, 30) ? ends[dice_below(dice, 4)]
				     : dice_below(dice, 100000);
}

void sample_text(struct dice *dice, char *text, size_t size)
{
	static const char awkward[] = "\t\n\r\\\\tn =;'\"\xc3\xa4\x01\x7f\xff";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t length = dice_chance(dice, 20) ? 0 : dice_below(dice, (uint32_t)size);

	if (dice_chance(dice, 5))
		length = size - 1;
	for (size_t i = 0; i < length; i++) {
		if (dice_chance(dice, 40))
			text[i] = awkward[dice_below(dice, sizeof awkward - 1)];
		else
			text[i] = letters[dice_below(dice, sizeof letters - 1)];
	}
	text[length] = '\0';
}

void sample_key(struct dice *dice, struct release_key *key)
{
	memset(key, 0, sizeof *key);
	sample_text(dice, key->product, sizeof key->product);
	key->kb = any_u32(dice);
	key->build.base = any_u32(dice);
	key->build.revision = any_u32(dice);
}

static uint16_t append(struct facts *facts, const char *text)
{
	uint16_t at = facts->used;
	size_t size = strlen(text) + 1;

	memcpy(facts->text + at, text, size);
	facts->used = (uint16_t)(at + size);
	return at;
}

void sample_facts(struct dice *dice, struct facts *facts)
{
	static const char *const known[] = { "os.build", "os.kbs", "vbs", "os.boot" };
	uint16_t wanted = (uint16_t)dice_below(dice, LIMIT_FACTS + 1);
	char name[64], value[LIMIT_FACT_VALUE + 1];

	facts_init(facts);
	if (dice_chance(dice, 90))
		facts->reported_s = any_time(dice);
	for (uint16_t i = 0; i < wanted; i++) {
		if (i < 4)
			snprintf(name, sizeof name, "%s", known[i]);
		else
			snprintf(name, sizeof name, "tag.%u-%u", i,
				 dice_below(dice, 1000));
		sample_text(dice, value, dice_chance(dice, 5) ? sizeof value : 100);
		if (facts->used + strlen(name) + strlen(value) + 2 > LIMIT_FACTS_TEXT)
			break;
		struct fact *fact = &facts->fact[facts->count++];
		fact->name_at = append(facts, name);
		fact->value_at = append(facts, value);
		fact->id = (uint8_t)fact_id_of(name);
		fact->source = dice_chance(dice, 20) ? FACT_ASSERTED : FACT_REPORTED;
		fact->observed_s = any_time(dice);
		fact->since_s = any_time(dice);
	}
}

void sample_flow(struct dice *dice, struct flow *flow, int64_t id)
{
	memset(flow, 0, sizeof *flow);
	flow->id = id;
	flow->kind = (enum flow_kind)dice_below(dice, FLOW_KINDS);
	flow->state = (enum flow_state)dice_below(dice, FLOW_STATES);
	sample_key(dice, &flow->key);
	flow->release_kind = (enum release_kind)dice_below(dice, RELEASE_KINDS);
	sample_text(dice, flow->ring, sizeof flow->ring);
	flow->generation = any_u32(dice);
	flow->sequence = any_u32(dice);
	flow->offered_s = any_time(dice);
	flow->retrieved_s = any_time(dice);
	flow->changed_s = any_time(dice);
	flow->lease_s = any_time(dice);
	flow->install_by_s = any_time(dice);
	flow->pending_since_s = any_time(dice);
	flow->code = any_u32(dice);
	flow->withdrawing = dice_chance(dice, 50);
	flow->ends_recovery = dice_chance(dice, 50);
}

static void sample_mark(struct dice *dice, struct mark *mark)
{
	sample_key(dice, &mark->key);
	mark->first_offered_s = any_time(dice);
	mark->last_s = any_time(dice);
	mark->failures = any_u32(dice);
	mark->last_failed_s = any_time(dice);
	mark->unshown = any_u32(dice);
	mark->not_applicable = dice_chance(dice, 50);
	mark->unverifiable = dice_chance(dice, 50);
	mark->block = (enum block)dice_below(dice, BLOCK_UNINSTALLED + 1);
	mark->blocked_s = any_time(dice);
}

void sample_history(struct dice *dice, struct history *history)
{
	struct request *request = &history->request;

	history_init(history);
	if (dice_chance(dice, 30))
		history->paused_until_s = any_time(dice);
	if (dice_chance(dice, 50)) {
		request->kind = (enum request_kind)dice_below(dice, REQUEST_ROLLBACK + 1);
		request->state = (enum recovery_state)dice_below(dice, RECOVERY_STATES);
		request->wait = dice_chance(dice, 50);
		sample_key(dice, &request->key);
		request->removed_published_s = any_time(dice);
		request->at_s = 1700000000 + dice_below(dice, 1000);
		request->failures = any_u32(dice);
		sample_text(dice, request->reason, sizeof request->reason);
	}
	history->mark_count = (uint16_t)dice_below(dice, HISTORY_MARKS + 1);
	for (uint16_t i = 0; i < history->mark_count; i++)
		sample_mark(dice, &history->marks[i]);
	history->sighting_count = (uint16_t)dice_below(dice, HISTORY_SIGHTINGS + 1);
	for (uint16_t i = 0; i < history->sighting_count; i++) {
		history->sightings[i].kb = any_u32(dice);
		history->sightings[i].since_s = any_time(dice);
	}
}

void sample_record(struct dice *dice, struct device_record *record, const char *id,
		   int64_t flow_id)
{
	memset(record, 0, sizeof *record);
	snprintf(record->id, sizeof record->id, "%s", id);
	record->has_token = dice_chance(dice, 70);
	record->token_used = dice_chance(dice, 50);
	for (size_t i = 0; record->has_token && i < sizeof record->token_hash; i++)
		record->token_hash[i] = (uint8_t)dice_below(dice, 256);
	record->created_s = 1700000000 + dice_below(dice, 1000);
	record->last_seen_s = record->created_s + dice_below(dice, 1000);
	record->restarts = any_u32(dice);
	record->facts_wanted = dice_chance(dice, 50);
	sample_facts(dice, &record->facts);
	sample_history(dice, &record->history);
	if (flow_id != 0)
		sample_flow(dice, &record->history.flow, flow_id);
}
