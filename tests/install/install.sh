#!/bin/sh
# make install puts each file where it belongs, with the right rights; what is installed runs; make uninstall takes all of it away.
set -u
. "$(dirname "$0")/../docs/lib.sh"
make_it() { make -s B="$build" prefix=/usr DESTDIR="$dir/root" "$@"; }
root=$dir/root

# A umask that would hide everything must not matter.
say "make install" sh -c "umask 077 && make -s B='$build' prefix=/usr DESTDIR='$root' install"
{
	cat <<-END
		755 /usr/sbin/l2tpsecd
		755 /usr/sbin/l2tpsecctl
		644 /usr/share/man/man8/l2tpsecd.8
		644 /usr/share/man/man8/l2tpsecctl.8
		644 /usr/share/man/man5/l2tpsecd.conf.5
		644 /usr/lib/systemd/system/l2tpsecd.service
		644 /usr/lib/sysusers.d/l2tpsec.conf
		644 /usr/share/bash-completion/completions/l2tpsecctl
		644 /usr/share/doc/l2tpsec/README.md
		644 /usr/share/doc/l2tpsec/ERRORS.md
	END
	for example in examples/*.conf; do
		[ ! -f "$example" ] || echo "644 /usr/share/doc/l2tpsec/$example"
	done
	for example in examples/*.secrets; do
		[ ! -f "$example" ] || echo "600 /usr/share/doc/l2tpsec/$example"
	done
} | sort >"$dir/wanted"
find "$root" -type f -printf '%m /%P\n' | sort >"$dir/found"
say "each file where it belongs, with its rights, and no other" diff -u "$dir/wanted" "$dir/found"
mode_of() { [ "$(stat -c %a "$1")" = "$2" ]; }
say "the configuration's directory is closed to others" mode_of "$root/etc/l2tpsec" 750
find "$root/usr" -type d ! -perm 755 >"$dir/closed"
say "all other directories are open" [ ! -s "$dir/closed" ]
say "no path is left to fill in" sh -c "! grep -rn '@[a-z]*@' '$root' --include='*.[58]' --include='*.service'"
say "the unit starts what is installed" grep -q '^ExecStart=/usr/sbin/l2tpsecd -F -f /etc/l2tpsec/l2tpsecd.conf$' \
	"$root/usr/lib/systemd/system/l2tpsecd.service"

# -- what is installed runs --
version=$(sed -n 's/^AC_INIT(\[l2tpsec\], \[\(.*\)\])$/\1/p' configure.ac)
says() { [ "$("$root/usr/sbin/$1" --version)" = "$1 $version" ]; }
say "l2tpsecd --version" says l2tpsecd
say "l2tpsecctl --version" says l2tpsecctl
say "l2tpsecd names the configuration that it was built for" sh -c "'$root/usr/sbin/l2tpsecd' --help | grep -q '(/etc/l2tpsec/l2tpsecd.conf)'"
found=0
for example in "$root"/usr/share/doc/l2tpsec/examples/*.conf; do
	name=${example##*/}
	case $name in *secrets* | '*.conf') continue ;; esac
	found=1
	{
		echo 'psks: ( { secret = "a key for the test" } ); users: ('
		sed -n 's/^[^#]*user *= *"\([^"]*\)".*/\1/p' "$example" | sort -u | sed 's/.*/{ name = "&"; password = "a word" }/; $!s/$/,/'
		echo ');'
	} >"$dir/secrets"
	chmod 600 "$dir/secrets"
	if grep -q '^[^#]*secrets *=' "$example"; then
		sed "s|secrets *= *\"[^\"]*\"|secrets = \"$dir/secrets\"|" "$example" >"$dir/$name"
	else
		sed "s|gateway: *{|& secrets = \"$dir/secrets\";|" "$example" >"$dir/$name"
	fi
	say "the installed l2tpsecd accepts the installed $name" "$root/usr/sbin/l2tpsecd" --check -f "$dir/$name"
done
[ $found = 1 ] || echo "skip - the installed examples: there are none in examples/"

# -- the unit and the users --
if command -v systemd-analyze >/dev/null; then
	# It looks for the programs and the other units at their places: this one is given ours.
	sed "s|/usr/sbin/|$root/usr/sbin/|" "$root/usr/lib/systemd/system/l2tpsecd.service" >"$dir/l2tpsecd.service"
	verify()
	{
		systemd-analyze verify --man=no --recursive-errors=no "$1" >"$dir/verify" 2>&1
		status=$?
		cat "$dir/verify"
		[ $status = 0 ] && [ ! -s "$dir/verify" ]
	}
	say "systemd-analyze verify l2tpsecd.service" verify "$dir/l2tpsecd.service"
	sed 's/^Restart=/Restrat=/' "$dir/l2tpsecd.service" >"$dir/spoilt.service"
	say "and it would find a mistake" sh -c "systemd-analyze verify --man=no --recursive-errors=no '$dir/spoilt.service' 2>&1 | grep -q Restrat"
else
	echo "skip - systemd-analyze verify: it is not here (apt-get install systemd)"
fi
sed -n 's/^	{MSG_ROLE_[A-Z]*, "\([a-z0-9-]*\)".*/\1/p' src/base/sandbox.c | sort >"$dir/users.code"
sed -n 's/^u  *\([a-z0-9-]*\) .*/\1/p' "$root/usr/lib/sysusers.d/l2tpsec.conf" | sort >"$dir/users.file"
say "the users of the processes" diff -u "$dir/users.code" "$dir/users.file"
say "there are three of them" [ "$(wc -l <"$dir/users.code")" = 3 ]
if command -v systemd-sysusers >/dev/null; then
	mkdir -p "$root/etc" "$dir/made/etc" "$dir/made/usr/lib/sysusers.d"
	cp "$root/usr/lib/sysusers.d/l2tpsec.conf" "$dir/made/usr/lib/sysusers.d/"
	made()
	{
		systemd-sysusers --root="$dir/made" && while read -r user; do
			grep -q "^$user:[^:]*:[1-9][0-9]*:[1-9][0-9]*:.*:/nonexistent:.*nologin$" "$dir/made/etc/passwd" || { echo "no $user"; return 1; }
		done <"$dir/users.code"
	}
	say "systemd-sysusers makes them, without a shell" made
else
	echo "skip - systemd-sysusers: it is not here (apt-get install systemd)"
fi

# -- and away again --
say "make uninstall" make_it uninstall
{ find "$root" -type f -printf '%P\n'; find "$root" -printf '%P\n' | grep l2tpsec; } >"$dir/left"
say "nothing is left" diff /dev/null "$dir/left"
make_it install >/dev/null && echo "# mine" >"$root/etc/l2tpsec/l2tpsecd.conf"
make_it install >/dev/null
say "a second install leaves the configuration alone" grep -q '^# mine$' "$root/etc/l2tpsec/l2tpsecd.conf"
make_it uninstall >"$dir/uninstall"
say "uninstall leaves the configuration, and says so" sh -c "[ -f '$root/etc/l2tpsec/l2tpsecd.conf' ] && grep -q 'etc/l2tpsec stays' '$dir/uninstall'"
[ $failed = 0 ]
