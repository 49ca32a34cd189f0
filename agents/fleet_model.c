#include "agents/fleet_model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/instant.h"

/* 2024-12-20T06:00:00Z: after that month's updates, before the next baseline. */
#define DELIVERED_S INT64_C(1734674400)

/* 2025-09-30T17:00:00Z: Windows 11 25H2 is out; and a few days later. */
#define NEXT_CLIENT_OUT_S       INT64_C(1759251600)
#define NEXT_CLIENT_DELIVERED_S INT64_C(1759730400)

struct sample {
	const char *id;
	enum family family;
	enum arch arch;
	const char *edition, *vbs, *chpe, *ring;
	uint32_t kb, base, revision;
};

/* clang-format off */
static const struct sample samples[] = {
	{ "sample-test-hotpatch", FAMILY_CLIENT, ARCH_X64, "Enterprise", "running", "",
	  "test", 5048667, 26100, 2605 },
	{ "sample-test-novbs", FAMILY_CLIENT, ARCH_X64, "Enterprise", "off", "",
	  "test", 5048667, 26100, 2605 },
	{ "sample-test-chpe", FAMILY_CLIENT, ARCH_ARM64, "Enterprise", "running", "on",
	  "test", 5048667, 26100, 2605 },
	{ "sample-test-arm64", FAMILY_CLIENT, ARCH_ARM64, "Enterprise", "running", "off",
	  "test", 5048667, 26100, 2605 },
	{ "sample-broad-hotpatch", FAMILY_CLIENT, ARCH_X64, "Enterprise", "running", "",
	  "broad", 5048667, 26100, 2605 },
	{ "sample-broad-novbs", FAMILY_CLIENT, ARCH_X64, "Enterprise", "off", "",
	  "broad", 5048667, 26100, 2605 },
	{ "sample-test-pro", FAMILY_CLIENT, ARCH_X64, "Professional", "running", "",
	  "test", 5048667, 26100, 2605 },
	{ "sample-server-2025", FAMILY_SERVER, ARCH_X64, "ServerDatacenter", "running", "",
	  "test", 5048667, 26100, 2605 },
	{ "sample-server-2022", FAMILY_SERVER, ARCH_X64, "ServerTurbine", "running", "",
	  "test", 5048654, 20348, 2966 },
};

/* A word that is drawn, and how often in a hundred. */
struct choice {
	const char *word;
	unsigned percent;
};
static const struct choice rings[] = {
	{ "test", 10 }, { "first", 15 }, { "fast", 25 }, { "broad", 50 },
};
static const struct choice client_editions[] = {
	{ "Enterprise", 58 }, { "Professional", 20 }, { "Education", 10 },
	{ "EnterpriseS", 6 }, { "IoTEnterprise", 6 },
};
static const struct choice server_2025_editions[] = {
	{ "ServerDatacenter", 50 }, { "ServerStandard", 40 }, { "ServerTurbine", 10 },
};
static const struct choice vbs_states[] = {
	{ "running", 75 }, { "off", 15 }, { "configured", 10 },
};
static const struct choice chpe_states[] = { { "off", 60 }, { "on", 40 } };
static const struct choice licences[] = { { "yes", 85 }, { "no", 8 }, { "", 7 } };
static const struct choice versions[] = { { "24H2", 70 }, { "25H2", 30 } };
static const struct choice archs[] = { { "x64", 80 }, { "arm64", 20 } };
static const struct choice sorts[] = {
	{ "client", 70 }, { "server-2025", 18 }, { "server-2022", 12 },
};
static const struct choice sites[] = { { "lab-1", 60 }, { "lab-2", 40 } };
static const struct choice zones[] = {
	{ "Europe/Berlin", 50 }, { "America/New_York", 30 }, { "UTC", 20 },
};
static const struct choice machines[] = {
	{ "Gen1", 20 }, { "Gen2", 80 },
};
static const struct choice hotpatch_tags[] = { { "", 90 }, { "no", 10 } };

