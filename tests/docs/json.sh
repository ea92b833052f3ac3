#!/bin/sh
# l2tpsecctl(8) has each type and field that a running daemon says, and names none that the code does not know. Two daemons, a tunnel.
# shellcheck disable=SC1091,SC2086,SC2154
set -u
. "$(dirname "$0")/../net/topology.sh"
cd "$net_root" || exit 1
a() { ctl_a --json "$@"; }
seen=$dir/objects

topo_up 4 1 1500
conf_a on-demand
conf_b
start_b
start_a
say "both start" wait_for 10 ready
a trace >"$dir/trace" 2>>"$dir/errors" &
pid_trace=$!
{
	a up hq
	a status
	a status hq
	a events hq
	a why hq
	a counters
	a config
	a version
	a keys
	a doctor
	a pki ca --dir "$dir/pki"
	a pki issue hq.example --dir "$dir/pki"
	a pki revoke hq.example --dir "$dir/pki"
	a pki show --dir "$dir/pki"
	a pki show hq.example --dir "$dir/pki"
	a down hq
	a no-such-command
	# what fails, for the fields of a failure
	sed -i 's/a shared key of both/another key/' "$dir/secrets"
	a reload
	a up hq
	a status
	a why hq
	echo 'oops' >>"$dir/a.conf"
	a reload
} >"$seen" 2>"$dir/errors"
kill $pid_trace
cat "$dir/trace" >>"$seen"
say "objects were said" [ "$(wc -l <"$seen")" -gt 80 ]

# TYPE FIELD, of each object and of those within it
python3 - "$seen" >"$dir/said.fields" <<'END'
import json, sys
within = {"ike_sas": "ike_sas", "esp_sas": "esp_sas"}
pairs = set()
def take(kind, o):
    for key, value in o.items():
        if key == "type":
            continue
        pairs.add((kind, key))
        if isinstance(value, dict):
            for inner in value:
                pairs.add((kind, inner))
        if isinstance(value, list):
            for entry in value:
                if isinstance(entry, dict):
                    take(within.get(key, entry.get("type", kind)), entry)
for line in open(sys.argv[1]):
    o = json.loads(line)
    take(o["type"], o)
for pair in sorted(pairs):
    print(*pair)
END
# the same from the page: words of each entry; what stands in parentheses explains, but for the fields of objects within
sed -n '/^\.\\" objects/,/^\.\\" end of objects/p' man/l2tpsecctl.8 >"$dir/page"
python3 - "$dir/page" >"$dir/page.words" <<'END'
import re, sys
kind = None
for line in open(sys.argv[1]):
    if line.startswith(".It "):
        kind = line.split()[1]
    elif not line.startswith("."):
        for word in re.findall(r"[a-z][a-z0-9_]*", line):
            print(kind, word)
END
sort -u -o "$dir/page.words" "$dir/page.words"
sort -u -o "$dir/said.fields" "$dir/said.fields"
comm -23 "$dir/said.fields" "$dir/page.words" >"$dir/missing"
none() { [ ! -s "$1" ] || { cat "$1"; return 1; }; }
say "every type and field of the daemon is in l2tpsecctl(8)" none "$dir/missing"
for kind in daemon tunnel ike_sas esp_sas event progress trace why counter setting key version message finding ca certificate end; do
	grep -q "^$kind " "$dir/said.fields" || echo "$kind was not seen"
	grep -q "^\.It $kind\$" "$dir/page" || echo "$kind is not in the page"
done >"$dir/missing"
say "all types were seen" none "$dir/missing"
# A field of the page, up to its comma, is one that the code writes.
python3 - "$dir/page" src/parent/control_json.c src/parent/control_command.c src/parent/control_server.c src/ctl/ctl_doctor.c src/ctl/ctl_pki_show.c >"$dir/missing" <<'END'
import re, sys
code = "".join(open(f).read() for f in sys.argv[2:])
text = " ".join(line.strip() for line in open(sys.argv[1]) if not line.startswith("."))
text = re.sub(r"\([^()]*\)", "", text)
for field in set(re.findall(r"\b[a-z0-9]+_[a-z0-9_]+\b", text)):
    if '"%s"' % field not in code:
        print(field)
END
say "no field is documented that the code does not know" none "$dir/missing"
say "both end in good order" stop_both
[ $failed = 0 ]
