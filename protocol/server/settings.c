#include "protocol/server/settings.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/instant.h"
#include "protocol/server/log.h"
#include "protocol/wusp/terms.h"

enum kind {
	KIND_TEXT,     /* char[SETTING_TEXT_MAX + 1] */
	KIND_COUNT,    /* int64_t from `least` to `most` */
	KIND_DURATION, /* int64_t seconds, the same */
	KIND_SWITCH,   /* bool */
	KIND_WORD,     /* int64_t, an index into `words` */
	KIND_TIME,     /* int64_t seconds, or INSTANT_NONE for "" */
};

struct setting {
	const char *section, *name;
	enum kind kind;
	size_t offset;
	int64_t least, most;
	const char *const *words;
	size_t word_count;
	const char *fallback; /* the built-in value, as it would be written */
	const char *help;
};

static const char *const clock_words[] = { "real", "virtual" };
static const char *const identity_words[WUSP_IDENTITY_RULES] = {
	[WUSP_BY_CLIENT_ID] = "client-id",
	[WUSP_BY_DNS_NAME] = "dns-name",
};

#define AT(member) offsetof(struct settings, member)

/* clang-format off */
static const struct setting table[] = {
	{ "server", "address", KIND_TEXT, AT(address), 0, 0, NULL, 0, "127.0.0.1",
	  "the address devices reach the server at; 0.0.0.0 and :: stand for all" },
	{ "server", "port", KIND_COUNT, AT(port), 0, 65535, NULL, 0, "8443",
	  "the HTTPS port; 0 lets the system pick one" },
	{ "server", "loops", KIND_COUNT, AT(loops), 0, 256, NULL, 0, "0",
	  "threads that serve devices; 0 is one per core" },
	{ "server", "base-url", KIND_TEXT, AT(base_url), 0, 0, NULL, 0, "",
	  "what links in answers begin with; empty: what the device called us" },
	{ "server", "certificate-names", KIND_TEXT, AT(certificate_names), 0, 0, NULL, 0, "",
	  "more host names and addresses for the self-made certificate" },
	{ "server", "state-dir", KIND_TEXT, AT(state_dir), 0, 0, NULL, 0, "/var/lib/patchyard",
	  "database, keys and tokens; made with mode 0700" },
	{ "server", "content-dir", KIND_TEXT, AT(content_dir), 0, 0, NULL, 0, "",
	  "payload files; empty: content/ in the state directory" },
	{ "admin", "admin-socket", KIND_TEXT, AT(admin_socket), 0, 0, NULL, 0, "",
	  "the admin API's Unix socket; empty: admin.sock in the state directory" },
	{ "admin", "admin-group", KIND_TEXT, AT(admin_group), 0, 0, NULL, 0, "",
	  "the group whose members may use it; empty: the server's own" },
	{ "agents", "poll-interval", KIND_DURATION, AT(poll_interval_s), 1, 86399, NULL, 0, "5m",
	  "how often a device with nothing to do polls" },
	{ "agents", "enrolment", KIND_SWITCH, AT(enrolment), 0, 0, NULL, 0, "yes",
	  "whether unknown devices may join with the enrolment token" },
	{ "agents", "seen-flush", KIND_DURATION, AT(seen_flush_s), 1, 3600, NULL, 0, "10s",
	  "how often last-seen times are written" },
	{ "wusp", "wusp", KIND_SWITCH, AT(wusp), 0, 0, NULL, 0, "yes",
	  "whether stock Windows Update Agents are served" },
	{ "wusp", "wusp-join", KIND_SWITCH, AT(wusp_join), 0, 0, NULL, 0, "yes",
	  "whether agents that nobody knows become devices" },
	{ "wusp", "wusp-identity", KIND_WORD, AT(wusp_identity), 0, 0, identity_words, WUSP_IDENTITY_RULES, "client-id",
	  "what names the device that an agent is" },
	{ "wusp", "wusp-cookie", KIND_DURATION, AT(wusp_cookie_s), 60, 43200, NULL, 0, "60m",
	  "how long an agent's session lasts" },
	{ "wusp", "content-url", KIND_TEXT, AT(content_url), 0, 0, NULL, 0, "",
	  "where agents fetch files; empty: here, under /Content" },
	{ "clock", "clock", KIND_WORD, AT(clock), 0, 0, clock_words, 2, "real",
	  "what decisions follow; a virtual clock is moved by hand" },
	{ "clock", "clock-from", KIND_TIME, AT(clock_from_s), 0, 0, NULL, 0, "",
	  "where a virtual clock starts; it never goes back" },
	{ "limits", "open-files", KIND_COUNT, AT(open_files), 256, 4194304, NULL, 0, "65536",
	  "descriptors to ask the system for" },
	{ "limits", "keep-alive", KIND_DURATION, AT(keep_alive_s), 1, 86400, NULL, 0, "75s",
	  "an idle connection is kept so long" },
	{ "limits", "drain", KIND_DURATION, AT(drain_s), 1, 600, NULL, 0, "10s",
	  "a stop waits so long for answers under way" },
	{ "limits", "pool-threads", KIND_COUNT, AT(pool_threads), 2, 128, NULL, 0, "4",
	  "threads for hashing, imports and reports" },
	{ "log", "log-level", KIND_WORD, AT(log_level), 0, 0, log_level_names, LOG_LEVELS, "info",
	  "what goes to standard error; debug tells of every request" },
};
/* clang-format on */

