#include "protocol/wusp/update_make.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/instant.h"
#include "protocol/soap/base64.h"
#include "protocol/wusp/update_document.h"
#include "protocol/wusp/update_text.h"

/* A name space of our own, of random bytes: everything that is made has its id from here.
 */
static const struct guid made_space = { { 0x5c, 0x1d, 0x6e, 0x90, 0x3b, 0x7a, 0x5f, 0x02,
					  0x8e, 0x44, 0x2a, 0x91, 0xd7, 0x60, 0xb3,
					  0x18 } };

/* Well-known ids of the vendor's own catalog. */
static const char company_id[] = "56309036-4c77-4dd9-951a-99ee9c246a94";
static const char family_id[] = "6964aab4-c5b5-43bd-a17d-ffb4346a8e1d";
static const char windows_11_id[] = "72e7624a-5b00-45d2-b92f-e561c0a6a160";
static const char security_id[] = "0fa1201d-4330-4fa8-8ae9-b877473b6441";
static const char updates_id[] = "cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83";
static const char critical_id[] = "e6cf1350-c01b-414d-a61f-263d14d133b4";

enum { NAME_MOST = 256, WINDOWS_11_FIRST = 22000 };

void made_id(struct guid *id, const char *format, ...)
{
	char name[NAME_MOST];
	va_list values;

	va_start(values, format);
	vsnprintf(name, sizeof name, format, values);
	va_end(values);
	guid_of_name(&made_space, name, id);
}

static void known_id(struct guid *id, const char *text)
{
	guid_parse(text, strlen(text), id);
}

static bool is_windows_11(const struct product *product)
{
	return product->family == FAMILY_CLIENT && product->base >= WINDOWS_11_FIRST;
}

/* Of a release; the vendor's own choice of class is not in the catalog. */
static const char *classification_of(const struct release *release)
{
	if (release->kind == RELEASE_PREVIEW)
		return updates_id;
	return release->cadence == CADENCE_OOB ? critical_id : security_id;
}

void line_ids(const struct line *line, const struct release *release,
	      struct line_ids *ids)
{
	const struct product *product = line->product;

	known_id(&ids->company, company_id);
	known_id(&ids->family, family_id);
	if (is_windows_11(product))
		known_id(&ids->product, windows_11_id);
	else
		made_id(&ids->product, "product/%s", product->id);
	made_id(&ids->system, "system/%s", product->id);
	made_id(&ids->processor, "processor/%s", arch_name(line->arch));
	known_id(&ids->classification,
		 release == NULL ? security_id : classification_of(release));
}

void update_make_ids(const struct line *line, const struct release *release,
		     struct guid *bundle, struct guid *member)
{
	char kb[KB_TEXT], build[BUILD_TEXT];

	kb_format(release->kb, kb);
	build_format(release->build, build);
	made_id(bundle, "release/%s/%s/%s/%s", line->product->id, kb, build,
		arch_name(line->arch));
	made_id(member, "release/%s/%s/%s/%s/package", line->product->id, kb, build,
		arch_name(line->arch));
}

/* --- what releases share ---------------------------------------------------------- */

struct sending {
	int (*each)(void *owner, const struct update_text *text);
	void *owner;
};

static int send(const struct sending *sending, struct sheet *sheet, const struct guid *id,
		int32_t revision)
{
	const struct update_text text = { *id, revision, sheet->text.at,
					  sheet->text.size };
	int rc = sheet->failed ? -1 : sending->each(sending->owner, &text);

	sheet_fini(sheet);
	return rc;
}

static const char category_more[] =
	" Handler=\"http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Category\"";

/* `parent` NULL for a root. */
static int send_category(const struct sending *sending, const struct guid *id,
			 const struct guid *parent, enum category_kind kind,
			 const char *title)
{
	struct sheet sheet;
	const struct sheet_head head = { .id = *id,
					 .revision = 1,
					 .type = "Category",
					 .more = category_more,
					 .title = title,
					 .description = title };

	sheet_init(&sheet);
	sheet_begin(&sheet, &head, "");
	if (parent != NULL) {
		sheet_put(&sheet, "<upd:Relationships><upd:Prerequisites>");
		sheet_clause(&sheet, parent, false);
		sheet_put(&sheet, "</upd:Prerequisites></upd:Relationships>\n");
	}
	sheet_put(
		&sheet,
		"<upd:ApplicabilityRules><upd:IsInstalled><lar:True xmlns:lar=\""
		"http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules\"/>"
		"</upd:IsInstalled></upd:ApplicabilityRules>\n"
		"<upd:HandlerSpecificData xsi:type=\"cat:Category\">"
		"<cat:CategoryInformation xmlns:cat=\"http://schemas.microsoft.com/msus/"
		"2002/12/UpdateHandlers/Category\" CategoryType=\"%s\"/>"
		"</upd:HandlerSpecificData>\n",
		category_kind_names[kind]);
	sheet_end(&sheet);
	return send(sending, &sheet, id, 1);
}

