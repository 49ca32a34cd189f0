#include "protocol/http/http_parse.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* llhttp numbers the methods by names that are ours, too. */
#define HTTP_DELETE LLHTTP_OWN_DELETE
#define HTTP_GET    LLHTTP_OWN_GET
#define HTTP_HEAD   LLHTTP_OWN_HEAD
#define HTTP_POST   LLHTTP_OWN_POST
#define HTTP_PUT    LLHTTP_OWN_PUT
#include <llhttp.h>
#undef HTTP_DELETE
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/http/exchange.h"

struct span {
	char *at;
	size_t size;
};

struct parse {
	struct http_request *request;
	struct http_head *head;
	struct span target;
	struct span names[LIMIT_HEADER_LINES], values[LIMIT_HEADER_LINES];
	size_t names_seen, values_seen;
	bool complete;
};

/* The section is in one piece, so llhttp reports each span in one piece, too. */
static int on_target(llhttp_t *llhttp, const char *at, size_t size)
{
	struct parse *parse = llhttp->data;
	parse->target = (struct span){ (char *)at, size };
	return 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t size)
{
	struct parse *parse = llhttp->data;
	if (parse->names_seen == LIMIT_HEADER_LINES ||
	    parse->names_seen != parse->values_seen)
		return -1;
	parse->names[parse->names_seen++] = (struct span){ (char *)at, size };
	parse->values[parse->values_seen] = (struct span){ NULL, 0 };
	return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t size)
{
	struct parse *parse = llhttp->data;
	struct span *value = &parse->values[parse->values_seen];
	if (value->at != NULL)
		return -1;
	*value = (struct span){ (char *)at, size };
	return 0;
}

static int on_value_complete(llhttp_t *llhttp)
{
	struct parse *parse = llhttp->data;
	parse->values_seen++;
	return 0;
}

static int on_complete(llhttp_t *llhttp)
{
	struct parse *parse = llhttp->data;
	parse->complete = true;
	parse->head->is_1_0 = llhttp_get_http_minor(llhttp) == 0;
	parse->head->keep_alive = llhttp_should_keep_alive(llhttp) == 1;
	return HPE_PAUSED; /* bodies are not llhttp's here */
}

static const llhttp_settings_t settings = {
	.on_url = on_target,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_headers_complete = on_complete,
};

static int refuse(struct problem *p, int status, const char *why)
{
	enum problem_kind kind = status == 414 ? PROBLEM_TOO_LARGE : PROBLEM_BAD_INPUT;
	problem_set(p, kind, "%s", why);
	return status;
}

static bool is_token(const char *text, size_t size)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') ||
			    (c != '\0' && strchr(marks, c) != NULL);
		if (!fits)
			return false;
	}
	return size > 0;
}

/* "METHOD SP target SP HTTP/1.x", before llhttp sees it: so that each fault has one
 * status, whatever llhttp trips over first. */
static int check_request_line(const char *line, size_t size, struct http_request *request,
			      struct problem *p)
{
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = {
		{ "GET", HTTP_GET }, { "HEAD", HTTP_HEAD },     { "POST", HTTP_POST },
		{ "PUT", HTTP_PUT }, { "DELETE", HTTP_DELETE },
	};
	enum { VERSION = sizeof " HTTP/1.1" - 1 };

	const char *space = memchr(line, ' ', size);
	if (space == NULL || !is_token(line, (size_t)(space - line)) || size < VERSION)
		return refuse(p, 400, "the first line is no request line");
	const char *version = line + size - VERSION;
	if (memcmp(version, " HTTP/", 6) != 0 || version <= space || version[7] != '.')
		return refuse(p, 400, "the request line does not end with HTTP/1.1");
	if (version[6] != '1' || (version[8] != '0' && version[8] != '1'))
		return refuse(p, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");

	const char *target = space + 1;
	size_t target_size = (size_t)(version - target);
	if (target_size > LIMIT_TARGET)
		return refuse(p, 414, "the request target is too long");
	if (target_size == 0 || target[0] != '/')
		return refuse(p, 400, "the request target is not a path");
	for (size_t i = 0; i < target_size; i++) {
		if (target[i] <= ' ' || target[i] > '~' || target[i] == '#')
			return refuse(p, 400,
				      "the request target has a byte it must not");
	}

	request->method = HTTP_OTHER;
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		if (strlen(methods[i].name) == (size_t)(space - line) &&
		    memcmp(methods[i].name, line, (size_t)(space - line)) == 0)
			request->method = methods[i].method;
	}
	return 0;
}

static int check_first_line(const char *text, size_t size, struct http_request *request,
			    struct problem *p)
{
	while (size > 1 && text[0] == '\r' && text[1] == '\n') { /* RFC 9112 2.2 */
		text += 2;
		size -= 2;
	}
	const char *end = memchr(text, '\r', size);
	assert(end != NULL); /* the guard saw a line end */
	return check_request_line(text, (size_t)(end - text), request, p);
}