_Static_assert(sizeof table / sizeof table[0] == SETTINGS_COUNT, "one origin for each");

static void *value_of(struct settings *settings, const struct setting *setting)
{
	return (char *)settings + setting->offset;
}

static int refuse(struct findings *findings, struct origin origin, const char *name,
		  const char *value, const char *expected)
{
	findings_add(findings, SEVERITY_ERROR, origin, NULL, "%s is '%.100s'; %s", name,
		     value, expected);
	return -1;
}

static bool parse_count(const char *value, int64_t *count)
{
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	*count = strtoll(value, &end, 10); /* saturates; the range refuses it */
	return *end == '\0';
}

static int set_number(struct settings *settings, const struct setting *setting,
		      const char *value, struct origin origin, struct findings *findings)
{
	bool is_count = setting->kind == KIND_COUNT;
	char expected[120];
	int64_t number;

	bool parsed =
		is_count ? parse_count(value, &number) : duration_parse(value, &number);
	if (parsed && number >= setting->least && number <= setting->most) {
		*(int64_t *)value_of(settings, setting) = number;
		return 0;
	}
	snprintf(expected, sizeof expected,
		 is_count ? "a whole number from %" PRId64 " to %" PRId64 " is wanted"
			  : "a time such as 30s, 5m or 2h is wanted, from %" PRId64
			    " to %" PRId64 " seconds",
		 setting->least, setting->most);
	return refuse(findings, origin, setting->name, value, expected);
}

static int set_word(struct settings *settings, const struct setting *setting,
		    const char *value, struct origin origin, struct findings *findings)
{
	char expected[120] = "one of:";

	for (size_t i = 0; i < setting->word_count; i++) {
		if (strcasecmp(value, setting->words[i]) == 0) {
			*(int64_t *)value_of(settings, setting) = (int64_t)i;
			return 0;
		}
		size_t used = strlen(expected);
		snprintf(expected + used, sizeof expected - used, " %s",
			 setting->words[i]);
	}
	const char *near = nearest_word(value, setting->words, setting->word_count);
	char hint[64];
	snprintf(hint, sizeof hint, "did you mean '%s'?", near != NULL ? near : "");
	findings_add(findings, SEVERITY_ERROR, origin, near != NULL ? hint : NULL,
		     "%s is '%.100s'; %s", setting->name, value, expected);
	return -1;
}

static int set_switch(struct settings *settings, const struct setting *setting,
		      const char *value, struct origin origin, struct findings *findings)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		bool is_yes = strcasecmp(value, yes[i]) == 0;
		if (is_yes || strcasecmp(value, no[i]) == 0) {
			*(bool *)value_of(settings, setting) = is_yes;
			return 0;
		}
	}
	return refuse(findings, origin, setting->name, value, "yes or no is wanted");
}

static int set_value(struct settings *settings, const struct setting *setting,
		     const char *value, struct origin origin, struct findings *findings)
{
	int64_t at_s = INSTANT_NONE;

	switch (setting->kind) {
	case KIND_TEXT:
		if (strlen(value) > SETTING_TEXT_MAX)
			return refuse(findings, origin, setting->name, value,
				      "at most 180 bytes are taken");
		memcpy(value_of(settings, setting), value, strlen(value) + 1);
		return 0;
	case KIND_COUNT:
	case KIND_DURATION:
		return set_number(settings, setting, value, origin, findings);
	case KIND_SWITCH:
		return set_switch(settings, setting, value, origin, findings);
	case KIND_WORD:
		return set_word(settings, setting, value, origin, findings);
	case KIND_TIME:
		if (value[0] != '\0' && !instant_parse(value, &at_s))
			return refuse(findings, origin, setting->name, value,
				      "a time such as 2025-01-01T00:00:00Z is wanted");
		*(int64_t *)value_of(settings, setting) = at_s;
		return 0;
	}
	assert(!"a setting without a kind");
	return -1;
}