static int send_detectoid(const struct sending *sending, const struct guid *id,
			  const char *title, const char *rules)
{
	struct sheet sheet;
	const struct sheet_head head = { .id = *id,
					 .revision = 1,
					 .type = "Detectoid",
					 .more = "",
					 .title = title,
					 .description = title };

	sheet_init(&sheet);
	sheet_begin(&sheet, &head, "");
	sheet_put(&sheet,
		  "<upd:ApplicabilityRules xmlns:bar=\"http://schemas.microsoft."
		  "com/msus/2002/12/BaseApplicabilityRules\" xmlns:lar=\"http://"
		  "schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules\">"
		  "<upd:IsInstalled>");
	if (!sheet.failed && !buffer_text(&sheet.text, rules))
		sheet.failed = true;
	sheet_put(&sheet, "</upd:IsInstalled></upd:ApplicabilityRules>\n");
	sheet_end(&sheet);
	return send(sending, &sheet, id, 1);
}

static int send_system(const struct sending *sending, const struct line *line,
		       const struct guid *id)
{
	static const char version[] =
		"<bar:WindowsVersion Comparison=\"EqualTo\" MajorVersion=\"10\" "
		"MinorVersion=\"0\" BuildNumber=\"%u\" ProductType=\"%d\"/>";
	const struct product *product = line->product;
	char one[200], two[200], rules[500];

	if (product->family == FAMILY_SERVER) {
		snprintf(one, sizeof one, version, product->base, 2);
		snprintf(two, sizeof two, version, product->base, 3);
		snprintf(rules, sizeof rules, "<lar:Or>%s%s</lar:Or>", one, two);
	} else {
		snprintf(rules, sizeof rules, version, product->base, 1);
	}
	return send_detectoid(sending, id, product->name, rules);
}

int update_make_shared(const struct line *line,
		       int (*each)(void *owner, const struct update_text *text),
		       void *owner)
{
	static const struct {
		const char *id, *title;
	} classes[] = { { security_id, "Security Updates" },
			{ critical_id, "Critical Updates" },
			{ updates_id, "Updates" } };
	const struct sending sending = { each, owner };
	const struct product *product = line->product;
	bool is_arm = line->arch == ARCH_ARM64;
	struct line_ids ids;

	line_ids(line, NULL, &ids);
	int rc = send_category(&sending, &ids.company, NULL, CATEGORY_COMPANY,
			       "Microsoft");
	if (rc == 0)
		rc = send_category(&sending, &ids.family, &ids.company, CATEGORY_FAMILY,
				   "Windows");
	if (rc == 0)
		rc = send_category(&sending, &ids.product, &ids.family, CATEGORY_PRODUCT,
				   is_windows_11(product) ? "Windows 11" : product->name);
	for (size_t i = 0; rc == 0 && i < sizeof classes / sizeof classes[0]; i++) {
		known_id(&ids.classification, classes[i].id);
		rc = send_category(&sending, &ids.classification, NULL,
				   CATEGORY_CLASSIFICATION, classes[i].title);
	}
	if (rc == 0)
		rc = send_system(&sending, line, &ids.system);
	if (rc == 0)
		rc = send_detectoid(&sending, &ids.processor,
				    is_arm ? "ARM64 processor" : "AMD64 processor",
				    is_arm ? "<bar:Processor Architecture=\"12\"/>"
					   : "<bar:Processor Architecture=\"9\"/>");
	return rc;
}

/* --- a release -------------------------------------------------------------------- */

static const char *what_it_is(const struct release *release)
{
	switch (release->kind) {
	case RELEASE_HOTPATCH:
		return "Hotpatch";
	case RELEASE_PREVIEW:
		return "Cumulative Update Preview";
	default:
		return "Cumulative Update";
	}
}

/* As the vendor writes titles. */
static void make_title(const struct update_wish *wish, char *title, size_t size)
{
	char kb[KB_TEXT], build[BUILD_TEXT], day[INSTANT_TEXT];

	snprintf(title, size, "%.7s %s for %s for %s-based Systems (%s) (%s)",
		 instant_format(wish->release->published_s, day),
		 what_it_is(wish->release), wish->line->product->name,
		 arch_name(wish->line->arch), kb_format(wish->release->kb, kb),
		 build_format(wish->release->build, build));
}

