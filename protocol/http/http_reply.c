#include "protocol/http/http_reply.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "protocol/http/exchange.h"
#include "protocol/http/workspace.h"

/* clang-format off */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};
/* clang-format on */

const char *http_reason(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Other";
}

/* Names are in English whatever the locale: so not strftime(). */
static void refresh_date(struct workspace *workspace)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t now_s = time(NULL);
	struct tm now;

	if (workspace->date_s == now_s && workspace->date[0] != '\0')
		return;
	if (gmtime_r(&now_s, &now) == NULL)
		return;
	int wanted = snprintf(workspace->date, sizeof workspace->date,
			      "%s, %02d %s %04d %02d:%02d:%02d GMT", days[now.tm_wday],
			      now.tm_mday, months[now.tm_mon], now.tm_year + 1900,
			      now.tm_hour, now.tm_min, now.tm_sec);
	assert(wanted > 0);
	workspace->date_s = now_s;
}

static bool add_header(struct buffer *out, const char *name, const char *value)
{
	assert(strpbrk(name, "\r\n: ") == NULL);
	assert(strpbrk(value, "\r\n") == NULL);
	return buffer_text(out, name) && buffer_append(out, ": ", 2) &&
	       buffer_text(out, value) && buffer_append(out, "\r\n", 2);
}

bool http_reply_head(struct workspace *workspace, const struct reply_head *head)
{
	struct buffer *out = &workspace->reply;
	char line[96];

	assert(head->status >= 200 && head->status <= 599);
	refresh_date(workspace);
	int size = snprintf(line, sizeof line, "HTTP/1.1 %d %s\r\n", head->status,
			    http_reason(head->status));
	assert(size > 0 && (size_t)size < sizeof line);

	bool ok = buffer_append(out, line, (size_t)size) &&
		  add_header(out, "Date", workspace->date) &&
		  add_header(out, "Server", "patchyard");
	if (head->status != 204 && head->status != 304) {
		size = snprintf(line, sizeof line, "Content-Length: %lld\r\n",
				(long long)head->length);
		assert(size > 0 && (size_t)size < sizeof line);
		ok = ok && buffer_append(out, line, (size_t)size);
	}
	if (head->type != NULL)
		ok = ok && add_header(out, "Content-Type", head->type);
	if (head->connection != NULL)
		ok = ok && add_header(out, "Connection", head->connection);
	for (const struct http_header *one = head->extra;
	     one != NULL && one->name != NULL; one++)
		ok = ok && add_header(out, one->name, one->value);
	return ok && buffer_append(out, "\r\n", 2);
}
