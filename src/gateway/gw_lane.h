/* Lanes: threads of the packet path, each with a queue of every TUN device and sockets of its own.
 * What is not for the fast path they leave to the main thread, in notes. */
#ifndef SRC_GATEWAY_GW_LANE_H
#define SRC_GATEWAY_GW_LANE_H

#include "src/gateway/gw_gate.h"
#include "src/gateway/gw_note.h"
#include "src/gateway/gw_worker.h"

struct gw_gateway;
struct gw_lane;
struct gw_socket;
struct gw_tunnel;

/* n threads (2 to GW_LANES_MAX) begin, which have nothing to do yet. Only while there are neither
 * sockets nor SAs. false: there are none. */
bool gw_lanes_start(struct gw_gateway *gw, unsigned n);
/* They end, before anything that they use does; nothing where there are none. */
void gw_lanes_end(struct gw_gateway *gw);
/* A socket, or a queue of a tunnel's device, is the lane's to read. */
bool gw_lane_socket(struct gw_gateway *gw, unsigned lane, struct gw_socket *socket);
bool gw_lane_queue(struct gw_gateway *gw, unsigned lane, uint32_t tunnel, int fd);
/* It is closed soon. */
void gw_lane_queue_end(struct gw_gateway *gw, unsigned lane, int fd);
/* What a lane has counted. */
const struct ls_counters *gw_lane_counters(const struct gw_gateway *gw, unsigned lane);

#endif
