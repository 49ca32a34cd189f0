/* Who answers which path of the HTTPS port. */

#ifndef PROTOCOL_SERVER_ROUTER_H
#define PROTOCOL_SERVER_ROUTER_H

#include <stddef.h>

#include "protocol/http/exchange.h"

void router_handle(struct exchange *exchange);

/* The most bytes a body to this path may have. */
size_t router_body_limit(const char *path);

#endif
