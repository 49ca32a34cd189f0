/* Details of an update, and its file: closed ranges of 1 MiB, as Delivery Optimization
 * asks for them, checked whole by size, SHA-1 and SHA-256 before anybody uses it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "agents/disk.h"
#include "agents/wusp_inner.h"
#include "engine/problem.h"
#include "protocol/soap/base64.h"

/* --- details ---------------------------------------------------------------------- */

/* The member of a bundle carries the file; an update that bundles nothing its own. */
static const struct wu_update *member_of(struct wusp_agent *agent,
					 const struct wu_update *root)
{
	for (size_t i = 0;
	     root->judged.member[0] != '\0' && i < agent->state.update_count; i++) {
		if (strcmp(agent->state.updates[i].judged.id, root->judged.member) == 0)
			return &agent->state.updates[i];
	}
	return root;
}

static void put_request(struct wusp_agent *agent, int64_t first, int64_t second)
{
	struct soap_writer *out = &agent->link.out;

	wusp_begin(&agent->link, WU_CLIENT, "GetExtendedUpdateInfo");
	wusp_put_cookie(agent);
	soap_open(out, "revisionIDs");
	soap_int(out, "int", first < second ? first : second);
	if (first != second)
		soap_int(out, "int", first < second ? second : first);
	soap_close(out, "revisionIDs");
	soap_open(out, "infoTypes");
	soap_text(out, "XmlUpdateFragmentType", "Extended");
	soap_text(out, "XmlUpdateFragmentType", "LocalizedProperties");
	soap_close(out, "infoTypes");
	soap_open(out, "locales");
	soap_text(out, "string", "en-US");
	soap_text(out, "string", "en");
	soap_close(out, "locales");
	soap_text(out, "deviceAttributes", agent->attributes);
}

int wusp_details(struct wusp_agent *agent, const struct wu_update *root,
		 struct wu_details *details, struct problem *p)
{
	const struct wu_update *member = member_of(agent, root);

	memset(details, 0, sizeof *details);
	put_request(agent, root->id, member->id);
	int rc = wusp_send(&agent->link, WU_CLIENT, "GetExtendedUpdateInfo", p);
	if (rc <= 0)
		return rc == 0 && wusp_recover(agent, p) == 0
			       ? problem_set(p, PROBLEM_BUSY, "the session is over")
			       : -1;
	const struct wu_extended *told = agent->link.message.body;
	const struct wu_text *texts = told->result.texts.list.items;
	const struct wu_place *places = told->result.places.list.items;
	for (size_t i = 0; i < told->result.texts.list.count; i++) {
		if (texts[i].id == member->id && texts[i].xml.at != NULL &&
		    strstr(texts[i].xml.at, "<ExtendedProperties") != NULL &&
		    wu_extended_read(texts[i].xml.at, &details->file, p) < 0)
			return -1;
	}
	for (size_t i = 0; i < told->result.places.list.count; i++) {
		if (places[i].digest.at != NULL && places[i].url.at != NULL &&
		    strcmp(places[i].digest.at, details->file.sha1) == 0)
			snprintf(details->url, sizeof details->url, "%s",
				 places[i].url.at);
	}
	return 0;
}

/* --- the file --------------------------------------------------------------------- */

struct incoming {
	int fd; /* -1: in memory */
	int64_t have, size_bytes;
	struct wu_content *content;
	EVP_MD_CTX *sha1, *sha256;
	bool failed;
};

static bool on_open(void *owner, const struct answer *answer)
{
	const struct incoming *in = owner;
	return answer->status == 206 && answer->range_from == in->have;
}

static bool on_take(void *owner, const void *data, size_t size)
{
	struct incoming *in = owner;
	struct wu_content *content = in->content;
	size_t room = sizeof content->head - content->head_size;

	in->failed = (int64_t)size > in->size_bytes - in->have ||
		     !EVP_DigestUpdate(in->sha1, data, size) ||
		     !EVP_DigestUpdate(in->sha256, data, size) ||
		     (in->fd >= 0 && write(in->fd, data, size) != (ssize_t)size);
	if (in->failed)
		return false;
	memcpy(content->head + content->head_size, data, size < room ? size : room);
	content->head_size += size < room ? size : room;
	in->have += (int64_t)size;
	return true;
}

static int fetch_piece(struct wusp_agent *agent, const char *url, struct incoming *in,
		       struct problem *p)
{
	const struct sink sink = { in, on_open, on_take };
	int64_t end = in->have + WU_PIECE < in->size_bytes ? in->have + WU_PIECE
							   : in->size_bytes;
	const struct request request = { .method = "GET",
					 .url = url,
					 .range_from = in->have,
					 .range_to = end - 1,
					 .sink = &sink };
	struct transport *transport = &agent->link.transport;
	struct answer answer;

	if (transport->exchange(transport->owner, &request, &answer, p) < 0)
		return -1;
	int status = answer.status;
	answer_fini(&answer);
	if (status != 206 || in->failed || in->have != end)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "bytes %lld to %lld of '%.80s' did not come: %d",
				   (long long)(end - WU_PIECE), (long long)end - 1, url,
				   status);
	return 0;
}

static bool digest_is(EVP_MD_CTX *context, const char *expected)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	char text[BASE64_TEXT(EVP_MAX_MD_SIZE)];
	unsigned size = 0;

	if (!EVP_DigestFinal_ex(context, bytes, &size))
		return false;
	base64_encode(bytes, size, text);
	return strcmp(text, expected) == 0;
}

static int open_file(struct wusp_agent *agent, struct wu_content *content,
		     struct problem *p)
{
	const char *folder = agent->options.state_dir;

	content->path[0] = '\0';
	if (folder == NULL)
		return -1;
	snprintf(content->path, sizeof content->path, "%.600s/payload", folder);
	int fd = open(content->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		problem_set(p, PROBLEM_EXTERNAL, "cannot write '%.150s': %s",
			    content->path, strerror(errno));
	return fd;
}

int wusp_fetch(struct wusp_agent *agent, const struct wu_details *details,
	       struct wu_content *content, struct problem *p)
{
	struct incoming in = { .size_bytes = details->file.size_bytes,
			       .content = content };
	int rc = 0;

	content->head_size = 0;
	in.fd = open_file(agent, content, p);
	if (in.fd < 0 && content->path[0] != '\0')
		return -1;
	in.sha1 = EVP_MD_CTX_new();
	in.sha256 = EVP_MD_CTX_new();
	if (in.sha1 == NULL || in.sha256 == NULL ||
	    !EVP_DigestInit_ex(in.sha1, EVP_sha1(), NULL) ||
	    !EVP_DigestInit_ex(in.sha256, EVP_sha256(), NULL))
		rc = problem_set(p, PROBLEM_NO_MEMORY, "no memory for a download");
	while (rc == 0 && in.have < in.size_bytes)
		rc = fetch_piece(agent, details->url, &in, p);
	if (rc == 0)
		rc = digest_is(in.sha1, details->file.sha1) &&
				     digest_is(in.sha256, details->file.sha256)
			     ? 1
			     : 0;
	EVP_MD_CTX_free(in.sha1);
	EVP_MD_CTX_free(in.sha256);
	if (in.fd >= 0)
		close(in.fd);
	return rc;
}
