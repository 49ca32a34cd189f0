#include "protocol/wusp/update_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "protocol/soap/soap_write.h"

enum { SHEET_MOST = 1024 * 1024 };

void sheet_init(struct sheet *sheet)
{
	buffer_init(&sheet->text, SHEET_MOST);
	sheet->failed = false;
}

void sheet_fini(struct sheet *sheet)
{
	buffer_fini(&sheet->text);
}

/* Values stand between quotes as often as between tags. */
static void put_value(struct sheet *sheet, const char *value)
{
	while (!sheet->failed) {
		size_t plain = strcspn(value, "\"");
		sheet->failed = !soap_escape(&sheet->text, value, plain);
		if (value[plain] == '\0')
			return;
		sheet->failed |= !buffer_text(&sheet->text, "&quot;");
		value += plain + 1;
	}
}

void sheet_put(struct sheet *sheet, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	for (const char *at = format; *at != '\0' && !sheet->failed; at++) {
		if (at[0] == '%' && at[1] == 's') {
			put_value(sheet, va_arg(values, const char *));
			at++;
		} else if (at[0] == '%' && at[1] == 'd') {
			char number[16];
			snprintf(number, sizeof number, "%d", va_arg(values, int));
			put_value(sheet, number);
			at++;
		} else if (!buffer_append(&sheet->text, at, 1)) {
			sheet->failed = true;
		}
	}
	va_end(values);
}

void sheet_begin(struct sheet *sheet, const struct sheet_head *head, const char *children)
{
	char id[GUID_TEXT], created[INSTANT_TEXT];

	sheet_put(sheet,
		  "<upd:Update xmlns:upd=\"http://schemas.microsoft.com/msus/2002/12/"
		  "Update\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
		  "<upd:UpdateIdentity UpdateID=\"%s\" RevisionNumber=\"%d\"/>\n"
		  "<upd:Properties UpdateType=\"%s\" DefaultPropertiesLanguage=\"en\" "
		  "PublicationState=\"Published\" CreationDate=\"%s\" "
		  "IsLocallyPublished=\"true\"",
		  guid_format(&head->id, id), head->revision, head->type,
		  instant_format(head->created_s, created));
	if (!sheet->failed && !buffer_text(&sheet->text, head->more))
		sheet->failed = true;
	sheet_put(sheet, ">");
	if (!sheet->failed && !buffer_text(&sheet->text, children))
		sheet->failed = true;
	sheet_put(sheet,
		  "</upd:Properties>\n<upd:LocalizedPropertiesCollection>"
		  "<upd:LocalizedProperties><upd:Language>en</upd:Language>"
		  "<upd:Title>%s</upd:Title><upd:Description>%s</upd:Description>"
		  "</upd:LocalizedProperties></upd:LocalizedPropertiesCollection>\n",
		  head->title, head->description);
}

void sheet_end(struct sheet *sheet)
{
	sheet_put(sheet, "</upd:Update>\n");
}

void sheet_clause(struct sheet *sheet, const struct guid *id, bool is_category)
{
	char text[GUID_TEXT];

	guid_format(id, text);
	if (is_category)
		sheet_put(sheet,
			  "<upd:AtLeastOne IsCategory=\"true\"><upd:UpdateIdentity "
			  "UpdateID=\"%s\"/></upd:AtLeastOne>",
			  text);
	else
		sheet_put(sheet, "<upd:UpdateIdentity UpdateID=\"%s\"/>", text);
}