static int status_of(llhttp_errno_t error)
{
	switch (error) {
	case HPE_INVALID_METHOD:
	case HPE_INVALID_TRANSFER_ENCODING:
		return 501;
	case HPE_INVALID_VERSION:
		return 505;
	default:
		return 400;
	}
}

static void terminate(struct parse *parse)
{
	struct http_request *request = parse->request;

	request->header_count = parse->values_seen;
	for (size_t i = 0; i < parse->values_seen; i++) {
		struct span *name = &parse->names[i], *value = &parse->values[i];
		while (value->size > 0 && (value->at[value->size - 1] == ' ' ||
					   value->at[value->size - 1] == '\t'))
			value->size--;
		name->at[name->size] = '\0';
		if (value->size > 0)
			value->at[value->size] = '\0';
		request->headers[i].name = name->at;
		request->headers[i].value = value->size > 0 ? value->at : "";
	}
	parse->target.at[parse->target.size] = '\0';
	char *query = strchr(parse->target.at, '?');
	if (query != NULL)
		*query++ = '\0';
	request->path = parse->target.at;
	request->query = query != NULL ? query : "";
}

static bool is_host(const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~' || strchr("/?#@,\"<>\\^`{|}", *c) != NULL)
			return false;
	}
	return text[0] != '\0';
}

static int take_host(struct http_request *request, const struct http_head *head,
		     unsigned count, struct problem *p)
{
	if (count > 1 || (count == 0 && !head->is_1_0))
		return refuse(p, 400, "a request needs exactly one Host");
	request->host = count == 1 ? http_header(request, "Host") : "";
	if (count == 1 && !is_host(request->host))
		return refuse(p, 400, "the Host is malformed");
	return 0;
}

static int take_length(const char *value, struct http_head *head, struct problem *p)
{
	enum { DIGITS_MOST = 18 }; /* fits 63 bits */
	size_t digits = strspn(value, "0123456789");

	if (digits == 0 || value[digits] != '\0' || digits > DIGITS_MOST)
		return refuse(p, 400, "Content-Length is not a plain number");
	head->framing = FRAMING_LENGTH;
	head->length = 0;
	for (size_t i = 0; i < digits; i++)
		head->length = head->length * 10 + (uint64_t)(value[i] - '0');
	return 0;
}

static int take_framing(const struct http_request *request, struct http_head *head,
			unsigned lengths, unsigned encodings, struct problem *p)
{
	if (lengths + encodings > 1)
		return refuse(p, 400, "the length of the body is told more than once");
	if (lengths == 1)
		return take_length(http_header(request, "Content-Length"), head, p);
	if (encodings == 0)
		return 0;
	if (head->is_1_0)
		return refuse(p, 400, "HTTP/1.0 has no Transfer-Encoding");
	if (strcasecmp(http_header(request, "Transfer-Encoding"), "chunked") != 0)
		return refuse(p, 501, "the only Transfer-Encoding known here is chunked");
	head->framing = FRAMING_CHUNKED;
	return 0;
}

/* What llhttp accepts and we must judge ourselves. */
static int check_headers(struct http_request *request, struct http_head *head,
			 struct problem *p)
{
	unsigned hosts = 0, lengths = 0, encodings = 0, expects = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		const char *name = request->headers[i].name;
		hosts += strcasecmp(name, "Host") == 0;
		lengths += strcasecmp(name, "Content-Length") == 0;
		encodings += strcasecmp(name, "Transfer-Encoding") == 0;
		expects += strcasecmp(name, "Expect") == 0;
	}
	int status = take_host(request, head, hosts, p);
	if (status == 0)
		status = take_framing(request, head, lengths, encodings, p);
	if (status == 0 && expects > 0 && !head->is_1_0) {
		if (expects > 1 ||
		    strcasecmp(http_header(request, "Expect"), "100-continue") != 0)
			return refuse(p, 417,
				      "the only Expect known here is 100-continue");
		head->expects_continue = head->framing != FRAMING_NONE;
	}
	return status;
}

int http_parse_head(char *text, size_t size, struct http_request *request,
		    struct http_head *head, struct problem *p)
{
	struct parse parse;
	llhttp_t llhttp;

	*head = (struct http_head){ 0 };
	int status = check_first_line(text, size, request, p);
	if (status != 0)
		return status;

	parse.request = request;
	parse.head = head;
	parse.target = (struct span){ NULL, 0 };
	parse.names_seen = parse.values_seen = 0;
	parse.complete = false;
	llhttp_init(&llhttp, HTTP_REQUEST, &settings);
	llhttp.data = &parse;
	llhttp_errno_t error = llhttp_execute(&llhttp, text, size);
	if (!parse.complete || parse.target.at == NULL ||
	    parse.names_seen != parse.values_seen) {
		const char *why = llhttp_get_error_reason(&llhttp);
		return refuse(p, status_of(error),
			      why != NULL ? why : "malformed headers");
	}
	terminate(&parse);
	return check_headers(request, head, p);
}
