# shellcheck shell=sh
# shellcheck disable=SC3013
# Sourced by ./demo, ./check and bench/run.sh, from the top of the checkout: Debian packages, configure, make. POSIX sh.

# The packages of build-aux/packages for these purposes.
packages_for()
{
	for purpose; do
		sed -n "s/^$purpose //p" build-aux/packages
	done | sort -u
}

packages_missing()
{
	for p in $(packages_for "$@"); do
		case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
		"install ok installed") ;;
		*) echo "$p" ;;
		esac
	done
}

# install_packages PURPOSE...: what is not there yet; nothing is asked of the network when all are. Says what it does; ends the
# caller where it cannot.
install_packages()
{
	command -v dpkg-query >/dev/null || {
		echo "This is no Debian: install by hand what build-aux/packages names, then run ./configure && make." >&2
		exit 1
	}
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || {
		echo "These Debian packages are missing, and only root can install them:" >&2
		echo "  apt-get install $missing" >&2
		exit 1
	}
	echo "Installing Debian packages: $missing"
	setup_log=$(mktemp)
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	# The lists may be old or absent; they are fetched only if the first try fails.
	# shellcheck disable=SC2086
	apt-get install -y -q --no-install-recommends $missing >"$setup_log" 2>&1 ||
		{ apt-get update -q >"$setup_log" 2>&1 && apt-get install -y -q --no-install-recommends $missing >>"$setup_log" 2>&1; } || {
		tail -n 20 "$setup_log" >&2
		echo "apt-get could not install them: is a package mirror reachable, and is this Debian 12?" >&2
		rm -f "$setup_log"
		exit 1
	}
	rm -f "$setup_log"
}

# build DIRECTORY TARGET [CONFIGURE-ARGUMENT]...: configured if it is not yet or configure.ac is newer; CC as in the environment.
build()
{
	build_dir=$1 build_target=$2
	shift 2
	build_log=$build_dir.log
	mkdir -p "$build_dir"
	if [ ! -f configure ] || [ configure.ac -nt configure ]; then
		autoconf >"$build_log" 2>&1 || { cat "$build_log" >&2; echo "autoconf failed" >&2; return 1; }
	fi
	build_config=$build_dir/config.mk build_run=../configure
	[ "$build_dir" != build ] || build_config=config.mk
	if [ ! -f "$build_config" ] || [ configure -nt "$build_config" ] || [ config.mk.in -nt "$build_config" ]; then
		if [ "$build_dir" = build ]; then
			./configure "$@" >"$build_log" 2>&1
		else
			(cd "$build_dir" && $build_run "$@") >"$build_log" 2>&1
		fi || { tail -n 20 "$build_log" >&2; echo "configure failed; all it said is in $build_log" >&2; return 1; }
	fi
	make -j"$(nproc)" B="$build_dir" "$build_target" >"$build_log" 2>&1 || {
		grep -E -A3 'error|Error|warning' "$build_log" | head -n 40 >&2
		echo "the build failed; all it said is in $build_log" >&2
		return 1
	}
	rm -f "$build_log"
}
