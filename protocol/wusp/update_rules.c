/* When a release applies, in the rules that agents evaluate (MS-WUSP 2.2.2.2.4).
 *
 * A cumulative release is installed from its build on (ProductReleaseInstalled, as the
 * vendor writes it) and installable below it.  A hotpatch cannot be told so: its build
 * lies between those of cumulative releases that do not hold it.  So it is installed
 * where the system shows its very build, and installable where it shows the build of
 * something that the hotpatch stands upon: its baseline, and what came earlier in the
 * quarter, on the editions that may have hotpatches.  Two releases of one build cannot
 * be told apart by any rule; the engine's decision does that before.
 *
 * "Client.OS.RS2.AMD64" was seen on the wire; the names for servers and for arm64 are
 * made in its likeness. */

#include <stdio.h>
#include <string.h>

#include "protocol/wusp/update_text.h"

static void put_version(struct sheet *sheet, const char *comparison, struct build build)
{
	char text[BUILD_TEXT];

	sheet_put(sheet,
		  "<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
		  "Comparison=\"%s\" Value=\"10.0.%s\"/>",
		  comparison, build_format(build, text));
}

static void put_editions(struct sheet *sheet, const struct product *product)
{
	char number[24];

	sheet_put(sheet, "<lar:Or>");
	for (size_t i = 0; i < product->edition_count; i++) {
		long sku = sku_of_edition(product->editions[i]);
		if (sku < 0)
			continue;
		snprintf(number, sizeof number, "%ld", sku);
		sheet_put(sheet,
			  "<DeviceAttribute Name=\"OSSkuId\" Type=\"String\" "
			  "Comparison=\"EqualTo\" Value=\"%s\"/>",
			  number);
	}
	sheet_put(sheet, "</lar:Or>");
}

static void put_hotpatch(struct sheet *sheet, const struct line *line,
			 const struct release *release)
{
	const struct release *others = line->releases;

	sheet_put(sheet, "<upd:IsInstalled>");
	put_version(sheet, "EqualTo", release->build);
	sheet_put(sheet, "</upd:IsInstalled><upd:IsInstallable><lar:And><lar:Or>");
	for (size_t i = 0; i < line->count; i++) {
		if (others[i].quarter == release->quarter &&
		    others[i].published_s < release->published_s &&
		    !build_equal(others[i].build, release->build))
			put_version(sheet, "EqualTo", others[i].build);
	}
	sheet_put(sheet, "</lar:Or>");
	put_editions(sheet, line->product);
	sheet_put(sheet, "</lar:And></upd:IsInstallable>");
}

static void put_cumulative(struct sheet *sheet, const struct line *line,
			   const struct release *release)
{
	const struct build first = { release->build.base, 0 };
	char build[BUILD_TEXT];

	sheet_put(sheet,
		  "<upd:IsInstalled><ProductReleaseInstalled Name=\"%s.OS.RS2.%s\" "
		  "Version=\"10.0.%s\"/></upd:IsInstalled><upd:IsInstallable><lar:And>",
		  line->product->family == FAMILY_SERVER ? "Server" : "Client",
		  line->arch == ARCH_ARM64 ? "ARM64" : "AMD64",
		  build_format(release->build, build));
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