/* Where a machine may begin; a hotpatch in the last columns stands upon the level. */
struct start {
	unsigned percent;
	uint32_t kb, revision, hotpatch_kb, hotpatch_revision;
};
static const struct start client_starts[] = {
	{ 45, 5048667, 2605, 0, 0 }, { 20, 5044284, 2033, 0, 0 },
	{ 15, 5046617, 2314, 0, 0 }, { 10, 5044284, 2033, 5048794, 2528 },
	{ 10, 0, 1742, 0, 0 },
};
static const struct start next_client_starts[] = { { 100, 0, 6584, 0, 0 } };
static const struct start server_2025_starts[] = {
	{ 60, 5048667, 2605, 0, 0 }, { 25, 5046617, 2314, 0, 0 }, { 15, 0, 1742, 0, 0 },
};
static const struct start server_2022_starts[] = {
	{ 50, 5048654, 2966, 0, 0 }, { 30, 5044281, 2762, 0, 0 },
	{ 20, 5044281, 2762, 5048800, 2908 },
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { STOCK_24H2, STOCK_25H2, STOCK_SERVER_2025, STOCK_SERVER_2022, STOCKS };
static const struct stock {
	uint32_t base;
	const struct start *starts;
	size_t count;
} stocks[STOCKS] = {
	[STOCK_24H2] = { 26100, client_starts, COUNT(client_starts) },
	[STOCK_25H2] = { 26200, next_client_starts, COUNT(next_client_starts) },
	[STOCK_SERVER_2025] = { 26100, server_2025_starts, COUNT(server_2025_starts) },
	[STOCK_SERVER_2022] = { 20348, server_2022_starts, COUNT(server_2022_starts) },
};
/* clang-format on */
#define DRAW(noise, choices) draw(noise, choices, COUNT(choices))

size_t fleet_samples(void)
{
	return COUNT(samples);
}

/* splitmix64: every draw is independent of how many came before it elsewhere. */
static uint64_t next(uint64_t *noise)
{
	uint64_t mixed = (*noise += UINT64_C(0x9E3779B97F4A7C15));
	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
	return mixed ^ (mixed >> 31);
}

static const char *draw(uint64_t *noise, const struct choice *choices, size_t count)
{
	unsigned at = (unsigned)(next(noise) % 100);
	size_t i = 0;
	while (i + 1 < count && at >= choices[i].percent)
		at -= choices[i++].percent;
	return choices[i].word;
}

static const struct start *draw_start(uint64_t *noise, const struct start *starts,
				      size_t count)
{
	unsigned at = (unsigned)(next(noise) % 100);
	size_t i = 0;
	while (i + 1 < count && at >= starts[i].percent)
		at -= starts[i++].percent;
	return &starts[i];
}

static void put_tag(struct windows_model *model, const char *name, const char *value)
{
	assert(model->tag_count < WINDOWS_TAGS);
	if (value[0] == '\0')
		return;
	snprintf(model->tags[model->tag_count].name, sizeof model->tags[0].name, "%s",
		 name);
	snprintf(model->tags[model->tag_count].value, sizeof model->tags[0].value, "%s",
		 value);
	model->tag_count++;
}

static void set_words(struct windows_model *model, const char *edition, const char *vbs,
		      const char *chpe, const char *licence)
{
	snprintf(model->edition, sizeof model->edition, "%s", edition);
	snprintf(model->vbs, sizeof model->vbs, "%s", vbs);
	snprintf(model->chpe, sizeof model->chpe, "%s",
		 model->arch == ARCH_ARM64 ? chpe : "");
	snprintf(model->licence, sizeof model->licence, "%s", licence);
}

static void model_sample(const struct sample *sample, struct windows_model *model)
{
	model->family = sample->family;
	model->arch = sample->arch;
	set_words(model, sample->edition, sample->vbs, sample->chpe, "yes");
	snprintf(model->zone, sizeof model->zone, "Europe/Berlin");
	put_tag(model, "tag.ring", sample->ring);
	put_tag(model, "site", "lab-1");
	model->base.kb = sample->kb;
	model->base.build = (struct build){ sample->base, sample->revision };
}

/* A machine that could not have taken a hotpatch does not begin with one. */
static bool may_begin_hotpatched(const struct windows_model *model)
{
	return strcmp(model->vbs, "running") == 0 && strcmp(model->licence, "no") != 0 &&
	       strcmp(model->edition, "Professional") != 0 &&
	       (model->arch != ARCH_ARM64 || strcmp(model->chpe, "off") == 0);
}

static void set_level(struct windows_model *model, uint32_t base,
		      const struct start *start)
{
	model->base.kb = start->kb;
	model->base.build = (struct build){ base, start->revision };
	if (start->hotpatch_kb == 0 || !may_begin_hotpatched(model))
		return;
	model->hotpatch.kb = start->hotpatch_kb;
	model->hotpatch.build = (struct build){ base, start->hotpatch_revision };
	model->hotpatch.baseline_kb = model->base.kb;
	model->hotpatch.baseline_build = model->base.build;
}

static void model_random(uint64_t *noise, int64_t start_s, struct windows_model *model)
{
	const char *sort = DRAW(noise, sorts);
	bool client = strcmp(sort, "client") == 0;
	bool azure = strcmp(sort, "server-2022") == 0;
	const char *edition = DRAW(noise, client_editions);
	const char *server_edition = DRAW(noise, server_2025_editions);
	const char *arch = DRAW(noise, archs);
	const char *vbs = DRAW(noise, vbs_states);
	const char *chpe = DRAW(noise, chpe_states);
	const char *licence = DRAW(noise, licences);

	model->family = client ? FAMILY_CLIENT : FAMILY_SERVER;
	model->arch = client ? arch_parse(arch) : ARCH_X64;
	set_words(model,
		  client  ? edition
		  : azure ? "ServerTurbine"
			  : server_edition,
		  vbs, chpe, licence);
	snprintf(model->zone, sizeof model->zone, "%s", DRAW(noise, zones));
	put_tag(model, "tag.ring", DRAW(noise, rings));
	put_tag(model, "tag.hotpatch", DRAW(noise, hotpatch_tags));
	put_tag(model, "site", DRAW(noise, sites));
	put_tag(model, "hardware.model", DRAW(noise, machines));
	bool next = strcmp(DRAW(noise, versions), "25H2") == 0 && client &&
		    start_s >= NEXT_CLIENT_OUT_S;
	if (next)
		model->boot_s = NEXT_CLIENT_DELIVERED_S;
	const struct stock *stock = &stocks[next     ? STOCK_25H2
					    : client ? STOCK_24H2
					    : azure  ? STOCK_SERVER_2022
						     : STOCK_SERVER_2025];
	set_level(model, stock->base, draw_start(noise, stock->starts, stock->count));
}

bool fleet_model(size_t index, uint64_t seed, int64_t start_s, char id[static FLEET_ID],
		 struct windows_model *model)
{
	memset(model, 0, sizeof *model);
	model->boot_s = DELIVERED_S;
	if (index < COUNT(samples)) {
		snprintf(id, FLEET_ID, "%s", samples[index].id);
		model_sample(&samples[index], model);
		return true;
	}
	uint64_t noise = seed * UINT64_C(0xD1342543DE82EF95) + index;
	snprintf(id, FLEET_ID, "sim-%04zu", index - COUNT(samples) + 1);
	model_random(&noise, start_s, model);
	return false;
}
