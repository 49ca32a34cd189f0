#include "protocol/xml/zone_files.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "engine/zone.h"
#include "protocol/xml/files_read.h"

enum {
	ZONE_BYTES = 256 * 1024, /* the largest file of tzdata has under 4 KiB */
	BUCKETS = 64,
	UNKNOWN_MOST = 256, /* names that are no zone, remembered to spare the disk */
};

struct known {
	struct known *next;
	struct zone *zone; /* NULL when there is none of that name */
	char name[LIMIT_NAME + 1];
};

struct zone_files {
	pthread_mutex_t lock;
	struct known *buckets[BUCKETS];
	unsigned unknown_count;
};

struct zone_files *zone_files_new(void)
{
	struct zone_files *zones = calloc(1, sizeof *zones);
	if (zones != NULL && pthread_mutex_init(&zones->lock, NULL) != 0) {
		free(zones);
		return NULL;
	}
	return zones;
}

void zone_files_free(struct zone_files *zones)
{
	if (zones == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (zones->buckets[i] != NULL) {
			struct known *one = zones->buckets[i];
			zones->buckets[i] = one->next;
			zone_free(one->zone);
			free(one);
		}
	}
	pthread_mutex_destroy(&zones->lock);
	free(zones);
}

/* IANA names are words of letters, digits, "+", "-" and "_" between slashes.  No dot, so
 * nothing leads out of the folder. */
static bool is_zone_name(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+-_/";
	size_t size = strlen(name);
	return size > 0 && size <= LIMIT_NAME && name[0] != '/' &&
	       strspn(name, allowed) == size;
}

static struct known **bucket_of(struct zone_files *zones, const char *name)
{
	unsigned sum = 0;
	for (; *name != '\0'; name++)
		sum = sum * 31 + (unsigned char)*name;
	return &zones->buckets[sum % BUCKETS];
}

/* NULL when there is no such zone. */
static struct zone *load(const char *name)
{
	char path[sizeof "/usr/share/zoneinfo/" + LIMIT_NAME];
	struct problem p = { 0 };
	size_t size;

	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	char *bytes = files_read(path, ZONE_BYTES, &size, &p);
	if (bytes == NULL)
		return NULL;
	struct zone *zone = zone_parse(name, bytes, size, &p);
	free(bytes);
	return zone;
}

static struct known *learn(struct zone_files *zones, const char *name)
{
	struct zone *zone = load(name);
	if (zone == NULL && zones->unknown_count == UNKNOWN_MOST)
		return NULL;
	struct known *one = calloc(1, sizeof *one);
	if (one == NULL) {
		zone_free(zone);
		return NULL;
	}
	struct known **bucket = bucket_of(zones, name);
	memcpy(one->name, name, strlen(name) + 1); /* is_zone_name() has seen it */
	one->zone = zone;
	one->next = *bucket;
	*bucket = one;
	zones->unknown_count += zone == NULL;
	return one;
}

const struct zone *zone_files_find(void *owner, const char *name)
{
	struct zone_files *zones = owner;

	if (!is_zone_name(name))
		return NULL;
	pthread_mutex_lock(&zones->lock);
	struct known *one = *bucket_of(zones, name);
	while (one != NULL && strcmp(one->name, name) != 0)
		one = one->next;
	if (one == NULL)
		one = learn(zones, name);
	pthread_mutex_unlock(&zones->lock);
	return one == NULL ? NULL : one->zone;
}
