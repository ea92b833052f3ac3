#!/bin/sh
# Another processor: configure and make for arm64, and the unit tests under qemu-user. Compiler, libraries and emulator are unpacked into a
# directory of their own (900 MB, kept in ~/.cache/l2tpsec), where everything is built and run; the host's packages stay as they are.
set -u
. "$(dirname "$0")/../docs/lib.sh"
suite=bookworm
tools=dash,coreutils,sed,grep,gawk,make,diffutils,findutils,binutils,gcc,libc6-dev,gcc-aarch64-linux-gnu,libc6-dev-arm64-cross,pkgconf,pkg-config,qemu-user-static
libraries=$(sed -n 's/^\(build\|check\) \(lib.*-dev\|check\)$/\2/p' build-aux/packages | grep -vE 'libc6-dev|ipsec-mb|libclang' | sed 's/$/:arm64/' | paste -sd,)
key=$(echo "$suite $tools $libraries" | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/l2tpsec
tree=$cache/arm64-$key

for tool in mmdebstrap unshare chroot; do
	command -v $tool >/dev/null || { echo "skip - arm64: no $tool"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "skip - arm64: only root can change the root directory"; exit 0; }
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "skip - arm64: the compiler is unpacked for amd64 hosts"; exit 0; }

unpack()
{
	mkdir -p "$cache"
	rm -rf "$tree.new"
	# The package source is the one this machine's apt uses.
	set --
	for f in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do [ ! -s "$f" ] || set -- "$@" "$f"; done
	[ $# -gt 0 ] || set -- "deb http://deb.debian.org/debian $suite main"
	mmdebstrap --quiet --architectures=amd64,arm64 --variant=extract --include="$tools,libc6:arm64,$libraries" \
		--dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-exclude='/usr/share/man/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
		"$suite" "$tree.new" "$@" || return 1
	# What no maintainer script has made.
	ln -sf gawk "$tree.new/usr/bin/awk"
	mv "$tree.new" "$tree"
}
mkdir -p "$cache"
exec 9>"$cache/arm64.lock"
flock 9
if [ ! -d "$tree" ] && ! unpack >"$dir/said" 2>&1; then
	echo "skip - arm64: compiler and libraries cannot be fetched: $(tail -n 1 "$dir/said")"
	rm -rf "$tree.new"
	exit 0
fi

# inside COMMAND: in the tree, at the copy of the sources; mounts end with it
inside() { unshare -m chroot "$tree" /bin/sh -c "mount -t proc proc /proc 2>/dev/null; cd /src && $1"; }
copy()
{
	rm -rf "$tree/src" && mkdir "$tree/src" || return 1
	tar -cf - --exclude=./build --exclude='./build-[a-z]*' --exclude=./.git . | tar -xf - -C "$tree/src" || return 1
	mkdir -p "$tree/src/build-aux"
	tar -cf - build-aux | tar -xf - -C "$tree/src"
	rm -f "$tree/src/config.mk"
}
is_arm() { inside "aarch64-linux-gnu-readelf -h build/$1" | grep -q AArch64; }

say "a copy of the sources" copy
say "configure --host=aarch64-linux-gnu" inside "./configure --host=aarch64-linux-gnu"
# Those that want the host's own kernel, a real clock's pace or another program are left to it, and those that turn each bit of each message
# (whole files here, single tests by their tag of tests/unit/run.h): ten minutes for what no processor does differently.
units=$(for room in lib esp ike l2tp ppp; do
	for test in tests/unit/$room/*_test.c; do
		case $test in *_flip_test.c) continue ;; esac
		test=${test#tests/}
		echo "${test%.c}"
	done
done)
say "it builds, and so do its tests" inside "nice make -s -j$(nproc) all $(echo "$units" | sed 's|^|build/|' | tr '\n' ' ')"
[ $failed = 0 ] || exit 1
say "l2tpsecd is an arm64 program" is_arm l2tpsecd
say "l2tpsecctl is an arm64 program" is_arm l2tpsecctl
says() { inside "qemu-aarch64-static build/$1 --version" | grep -q "^$1 "; }
say "l2tpsecd runs under qemu" says l2tpsecd
say "l2tpsecctl runs under qemu" says l2tpsecctl
for unit in $units; do
	began=$(date +%s)
	say "${unit#unit/}" inside "CK_EXCLUDE_TAGS=bits CK_TIMEOUT_MULTIPLIER=100 qemu-aarch64-static build/$unit"
	took=$(($(date +%s) - began))
	[ $took -lt 20 ] || echo "${unit#unit/} took $took s"
done
[ $failed = 0 ]
