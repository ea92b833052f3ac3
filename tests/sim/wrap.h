/* The functions that stand in for what lies below the daemon; wrap.options names them to the
 * linker, which calls ours __wrap_NAME and the original __real_NAME. Their
 * types are those of the originals. */
#ifndef TESTS_SIM_WRAP_H
#define TESTS_SIM_WRAP_H

#include "esp/esp.h"
#include "esp/esp_replay.h"
#include "src/base/ipc.h"
#include "src/base/log.h"
#include "src/base/proc.h"
#include "src/base/sandbox.h"
#include "src/ike/ike_resolve.h"
#include "src/parent/control_server.h"
#include "src/parent/iface_addr.h"
#include "src/parent/parent.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRAP(name) extern __typeof__(name) __wrap_##name, __real_##name

/* loop.c: libevent */
WRAP(event_base_new);
WRAP(event_base_new_with_config);
WRAP(event_base_priority_init);
WRAP(event_base_free);
WRAP(event_base_dispatch);
WRAP(event_base_loopbreak);
WRAP(event_new);
WRAP(event_free);
WRAP(event_add);
WRAP(event_del);
WRAP(event_pending);
WRAP(event_priority_set);
WRAP(evdns_base_new);
WRAP(evdns_base_free);
WRAP(evdns_getaddrinfo);
WRAP(evdns_getaddrinfo_cancel);

/* system.c: clock, processes, interfaces, log */
WRAP(clock_gettime);
WRAP(signal);
WRAP(waitpid);
WRAP(usleep);
WRAP(child_start);
WRAP(child_kill);
WRAP(ipc_new);
WRAP(sandbox_user_of);
WRAP(sandbox_limits);
WRAP(sandbox_enter);
WRAP(run_dir_take);
WRAP(run_dir_write_pid);
WRAP(run_dir_give);
WRAP(netlink_open);
WRAP(netlink_close);
WRAP(netlink_reason);
WRAP(netlink_link_set);
WRAP(netlink_link_mtu);
WRAP(netlink_link_no_autoaddress);
WRAP(netlink_address_add);
WRAP(netlink_address_remove);
WRAP(iface_holder_of);
WRAP(netlink_route_set);
WRAP(netlink_route_remove);
WRAP(netlink_route_get);
WRAP(log_event);
WRAP(log_tick);
WRAP(log_line);

/* daemon.c: the admin socket */
WRAP(control_open);
WRAP(control_close);
WRAP(control_event);
WRAP(control_line_state);
WRAP(control_answer);
WRAP(control_child_lost);

/* net.c: sockets */
WRAP(listen_open);
WRAP(resolve_source);
WRAP(setsockopt);
WRAP(sendmsg);
WRAP(sendmmsg);
WRAP(recvmmsg);

/* host.c: TUN devices */
WRAP(tun_open);

/* invariants.c: eyes and hands inside ESP */
WRAP(esp_sa_add);
WRAP(esp_sa_end);
WRAP(esp_worker_seal);
WRAP(esp_worker_open);
WRAP(esp_replay_check);
WRAP(esp_replay_commit);

#endif
