/* The files the operator gave us, every revision of them (engine/backend.h).
 *
 * Of kind "catalog" there is one current document for each name; of any other kind,
 * such as "plan", there is one, and the next put replaces it whatever its name. */

#ifndef STORE_DOCUMENTS_H
#define STORE_DOCUMENTS_H

struct document;
struct problem;
struct session;

/* The revision in *document is not read: the store counts them for each kind. */
int store_document_put(struct session *session, const struct document *document,
		       struct problem *p);
/* Its kind, name, time and who are read.  PROBLEM_NOT_FOUND when there is none of that
 * name. */
int store_document_retire(struct session *session, const struct document *document,
			  struct problem *p);
/* In order of revision.  Text ends with a NUL beyond its size. */
int store_documents(struct session *session, const char *kind,
		    int (*each)(void *owner, const struct document *document),
		    void *owner, struct problem *p);

#endif
