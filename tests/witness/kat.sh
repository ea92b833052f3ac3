#!/bin/sh
# The known answers of the self-test are those of libraries that the packet path does not use.
set -u
. "$(dirname "$0")/../docs/lib.sh"
python=/usr/bin/python3 # Debian's
$python -c 'import Cryptodome.Cipher.AES, cryptography' 2>/dev/null || { echo "skip - kat: no python3-pycryptodome"; exit 0; }
say "pycryptodome gives an answer for each row" sh -c "$python tests/witness/kat.py lib/algo.def >'$dir/kat.def'"
say "they are those of esp/esp_kat.def" same esp/esp_kat.def "$dir/kat.def"
[ $failed = 0 ]
