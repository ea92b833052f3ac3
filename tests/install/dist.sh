#!/bin/sh
# make dist: the tarball has what is committed and configure, and builds by itself.
set -u
. "$(dirname "$0")/../docs/lib.sh"
if [ ! -e .git ] || ! command -v git >/dev/null; then
	echo "skip - make dist: it packs what git has, and this is no git checkout (or git is missing)"
	exit 0
fi
version=$(sed -n 's/^AC_INIT(\[l2tpsec\], \[\(.*\)\])$/\1/p' configure.ac)
name=l2tpsec-$version

# Into a directory of its own, so that nothing of this checkout changes.
say "make dist" make -s B="$build" DISTDIR="$dir" dist
say "the tarball unpacks" tar -C "$dir" -xzf "$dir/$name.tar.gz"
# what is staged only is not in the archive
git -c safe.directory="$PWD" ls-tree -r --name-only HEAD | sort >"$dir/committed"
echo configure >>"$dir/committed"
sort -u -o "$dir/committed" "$dir/committed"
(cd "$dir/$name" && find . \( -type f -o -type l \) -printf '%P\n' | sort -u) >"$dir/packed"
say "it has all that is committed, configure, and nothing else" diff "$dir/committed" "$dir/packed"
tar -tvzf "$dir/$name.tar.gz" | awk '$2 != "root/root" && $2 != "0/0"' >"$dir/owners"
say "nobody's name is in it" diff /dev/null "$dir/owners"
say "configure runs in it" sh -c "cd '$dir/$name' && ./configure --prefix=/usr"
say "it builds" make -s -C "$dir/$name" -j"$(nproc)"
says() { [ "$("$dir/$name/build/$1" --version)" = "$1 $version" ]; }
say "l2tpsecd of it runs" says l2tpsecd
say "l2tpsecctl of it runs" says l2tpsecctl
say "make install of it" make -s -C "$dir/$name" DESTDIR="$dir/root" install
say "and it is there" test -x "$dir/root/usr/sbin/l2tpsecd"
[ $failed = 0 ]