/* An unknown name, in words: the nearest one, if any is near. */
static int refuse_name(const char *what, const char *name, const char *const *candidates,
		       struct origin origin, struct findings *findings)
{
	const char *near = nearest_word(name, candidates, SETTINGS_COUNT);
	char hint[96];

	snprintf(hint, sizeof hint, "did you mean '%s'?", near != NULL ? near : "");
	findings_add(findings, SEVERITY_ERROR, origin, near != NULL ? hint : NULL,
		     "there is no %s '%.100s'", what, name);
	return -1;
}

int settings_set(struct settings *settings, const char *section, const char *name,
		 const char *value, struct origin origin, struct findings *findings)
{
	const char *names[SETTINGS_COUNT], *sections[SETTINGS_COUNT];
	bool section_is_known = section == NULL;
	const struct setting *found = NULL;

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		names[i] = table[i].name;
		sections[i] = table[i].section;
		if (strcmp(table[i].name, name) == 0)
			found = &table[i];
		if (section != NULL && strcmp(table[i].section, section) == 0)
			section_is_known = true;
	}
	if (!section_is_known && section[0] != '\0')
		return refuse_name("section", section, sections, origin, findings);
	if (found == NULL)
		return refuse_name("setting", name, names, origin, findings);
	if (section != NULL && strcmp(section, found->section) != 0) {
		findings_add(findings, SEVERITY_ERROR, origin, NULL,
			     "%s belongs under [%s]", name, found->section);
		return -1;
	}
	if (set_value(settings, found, value, origin, findings) < 0)
		return -1;
	settings->origins[found - table] = origin;
	return 0;
}

void settings_init(struct settings *settings)
{
	struct findings findings;

	memset(settings, 0, sizeof *settings);
	findings_init(&findings);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		int rc = set_value(settings, &table[i], table[i].fallback,
				   (struct origin){ "built in", 0 }, &findings);
		assert(rc == 0);
		(void)rc;
	}
	findings_fini(&findings);
}

void settings_fini(struct settings *settings)
{
	for (size_t i = 0; i < settings->file_count; i++)
		free(settings->files[i]);
	settings->file_count = 0;
}

static struct origin origin_of(const struct settings *settings, const char *name)
{
	size_t i = 0;

	while (strcmp(table[i].name, name) != 0)
		i++;
	return settings->origins[i];
}

void settings_check(const struct settings *settings, struct findings *findings)
{
	if (settings->clock != CLOCK_VIRTUAL && settings->clock_from_s != INSTANT_NONE)
		findings_add(findings, SEVERITY_WARNING,
			     origin_of(settings, "clock-from"), "clock = virtual",
			     "clock-from says nothing to a real clock");
	if (settings->base_url[0] != '\0' &&
	    strncmp(settings->base_url, "https://", 8) != 0)
		findings_add(
			findings, SEVERITY_ERROR, origin_of(settings, "base-url"), NULL,
			"base-url is '%.100s'; it begins with https://, for there is "
			"no plain port",
			settings->base_url);
	if (settings->content_url[0] != '\0' &&
	    strncmp(settings->content_url, "https://", 8) != 0 &&
	    strncmp(settings->content_url, "http://", 7) != 0)
		findings_add(findings, SEVERITY_ERROR, origin_of(settings, "content-url"),
			     NULL,
			     "content-url is '%.100s'; it begins with https:// or "
			     "http://",
			     settings->content_url);
	if (settings->state_dir[0] != '/')
		findings_add(findings, SEVERITY_ERROR, origin_of(settings, "state-dir"),
			     NULL, "state-dir is '%.100s'; a path from / is wanted",
			     settings->state_dir);
	if (settings->address[0] == '\0')
		findings_add(findings, SEVERITY_ERROR, origin_of(settings, "address"),
			     NULL, "address is empty; 127.0.0.1 serves this machine");
}

const char *settings_name(size_t index)
{
	return index < SETTINGS_COUNT ? table[index].name : NULL;
}

bool settings_is_switch(size_t index)
{
	return table[index].kind == KIND_SWITCH;
}

void settings_help(FILE *out)
{
	const char *section = "";

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (strcmp(section, table[i].section) != 0)
			fprintf(out, "\n[%s]\n", table[i].section);
		section = table[i].section;
		fprintf(out, "  --%-18s %s", table[i].name, table[i].help);
		for (size_t w = 0; w < table[i].word_count; w++)
			fprintf(out, "%s%s", w == 0 ? ": " : ", ", table[i].words[w]);
		if (table[i].fallback[0] != '\0')
			fprintf(out, " (%s)", table[i].fallback);
		fputc('\n', out);
	}
}
