/* The functions that stand in for what lies below the daemon; wrap.options names them to the
 * linker, which calls ours __wrap_NAME and the original __real_NAME. */
#ifndef TESTS_SIM_WRAP_H
#define TESTS_SIM_WRAP_H

#include "esp/esp.h"
#include "esp/esp_replay.h"
#include "src/base/ipc.h"
#include "src/base/log.h"
#include "src/base/proc.h"
#include "src/base/sandbox.h"
#include "src/parent/control_server.h"
#include "src/parent/parent.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

/* loop.c: libevent */
struct event_base *__wrap_event_base_new(void);
struct event_base *__wrap_event_base_new_with_config(const struct event_config *config);
int __wrap_event_base_priority_init(struct event_base *base, int n);
void __wrap_event_base_free(struct event_base *base);
int __wrap_event_base_dispatch(struct event_base *base);
int __wrap_event_base_loopbreak(struct event_base *base);
struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
                               event_callback_fn call, void *arg);
void __wrap_event_free(struct event *event);
int __wrap_event_add(struct event *event, const struct timeval *after);
int __wrap_event_del(struct event *event);
int __wrap_event_pending(const struct event *event, short what, struct timeval *tv);
int __wrap_event_priority_set(struct event *event, int priority);
struct evdns_base *__wrap_evdns_base_new(struct event_base *base, int flags);
void __wrap_evdns_base_free(struct evdns_base *dns, int fail_requests);
struct evdns_getaddrinfo_request *__wrap_evdns_getaddrinfo(struct evdns_base *dns, const char *name,
                                                           const char *service,
                                                           const struct evutil_addrinfo *hints,
                                                           evdns_getaddrinfo_cb call, void *arg);
void __wrap_evdns_getaddrinfo_cancel(struct evdns_getaddrinfo_request *request);

/* system.c: clock, processes, interfaces, log */
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __real_clock_gettime(clockid_t id, struct timespec *t);
sighandler_t __wrap_signal(int number, sighandler_t handler);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_usleep(useconds_t us);
bool __wrap_child_start(struct child *c, struct event_base *base, const char *empty_dir,
                        int stderr_fd, const struct ipc_calls *calls, void *owner);
void __wrap_child_kill(struct child *c);
struct ipc *__wrap_ipc_new(struct event_base *base, int fd, enum msg_role self, enum msg_role peer,
                           const struct ipc_calls *calls, void *owner);
struct ipc *__real_ipc_new(struct event_base *base, int fd, enum msg_role self, enum msg_role peer,
                           const struct ipc_calls *calls, void *owner);
struct sandbox_user __wrap_sandbox_user_of(enum msg_role role);
void __wrap_sandbox_limits(void);
bool __wrap_sandbox_enter(enum msg_role role, const char *empty_dir, const char **why);
bool __wrap_run_dir_take(struct run_dir *d, const char *dir, char *error, size_t cap);
void __wrap_run_dir_write_pid(const struct run_dir *d);
void __wrap_run_dir_give(struct run_dir *d);
struct netlink *__wrap_netlink_open(void);
void __wrap_netlink_close(struct netlink *nl);
const char *__wrap_netlink_reason(const struct netlink *nl);
int __wrap_netlink_link_set(struct netlink *nl, uint32_t ifindex, bool up, uint32_t mtu);
int __wrap_netlink_link_mtu(struct netlink *nl, uint32_t ifindex, uint32_t *mtu);
int __wrap_netlink_link_no_autoaddress(struct netlink *nl, uint32_t ifindex);
int __wrap_netlink_address_add(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                               const struct ls_addr *peer, uint8_t bits);
int __wrap_netlink_address_remove(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                                  const struct ls_addr *peer, uint8_t bits);
int __wrap_netlink_route_set(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                             const struct ls_addr *source, uint32_t metric);
int __wrap_netlink_route_remove(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                                uint32_t metric);
int __wrap_netlink_route_get(struct netlink *nl, const struct ls_addr *to, uint32_t *ifindex,
                             uint32_t *mtu);
void __wrap_log_event(const struct ls_event *event, const char *tunnel, ls_time now);
void __wrap_log_tick(ls_time now);
void __wrap_log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* daemon.c: the admin socket */
bool __wrap_control_open(struct parent *p, const char *path, char *error, size_t cap);
void __wrap_control_close(struct parent *p);
void __wrap_control_event(struct parent *p, const struct history_entry *e);
void __wrap_control_line_state(struct parent *p, const struct tunnel *t,
                               const struct msg_line_state *m);
void __wrap_control_answer(struct parent *p, enum msg_role from, const struct msg *m);
void __wrap_control_child_lost(struct parent *p, enum msg_role role);

/* net.c: sockets */
bool __wrap_listen_open(struct listen *l, const struct listen_wish *wish, char *error, size_t cap);
bool __wrap_resolve_source(const struct ls_addr *remote, struct ls_addr *local);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags);
int __wrap_recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *wait);

/* host.c: TUN devices */
bool __wrap_tun_open(struct tun *t, const char *ifname, char *error, size_t cap);

/* invariants.c: eyes and hands inside ESP */
enum ls_cause __wrap_esp_sa_add(struct esp_sad *sad, const struct esp_sa_params *params,
                                ls_time now, struct esp_sa **sa);
enum ls_cause __real_esp_sa_add(struct esp_sad *sad, const struct esp_sa_params *params,
                                ls_time now, struct esp_sa **sa);
void __wrap_esp_sa_end(struct esp_sad *sad, struct esp_sa *sa);
void __real_esp_sa_end(struct esp_sad *sad, struct esp_sa *sa);
size_t __wrap_esp_seal(struct esp_sad *sad, struct esp_seal_job *jobs, size_t n, ls_time now);
size_t __real_esp_seal(struct esp_sad *sad, struct esp_seal_job *jobs, size_t n, ls_time now);
size_t __wrap_esp_open(struct esp_sad *sad, struct esp_open_job *jobs, size_t n, ls_time now);
size_t __real_esp_open(struct esp_sad *sad, struct esp_open_job *jobs, size_t n, ls_time now);
enum ls_cause __wrap_esp_replay_check(const struct esp_replay *r, uint64_t number);
enum ls_cause __real_esp_replay_check(const struct esp_replay *r, uint64_t number);
enum ls_cause __wrap_esp_replay_commit(struct esp_replay *r, uint64_t number);
enum ls_cause __real_esp_replay_commit(struct esp_replay *r, uint64_t number);

#endif
