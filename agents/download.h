/* One file on its way in: fetched in pieces, hashed as it streams, resumed where it
 * stopped.
 *
 * With a folder the bytes go to `<folder>/<name>`; what is there from an earlier life is
 * hashed again and the rest asked for with Range and If-Range.  Without a folder only the
 * first bytes are kept (enough for a simulated Windows) and the whole is hashed.  Never
 * more bytes are taken than were announced.  The caller asks piece after piece, so that
 * it can poll in between. */

#ifndef AGENTS_DOWNLOAD_H
#define AGENTS_DOWNLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "agents/client.h"
#include "agents/message.h"

struct problem;

enum { DOWNLOAD_HEAD = 4096 };

enum download_turn {
	DOWNLOAD_MORE,  /* a piece came; ask on */
	DOWNLOAD_DONE,  /* all there, size and hash are right */
	DOWNLOAD_WRONG, /* not the file that was announced: discarded */
	DOWNLOAD_GONE,  /* the server does not give it */
	DOWNLOAD_LATER, /* network or server trouble; what came is kept */
};

struct download;

/* `piece_bytes` bounds one request. */
struct download *download_open(const char *folder, const struct offer *offer,
			       int64_t piece_bytes, struct problem *p);
void download_close(struct download *download); /* accepts NULL; keeps what came */

/* *p says what stood in the way of WRONG, GONE and LATER. */
enum download_turn download_turn(struct download *download,
				 const struct transport *transport, const char *url,
				 const char *authorization, struct problem *p);

int64_t download_have(const struct download *download);
/* What the server asked for when the last turn ended with DOWNLOAD_LATER; 0 nothing. */
int64_t download_retry_after_s(const struct download *download);
const char *download_path(const struct download *download); /* NULL without a folder */
const void *download_head(const struct download *download, size_t *size);

/* Remove everything in the folder. */
int download_clear(const char *folder, struct problem *p);

#endif