/* The release that this one takes the place of, among those like it; NULL for none. */
static const struct release *predecessor(const struct line *line,
					 const struct release *release)
{
	for (const struct release *at = release; at-- > line->releases;) {
		if (at->kb == 0 || at->kind == RELEASE_RTM)
			continue;
		if (release->kind == RELEASE_HOTPATCH
			    ? at->kind == RELEASE_HOTPATCH &&
				      at->quarter == release->quarter
			    : release_is_cumulative(at))
			return at;
	}
	return NULL;
}

static void put_relations(struct sheet *sheet, const struct update_wish *wish,
			  const struct guid *member)
{
	const struct release *before = predecessor(wish->line, wish->release);
	struct guid superseded, other;
	struct line_ids ids;
	char text[GUID_TEXT];

	line_ids(wish->line, wish->release, &ids);
	sheet_put(sheet, "<upd:Relationships>");
	if (member != NULL && before != NULL) {
		update_make_ids(wish->line, before, &superseded, &other);
		sheet_put(sheet,
			  "<upd:SupersededUpdates><upd:UpdateIdentity UpdateID=\"%s\"/>"
			  "</upd:SupersededUpdates>",
			  guid_format(&superseded, text));
	}
	sheet_put(sheet, "<upd:Prerequisites>");
	sheet_clause(sheet, &ids.system, false);
	sheet_clause(sheet, &ids.processor, false);
	if (member != NULL) {
		sheet_clause(sheet, &ids.product, true);
		sheet_clause(sheet, &ids.classification, true);
	}
	sheet_put(sheet, "</upd:Prerequisites>");
	if (member != NULL)
		sheet_put(sheet,
			  "<upd:BundledUpdates><upd:UpdateIdentity UpdateID=\"%s\" "
			  "RevisionNumber=\"%d\"/></upd:BundledUpdates>",
			  guid_format(member, text), wish->revision);
	sheet_put(sheet, "</upd:Relationships>\n");
}

static void make_children(const struct update_wish *wish, char *text, size_t size)
{
	bool restarts = wish->release->kind != RELEASE_HOTPATCH;

	snprintf(text, size,
		 "<upd:InstallationBehavior RebootBehavior=\"%s\"/>"
		 "<upd:UninstallationBehavior RebootBehavior=\"AlwaysRequiresReboot\"/>"
		 "<upd:KBArticleID>%u</upd:KBArticleID>",
		 restarts ? "AlwaysRequiresReboot" : "NeverReboots", wish->release->kb);
}

static bool is_program(const struct payload *payload)
{
	size_t size = payload == NULL ? 0 : strlen(payload->name);

	return size > 4 && strcasecmp(payload->name + size - 4, ".exe") == 0;
}

static size_t from_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	unsigned value;

	while (size < room && sscanf(hex + 2 * size, "%2x", &value) == 1)
		bytes[size++] = (uint8_t)value;
	return size;
}

static void put_file(struct sheet *sheet, const struct payload *payload)
{
	uint8_t sha1[20], sha256[32];
	char digest[BASE64_TEXT(sizeof sha1)], more[BASE64_TEXT(sizeof sha256)], size[24];

	if (payload == NULL)
		return;
	from_hex(payload->sha1, sha1, sizeof sha1);
	from_hex(payload->sha256, sha256, sizeof sha256);
	base64_encode(sha1, sizeof sha1, digest);
	base64_encode(sha256, sizeof sha256, more);
	snprintf(size, sizeof size, "%lld", (long long)payload->size_bytes);
	sheet_put(sheet,
		  "<upd:Files><upd:File FileName=\"%s\" Digest=\"%s\" DigestAlgorithm="
		  "\"SHA1\" Size=\"%s\" PatchingType=\"SelfContained\">"
		  "<upd:AdditionalDigest Algorithm=\"SHA256\">%s</upd:AdditionalDigest>"
		  "</upd:File></upd:Files>\n",
		  payload->name, digest, size, more);
}

