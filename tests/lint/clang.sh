#!/bin/sh
# Everything is built by clang too, without a warning.
cd "$(dirname "$0")/../.." || exit 1
. build-aux/setup.sh
# Its warnings do not depend on what it optimises.
CC=clang CFLAGS=-O0
export CC CFLAGS
if build build-clang tests; then
	echo "ok - clang builds all without a warning"
else
	echo "not ok - clang builds all without a warning"
	exit 1
fi
