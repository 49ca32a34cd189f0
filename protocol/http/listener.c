#include "protocol/http/listener.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/problem.h"

enum { BACKLOG = 1024, SOCKET_MODE = 0660 };

static int parse_address(const char *address, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (port < 0 || port > 65535)
		return -1;
	return uv_ip4_addr(address, port, four) == 0 ||
			       uv_ip6_addr(address, port, six) == 0
		       ? 0
		       : -1;
}

int listener_open_tcp(struct listener *listener, uv_loop_t *loop, const char *address,
		      int port, struct problem *p)
{
	struct sockaddr_storage wanted;
	int yes = 1;
	uv_os_fd_t fd;

	if (parse_address(address, port, &wanted) < 0)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"cannot listen on '%s' port %d: give an IP address such "
			"as 127.0.0.1 or ::1, and a port up to 65535",
			address, port);
	int rc = uv_tcp_init_ex(loop, &listener->socket.tcp, wanted.ss_family);
	if (rc == 0) {
		listener->is_open = true;
		rc = uv_fileno(&listener->socket.handle, &fd);
	}
	if (rc == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0)
		rc = -errno;
	if (rc == 0)
		rc = uv_tcp_bind(&listener->socket.tcp, (struct sockaddr *)&wanted, 0);
	if (rc != 0)
		return problem_set(p, PROBLEM_EXTERNAL, "listening on %s port %d: %s",
				   address, port, uv_strerror(rc));
	return 0;
}

static bool answers(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true; /* not known: so do not remove it */
	int rc = connect(fd, (const struct sockaddr *)name, sizeof *name);
	bool nobody = rc != 0 && errno == ECONNREFUSED;
	close(fd);
	return !nobody;
}

static int remove_stale(const struct sockaddr_un *name, struct problem *p)
{
	struct stat file;

	if (lstat(name->sun_path, &file) != 0) {
		if (errno == ENOENT)
			return 0;
		return problem_set(p, PROBLEM_EXTERNAL, "looking at '%s': %s",
				   name->sun_path, strerror(errno));
	}
	if (!S_ISSOCK(file.st_mode))
		return problem_set(p, PROBLEM_CONFLICT,
				   "'%s' is there and is no socket: move it away or name "
				   "another path",
				   name->sun_path);
	if (answers(name))
		return problem_set(p, PROBLEM_CONFLICT,
				   "another server answers on '%s': stop it first",
				   name->sun_path);
	if (unlink(name->sun_path) != 0)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "removing the old socket '%s': %s", name->sun_path,
				   strerror(errno));
	return 0;
}

/* The mode of the socket itself becomes that of its file, less the umask: so it is
 * never open to more than it should be, and then made exactly so. */
static int bind_unix(int fd, const struct sockaddr_un *name, struct listener *listener)
{
	struct stat file;

	if (fchmod(fd, SOCKET_MODE) != 0 ||
	    bind(fd, (const struct sockaddr *)name, sizeof *name) != 0)
		return -1;
	memcpy(listener->path, name->sun_path, sizeof listener->path);
	if (lstat(name->sun_path, &file) != 0)
		return -1;
	listener->device = file.st_dev;
	listener->inode = file.st_ino;
	return chmod(name->sun_path, SOCKET_MODE);
}

int listener_open_unix(struct listener *listener, uv_loop_t *loop, const char *path,
		       struct problem *p)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (path[0] == '\0' || strlen(path) >= sizeof name.sun_path)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the socket path '%.120s' must have 1 to %zu bytes",
				   path, sizeof name.sun_path - 1);
	memcpy(name.sun_path, path, strlen(path) + 1);
	if (remove_stale(&name, p) < 0)
		return -1;

	int rc = uv_pipe_init(loop, &listener->socket.pipe, 0);
	assert(rc == 0); /* always 0 in libuv 1.x */
	listener->is_open = true;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_unix(fd, &name, listener) != 0) {
		problem_set(p, PROBLEM_EXTERNAL, "making the socket '%s': %s", path,
			    strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	rc = uv_pipe_open(&listener->socket.pipe, fd);
	if (rc != 0) {
		close(fd);
		return problem_set(p, PROBLEM_EXTERNAL, "opening the socket '%s': %s",
				   path, uv_strerror(rc));
	}
	return 0;
}

int listener_start(struct listener *listener, uv_connection_cb on_connection,
		   struct problem *p)
{
	int rc = uv_listen(&listener->socket.stream, BACKLOG, on_connection);
	if (rc == 0)
		return 0;
	return problem_set(p, PROBLEM_EXTERNAL,
			   "listening: %s; is another server on this address?",
			   uv_strerror(rc));
}

int listener_port(const struct listener *listener)
{
	struct sockaddr_storage bound;
	int size = sizeof bound;

	if (!listener->is_open || listener->socket.handle.type != UV_TCP ||
	    uv_tcp_getsockname(&listener->socket.tcp, (struct sockaddr *)&bound, &size) !=
		    0)
		return 0;
	return bound.ss_family == AF_INET6
		       ? ntohs(((struct sockaddr_in6 *)&bound)->sin6_port)
		       : ntohs(((struct sockaddr_in *)&bound)->sin_port);
}

void listener_close(struct listener *listener)
{
	struct stat file;

	if (!listener->is_open)
		return;
	listener->is_open = false;
	listener->is_waiting = false;
	if (listener->path[0] != '\0' && lstat(listener->path, &file) == 0 &&
	    file.st_dev == listener->device && file.st_ino == listener->inode &&
	    unlink(listener->path) != 0) {
		/* The next start finds a socket on which nobody answers, and removes it.
		 */
	}
	uv_close(&listener->socket.handle, NULL);
}
