/* The sandbox of the child processes: own user, empty root directory, no capabilities, a list of
 * allowed system calls. */
#include "src/base/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/base/sandbox_calls.h"

enum { FILES_MAX = 65536 };

/* Users that the package makes; the numbers stand in where it was not installed, one a role, so
 * that roles cannot touch each other. */
static const struct {
	enum msg_role role;
	const char *name;
	uid_t stand_in;
} users[] = {
	{MSG_ROLE_KEYS, "l2tpsec-keys", 64711},
	{MSG_ROLE_IKE, "l2tpsec-ike", 64712},
	{MSG_ROLE_GATEWAY, "l2tpsec-gw", 64713},
};

struct sandbox_user sandbox_user_of(enum msg_role role)
{
	struct sandbox_user u = {.uid = 64710, .gid = 64710, .name = "nobody"};

	for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
		const struct passwd *pw;

		if (users[i].role != role)
			continue;
		u.name = users[i].name;
		u.uid = users[i].stand_in;
		u.gid = users[i].stand_in;
		pw = getpwnam(users[i].name);
		if (pw && pw->pw_uid != 0) {
			u.uid = pw->pw_uid;
			u.gid = pw->pw_gid;
			u.named = true;
		}
	}
	return u;
}

void sandbox_limits(void)
{
	struct rlimit files = {.rlim_cur = FILES_MAX, .rlim_max = FILES_MAX};
	struct rlimit memory = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_MEMLOCK, &memory);
}

/* Keys must not reach a disk by a core dump, nor another process of this user by ptrace. */
static bool no_dumps(void)
{
	struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return false;
	return SANDBOX_SANITIZED || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool drop_root(enum msg_role role, const char *empty_dir, const char **why)
{
	struct sandbox_user u = sandbox_user_of(role);

	*why = "cannot change to the empty root directory";
	if (chroot(empty_dir) < 0 || chdir("/") < 0)
		return false;
	*why = "cannot empty the capability bounding set";
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return false;
	*why = "cannot change to the role's own user";
	if (setgroups(0, NULL) < 0 || setresgid(u.gid, u.gid, u.gid) < 0 ||
	    setresuid(u.uid, u.uid, u.uid) < 0)
		return false;
	*why = "cannot drop the capabilities";
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return false;
	/* Root must be out of reach now; if it is not, nothing above worked. */
	*why = "could become root again";
	return setuid(0) < 0 && errno == EPERM;
}

bool sandbox_enter(enum msg_role role, const char *empty_dir, const char **why)
{
	if (geteuid() == 0 && !drop_root(role, empty_dir, why))
		return false;
	/* After the change of user, which clears it. */
	*why = "cannot tie its life to the parent's";
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return false;
	*why = "cannot forbid core dumps";
	if (!no_dumps())
		return false;
	*why = "cannot forbid new privileges";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	*why = "cannot set the filter of system calls";
	return sandbox_calls_limit(role);
}
