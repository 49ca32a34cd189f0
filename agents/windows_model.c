/* A simulated Windows as an operator describes it: by the facts it shows first. */

#include <stdio.h>
#include <string.h>

#include "agents/fact_set.h"
#include "agents/windows.h"
#include "engine/problem.h"

/* 2024-12-20T06:00:00Z, when nothing else is said. */
#define DELIVERED_S INT64_C(1734674400)

static bool copy(char *room, size_t size, const char *value)
{
	if (strlen(value) >= size)
		return false;
	memcpy(room, value, strlen(value) + 1);
	return true;
}

static bool is_one_of(const char *value, const char *const *words)
{
	while (*words != NULL && strcmp(*words, value) != 0)
		words++;
	return *words != NULL;
}

static bool set_family(struct windows_model *model, const char *value)
{
	model->family = family_parse(value);
	return model->family != FAMILY_NONE;
}

static bool set_arch(struct windows_model *model, const char *value)
{
	model->arch = arch_parse(value);
	return model->arch != ARCH_NONE;
}

static bool set_build(struct windows_model *model, const char *value)
{
	return build_parse(value, &model->base.build);
}

static bool set_kb(struct windows_model *model, const char *value)
{
	model->base.kb = 0;
	return value[0] == '\0' || kb_parse(value, &model->base.kb);
}

static bool set_edition(struct windows_model *model, const char *value)
{
	return copy(model->edition, sizeof model->edition, value);
}

static bool set_vbs(struct windows_model *model, const char *value)
{
	static const char *const words[] = { "", "off", "configured", "running", NULL };
	return is_one_of(value, words) && copy(model->vbs, sizeof model->vbs, value);
}

static bool set_chpe(struct windows_model *model, const char *value)
{
	static const char *const words[] = { "on", "off", NULL };
	return is_one_of(value, words) && copy(model->chpe, sizeof model->chpe, value);
}

static bool set_licence(struct windows_model *model, const char *value)
{
	static const char *const words[] = { "", "yes", "no", NULL };
	return is_one_of(value, words) &&
	       copy(model->licence, sizeof model->licence, value);
}

static bool set_zone(struct windows_model *model, const char *value)
{
	return copy(model->zone, sizeof model->zone, value);
}

static const struct trait {
	const char *name, *wanted;
	bool (*set)(struct windows_model *model, const char *value);
} traits[] = {
	{ "os.family", "client or server", set_family },
	{ "os.arch", "x64 or arm64", set_arch },
	{ "os.build", "a build such as 26100.2605", set_build },
	{ "os.kbs", "the one KB it begins with, such as KB5048667, or nothing", set_kb },
	{ "os.edition", "an EditionID such as Enterprise", set_edition },
	{ "vbs", "off, configured, running or nothing", set_vbs },
	{ "chpe", "on or off", set_chpe },
	{ "licence.hotpatch", "yes, no or nothing", set_licence },
	{ "tz", "a time zone such as Europe/Berlin", set_zone },
};

static const struct trait *trait_of(const char *name)
{
	for (size_t i = 0; i < sizeof traits / sizeof traits[0]; i++) {
		if (strcmp(traits[i].name, name) == 0)
			return &traits[i];
	}
	return NULL;
}

static int put_tag(struct windows_model *model, const char *name, const char *value,
		   struct problem *p)
{
	if (model->tag_count == WINDOWS_TAGS ||
	    !copy(model->tags[model->tag_count].name, sizeof model->tags[0].name, name) ||
	    !copy(model->tags[model->tag_count].value, sizeof model->tags[0].value,
		  value))
		return problem_set(
			p, PROBLEM_TOO_LARGE,
			"no room for the fact %.60s: a simulated Windows has %d of "
			"its own, of %zu characters each",
			name, WINDOWS_TAGS, sizeof model->tags[0].name - 1);
	model->tag_count++;
	return 0;
}

int windows_model_read(const struct fact_set *facts, struct windows_model *model,
		       struct problem *p)
{
	memset(model, 0, sizeof *model);
	model->family = FAMILY_CLIENT;
	model->arch = ARCH_X64;
	model->base.kb = 5048667;
	model->base.build = (struct build){ 26100, 2605 };
	model->boot_s = DELIVERED_S;
	set_edition(model, "Enterprise");
	set_vbs(model, "running");
	set_chpe(model, "off");
	set_licence(model, "yes");
	for (size_t i = 0; i < facts->count; i++) {
		const char *name = fact_set_name(facts, i);
		const char *value = fact_set_value(facts, i);
		const struct trait *trait = trait_of(name);
		if (trait == NULL) {
			if (put_tag(model, name, value, p) < 0)
				return -1;
		} else if (!trait->set(model, value)) {
			return problem_set(
				p, PROBLEM_BAD_INPUT,
				"a simulated Windows cannot have %s=%.60s: wanted "
				"is %s",
				name, value, trait->wanted);
		}
	}
	if (model->arch != ARCH_ARM64)
		model->chpe[0] = '\0';
	/* With another build and no KB said, the default's KB would be a lie. */
	if (fact_set_find(facts, "os.build") != NULL &&
	    fact_set_find(facts, "os.kbs") == NULL)
		model->base.kb = 0;
	return 0;
}
