/* When a release applies, in the rules that agents evaluate (MS-WUSP 2.2.2.2.4).
 *
 * A cumulative release is installed from its build on (ProductReleaseInstalled, as the
 * vendor writes it) and installable below it.  A hotpatch cannot be told so: its build
 * lies between those of cumulative releases that do not hold it, and a range of builds is
 * all that a comparison can say.  So its rules name builds one by one.  It is installed
 * where the system shows its build, or that of a later release of its quarter;
 * installable where the system shows the build of something that it stands upon, its
 * baseline or what came earlier in the quarter, on the editions that may have hotpatches.
 * When the catalog learns of a later hotpatch, the earlier ones of its quarter become a
 * new revision.
 *
 * What the rules cannot tell: two releases of one build apart; what a hotpatch needs
 * beyond its level (virtualization-based security, CHPE, a licence, a policy); whom a
 * targeted release is for; that a device on a hotpatch lacks what a preview with a lower
 * build brought.  The engine decides all of that before anything is deployed. */

#include "engine/decision.h"
#include "protocol/wusp/update_text.h"

const char *product_release_name(const struct line *line)
{
	bool is_arm = line->arch == ARCH_ARM64;

	/* As the vendor's own metadata spell them; a server on arm64 was never seen. */
	if (line->product->family == FAMILY_SERVER)
		return is_arm ? "Server.OS.arm64" : "Server.OS.amd64";
	return is_arm ? "Client.OS.RS2.ARM64" : "Client.OS.RS2.AMD64";
}

static void put_version(struct sheet *sheet, const char *comparison, struct build build)
{
	char text[BUILD_TEXT];

	sheet_put(sheet,
		  "<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
		  "Comparison=\"%s\" Value=\"10.0.%s\"/>",
		  comparison, build_format(build, text));
}

/* An edition whose number is not known cannot be told by any rule. */
static void put_editions(struct sheet *sheet, const struct product *product)
{
	bool any = false;

	for (size_t i = 0; i < product->edition_count; i++) {
		long sku = -1;
		while ((sku = sku_of_edition(product->editions[i], sku)) >= 0) {
			sheet_put(sheet, any ? "" : "<lar:Or>");
			any = true;
			sheet_put(sheet,
				  "<DeviceAttribute Name=\"OSSkuId\" Type=\"String\" "
				  "Comparison=\"EqualTo\" Value=\"%d\"/>",
				  (int)sku);
		}
	}
	sheet_put(sheet, any ? "</lar:Or>" : "<lar:False/>");
}

/* The releases of the hotpatch's quarter below it, or else at or above it. */
static void put_quarter(struct sheet *sheet, const struct line *line, int32_t hotpatch,
			bool below)
{
	const struct release *releases = line->releases;

	sheet_put(sheet, "<lar:Or>");
	if (!below)
		put_version(sheet, "EqualTo", releases[hotpatch].build);
	for (int32_t i = 0; i < (int32_t)line->count; i++) {
		if (releases[i].quarter == releases[hotpatch].quarter &&
		    release_above(line, hotpatch, i) == below &&
		    !build_equal(releases[i].build, releases[hotpatch].build))
			put_version(sheet, "EqualTo", releases[i].build);
	}
	sheet_put(sheet, "</lar:Or>");
}

static void put_hotpatch(struct sheet *sheet, const struct line *line,
			 const struct release *release)
{
	int32_t hotpatch = (int32_t)(release - line->releases);

	sheet_put(sheet, "<upd:IsInstalled>");
	put_quarter(sheet, line, hotpatch, false);
	sheet_put(sheet, "</upd:IsInstalled><upd:IsInstallable><lar:And>");
	put_quarter(sheet, line, hotpatch, true);
	put_editions(sheet, line->product);
	sheet_put(sheet, "</lar:And></upd:IsInstallable>");
}

static void put_cumulative(struct sheet *sheet, const struct line *line,
			   const struct release *release)
{
	const struct build first = { release->build.base, 0 };
	char build[BUILD_TEXT];

	sheet_put(
		sheet,
		"<upd:IsInstalled><ProductReleaseInstalled Name=\"%s\" Version=\"10.0.%s"
		"\"/></upd:IsInstalled><upd:IsInstallable><lar:And>",
		product_release_name(line), build_format(release->build, build));
	put_version(sheet, "GreaterThanOrEqualTo", first);
	put_version(sheet, "LessThan", release->build);
	sheet_put(sheet, "</lar:And></upd:IsInstallable>");
}

void put_release_rules(struct sheet *sheet, const struct line *line,
		       const struct release *release)
{
	sheet_put(sheet,
		  "<upd:ApplicabilityRules xmlns:lar=\"http://schemas.microsoft.com/msus/"
		  "2002/12/LogicalApplicabilityRules\">");
	if (release->kind == RELEASE_HOTPATCH)
		put_hotpatch(sheet, line, release);
	else
		put_cumulative(sheet, line, release);
	sheet_put(sheet, "</upd:ApplicabilityRules>\n");
}