static void put_handler(struct sheet *sheet, const struct payload *payload)
{
	if (!is_program(payload)) {
		sheet_put(sheet,
			  "<upd:HandlerSpecificData xmlns:osi=\"http://schemas.microsoft."
			  "com/msus/2016/01/UpdateHandlers/OSInstaller\" xsi:type="
			  "\"OSInstallerMetadata\"><osi:OSInstallData InitialModule="
			  "\"UpdateAgent.dll\"/></upd:HandlerSpecificData>\n");
		return;
	}
	sheet_put(
		sheet,
		"<upd:HandlerSpecificData xmlns:cmd=\"http://schemas.microsoft.com/msus/"
		"2002/12/UpdateHandlers/CommandLineInstallation\" xsi:type=\""
		"cmd:CommandLineInstallation\"><cmd:InstallCommand Program=\"%s\" "
		"Arguments=\"\" RebootByDefault=\"false\" DefaultResult=\"Failed\">"
		"<cmd:ReturnCode Code=\"0\" Result=\"Succeeded\" Reboot=\"false\"/>"
		"<cmd:ReturnCode Code=\"3010\" Result=\"Succeeded\" Reboot=\"true\"/>"
		"</cmd:InstallCommand></upd:HandlerSpecificData>\n",
		payload->name);
}

/* Attributes of the member's Properties. */
static void make_member_more(const struct update_wish *wish, char *text, size_t size)
{
	static const char uri[] = "http://schemas.microsoft.com/msus";
	const struct payload *payload = wish->payload;
	char build[BUILD_TEXT], download[80] = "";

	if (payload != NULL)
		snprintf(download, sizeof download,
			 " MaxDownloadSize=\"%lld\" MinDownloadSize=\"0\"",
			 (long long)payload->size_bytes);
	if (is_program(payload))
		snprintf(text, size,
			 " Handler=\"%s/2002/12/UpdateHandlers/"
			 "CommandLineInstallation\"%s",
			 uri, download);
	else if (wish->release->kind == RELEASE_HOTPATCH)
		snprintf(text, size,
			 " Handler=\"%s/2016/01/UpdateHandlers/OSInstaller\"%s", uri,
			 download);
	else
		snprintf(text, size,
			 " Handler=\"%s/2016/01/UpdateHandlers/OSInstaller\"%s "
			 "ProductName=\"%s\" ReleaseVersion=\"10.0.%s\" "
			 "ReleaseRevision=\"1\"",
			 uri, download, product_release_name(wish->line),
			 build_format(wish->release->build, build));
}

static int send_member(const struct sending *sending, const struct update_wish *wish,
		       const struct guid *id, const char *title)
{
	char children[400], more[400];
	struct sheet sheet;
	const struct sheet_head head = {
		.id = *id,
		.revision = wish->revision,
		.type = "Software",
		.more = more,
		.created_s = wish->release->published_s,
		.title = title,
		.description = title,
	};

	make_member_more(wish, more, sizeof more);
	make_children(wish, children, sizeof children);
	sheet_init(&sheet);
	sheet_begin(&sheet, &head, children);
	put_relations(&sheet, wish, NULL);
	put_release_rules(&sheet, wish->line, wish->release);
	put_file(&sheet, wish->payload);
	put_handler(&sheet, wish->payload);
	sheet_end(&sheet);
	return send(sending, &sheet, id, wish->revision);
}

static int send_bundle(const struct sending *sending, const struct update_wish *wish,
		       const struct guid *id, const struct guid *member,
		       const char *title)
{
	char children[400];
	struct sheet sheet;
	const struct sheet_head head = {
		.id = *id,
		.revision = wish->revision,
		.type = "Software",
		.more = " ExplicitlyDeployable=\"true\" AutoSelectOnWebSites=\"true\"",
		.created_s = wish->release->published_s,
		.title = title,
		.description =
			wish->release->kind == RELEASE_HOTPATCH
				? "A security update that needs no restart."
				: "A security update. After it the device restarts.",
	};

	make_children(wish, children, sizeof children);
	sheet_init(&sheet);
	sheet_begin(&sheet, &head, children);
	put_relations(&sheet, wish, member);
	put_release_rules(&sheet, wish->line, wish->release);
	sheet_end(&sheet);
	return send(sending, &sheet, id, wish->revision);
}

int update_make_release(const struct update_wish *wish,
			int (*each)(void *owner, const struct update_text *text),
			void *owner)
{
	const struct sending sending = { each, owner };
	struct guid bundle, member;
	char title[NAME_MOST];

	update_make_ids(wish->line, wish->release, &bundle, &member);
	make_title(wish, title, sizeof title);
	int rc = send_member(&sending, wish, &member, title);
	return rc == 0 ? send_bundle(&sending, wish, &bundle, &member, title) : rc;
}
