/* What a simulated Windows refuses, and why.  Each rule is one row of a table, asked in
 * order; the first that objects gives the answer. */

#include <string.h>

#include "agents/windows_inner.h"

enum { SERVER_2022_BASE = 20348 };

struct rule {
	bool (*objects)(const struct windows *windows, const struct payload *payload);
	uint32_t code;
	const char *text;
};

static bool same_level(uint32_t kb, struct build build, uint32_t other_kb,
		       struct build other)
{
	return kb == other_kb && build_equal(build, other);
}

static const struct windows_level *running(const struct windows *windows)
{
	return windows->hotpatch.kb != 0 ? &windows->hotpatch : &windows->base;
}

static bool waits_for_restart(const struct windows *windows,
			      const struct payload *payload)
{
	(void)payload;
	return windows->pending != PENDING_NOTHING;
}

static bool other_product(const struct windows *windows, const struct payload *payload)
{
	return payload->family != windows->model.family ||
	       payload->build.base != windows->base.build.base;
}

static bool other_arch(const struct windows *windows, const struct payload *payload)
{
	return payload->arch != windows->model.arch;
}

static bool not_an_update(const struct windows *windows, const struct payload *payload)
{
	(void)windows;
	return payload->kind == RELEASE_RTM;
}

static bool edition_in(const char *const *editions, const char *edition)
{
	for (size_t i = 0; editions[i] != NULL; i++) {
		if (strcmp(editions[i], edition) == 0)
			return true;
	}
	return false;
}

static bool wrong_edition(const struct windows *windows, const struct payload *payload)
{
	static const char *const clients[] = {
		"Enterprise",    "EnterpriseN",    "EnterpriseS",
		"EnterpriseSN",  "Education",      "EducationN",
		"IoTEnterprise", "IoTEnterpriseS", NULL,
	};
	static const char *const servers[] = {
		"ServerStandard",
		"ServerStandardCor",
		"ServerDatacenter",
		"ServerDatacenterCor",
		"ServerTurbine",
		"ServerTurbineCor",
		NULL,
	};
	static const char *const azure_only[] = { "ServerTurbine", "ServerTurbineCor",
						  NULL };

	(void)payload;
	const char *const *editions = windows->model.family == FAMILY_CLIENT ? clients
				      : windows->base.build.base == SERVER_2022_BASE
					      ? azure_only
					      : servers;
	return !edition_in(editions, windows->model.edition);
}

static bool no_licence(const struct windows *windows, const struct payload *payload)
{
	(void)payload;
	return strcmp(windows->model.licence, "no") == 0;
}

static bool vbs_is_not_running(const struct windows *windows,
			       const struct payload *payload)
{
	(void)payload;
	return strcmp(windows->model.vbs, "running") != 0;
}

static bool chpe_is_on(const struct windows *windows, const struct payload *payload)
{
	(void)payload;
	return windows->model.arch == ARCH_ARM64 &&
	       strcmp(windows->model.chpe, "off") != 0;
}

/* The cumulative update that runs must be the hotpatch's baseline itself, or one that
 * says it belongs to the same quarter.  The same build under another KB is another level.
 */
static bool wrong_level(const struct windows *windows, const struct payload *payload)
{
	const struct windows_level *base = &windows->base;
	return !same_level(base->kb, base->build, payload->baseline_kb,
			   payload->baseline_build) &&
	       !same_level(base->baseline_kb, base->baseline_build, payload->baseline_kb,
			   payload->baseline_build);
}

static bool hotpatch_is_not_newer(const struct windows *windows,
				  const struct payload *payload)
{
	return payload->build.revision <= running(windows)->build.revision;
}

/* Two updates can share a build; the other KB of the pair does go on. */
static bool update_is_older(const struct windows *windows, const struct payload *payload)
{
	const struct windows_level *shown = running(windows);
	return payload->build.revision < shown->build.revision ||
	       same_level(payload->kb, payload->build, windows->base.kb,
			  windows->base.build);
}

static const struct rule any_rules[] = {
	{ waits_for_restart, HRESULT_RESTART_FIRST,
	  "a restart is needed before anything else can be installed" },
	{ other_product, HRESULT_NOT_APPLICABLE, "the update is for another product" },
	{ other_arch, HRESULT_NOT_APPLICABLE, "the update is for another architecture" },
	{ not_an_update, HRESULT_NOT_APPLICABLE, "this is no update" },
	{ NULL, HRESULT_OK, "" },
};

static const struct rule hotpatch_rules[] = {
	{ wrong_edition, HRESULT_NOT_APPLICABLE, "this edition takes no hotpatches" },
	{ no_licence, HRESULT_NOT_APPLICABLE, "the licence for hotpatches is missing" },
	{ vbs_is_not_running, HRESULT_NOT_APPLICABLE,
	  "virtualization-based security is not running" },
	{ chpe_is_on, HRESULT_NOT_APPLICABLE, "CHPE is not switched off" },
	{ wrong_level, HRESULT_NOT_APPLICABLE,
	  "the hotpatch needs another baseline than the one that runs" },
	{ hotpatch_is_not_newer, HRESULT_NOT_APPLICABLE,
	  "this hotpatch or a newer one is there already" },
	{ NULL, HRESULT_OK, "" },
};

static const struct rule cumulative_rules[] = {
	{ update_is_older, HRESULT_NOT_APPLICABLE,
	  "this update or a newer one is there already" },
	{ NULL, HRESULT_OK, "" },
};

static uint32_t judge(const struct windows *windows, const struct payload *payload,
		      const struct rule *rules, const char **text)
{
	while (rules->objects != NULL && !rules->objects(windows, payload))
		rules++;
	*text = rules->text;
	return rules->code;
}

uint32_t windows_judge_install(const struct windows *windows,
			       const struct payload *payload, const char **text)
{
	uint32_t code = judge(windows, payload, any_rules, text);
	if (code != HRESULT_OK)
		return code;
	return judge(windows, payload,
		     payload->kind == RELEASE_HOTPATCH ? hotpatch_rules
						       : cumulative_rules,
		     text);
}

uint32_t windows_judge_removal(const struct windows *windows, uint32_t kb,
			       const char **text)
{
	*text = "";
	if (windows->pending != PENDING_NOTHING) {
		*text = "a restart is needed before anything can be removed";
		return HRESULT_RESTART_FIRST;
	}
	if (windows->hotpatch.kb == kb)
		return HRESULT_OK;
	if (windows->base.kb != kb) {
		*text = "this update is not installed";
		return HRESULT_NOT_APPLICABLE;
	}
	if (windows->hotpatch.kb != 0) {
		*text = "a hotpatch stands upon this update: remove it first";
		return HRESULT_CANNOT_UNINSTALL;
	}
	if (windows->previous.build.base == 0) {
		*text = "nothing is left to go back to";
		return HRESULT_CANNOT_UNINSTALL;
	}
	return HRESULT_OK;
}
