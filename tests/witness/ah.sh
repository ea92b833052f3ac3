#!/bin/sh
# AH that we seal is opened by scapy, and what scapy seals by us: every INTEG row that it knows, headers with options, AH over ESP. AES-GMAC,
# which it has not, by pycryptodome.
set -u
here=$(dirname "$(readlink -f "$0")")
B=${B:-$here/../../build}
python=/usr/bin/python3 # Debian's, that scapy belongs to
[ -x "$B/witness/ipsec_pipe" ] || { echo "not ok - AH: there is no $B/witness/ipsec_pipe (build it first)"; exit 1; }
$python -c 'import scapy.layers.ipsec, cryptography, Cryptodome' 2> /dev/null || { echo "skip - AH: no python3-scapy or python3-pycryptodome"; exit 0; }
exec $python "$here/ah.py" "$B/witness/ipsec_pipe"
