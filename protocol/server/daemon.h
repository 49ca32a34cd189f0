/* The running server: its identity, its loops, and who answers which path.
 *
 * One loop per core serves devices over HTTPS on one shared port.  The admin socket has
 * a loop of its own: only there may a body have the size of a whole catalog, and no
 * amount of JSON for people delays a device. */

#ifndef PROTOCOL_SERVER_DAEMON_H
#define PROTOCOL_SERVER_DAEMON_H

struct daemon;
struct problem;
struct settings;
struct site;
struct state_dir;

/* Makes what the state directory lacks of certificates, opens every listener and serves.
 * The site must outlive the daemon.  NULL with *p told; nothing then runs. */
struct daemon *daemon_start(const struct settings *settings,
			    const struct state_dir *state, struct site *site,
			    struct problem *p);

/* Answers what is under way, closes what is open, ends every loop and frees. */
void daemon_stop(struct daemon *daemon);

/* "https://127.0.0.1:8443", with the port that was picked. */
const char *daemon_address(const struct daemon *daemon);
const char *daemon_socket(const struct daemon *daemon);

#endif
