#include "store/facts_text.h"

#include <assert.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "store/lines.h"

const char *const fact_source_words[2] = {
	[FACT_REPORTED] = "reported",
	[FACT_ASSERTED] = "asserted",
};

size_t facts_text_write(const struct facts *facts, char text[static FACTS_TEXT_MAX])
{
	struct lines_out out;

	lines_out_init(&out, text, FACTS_TEXT_MAX - 1);
	if (facts->reported_s != INSTANT_NONE)
		lines_out_int(&out, facts->reported_s);
	lines_out_end(&out);
	for (uint16_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->fact[i];
		lines_out_text(&out, fact_source_words[fact->source]);
		lines_out_int(&out, fact->observed_s);
		lines_out_int(&out, fact->since_s);
		lines_out_text(&out, fact_name(facts, fact));
		lines_out_text(&out, fact_value(facts, fact));
		lines_out_end(&out);
	}
	assert(!out.full); /* FACTS_TEXT_MAX is reckoned from the limits */
	text[out.used] = '\0';
	return out.used;
}

/* Append the field that comes next to the facts' own text, NUL and all. */
static uint16_t field(struct lines_in *in, struct facts *facts)
{
	uint16_t at = facts->used;

	if (at >= sizeof facts->text) {
		in->bad = true;
		return 0;
	}
	size_t length = lines_in_text(in, facts->text + at, sizeof facts->text - at);
	facts->used = (uint16_t)(at + length + 1);
	return at;
}

static void read_fact(struct lines_in *in, struct facts *facts)
{
	if (facts->count == LIMIT_FACTS) {
		in->bad = true;
		return;
	}
	struct fact *fact = &facts->fact[facts->count];

	fact->source = (uint8_t)lines_in_word(in, fact_source_words, 2);
	fact->observed_s = lines_in_int(in);
	fact->since_s = lines_in_int(in);
	fact->name_at = field(in, facts);
	fact->value_at = field(in, facts);
	if (in->bad)
		return;
	fact->id = (uint8_t)fact_id_of(facts->text + fact->name_at);
	facts->count++;
}

int facts_text_read(const char *text, size_t size, struct facts *facts, struct problem *p)
{
	struct lines_in in;

	facts_init(facts);
	lines_in_init(&in, text, size);
	if (!lines_in_next(&in))
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: the facts of a device are damaged; "
				   "restore a backup");
	if (lines_in_more(&in))
		facts->reported_s = lines_in_int(&in);
	while (lines_in_next(&in))
		read_fact(&in, facts);
	if (in.bad) {
		facts_init(facts);
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: the facts of a device are damaged; "
				   "restore a backup");
	}
	facts_index(facts);
	return 0;
}
