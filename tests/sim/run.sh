#!/bin/sh
# The simulator over all its scenarios: tests/sim/run.sh BUILD_DIR SEEDS. SEEDS runs of each scenario; then that a seed repeats, and that
# each check can fail.
set -u
cd "$(dirname "$0")/../.." || exit 1
sim=${1:-build}/sim/sim_test
seeds=${2:-300}
failed=0
[ -x "$sim" ] || { echo "not ok - there is no $sim (build it first)"; exit 1; }

"$sim" --seeds "$seeds" || failed=1
"$sim" --again 2 || failed=1

# With a thing broken on purpose the run must fail, and say what of.
caught() # BREAK SCENARIO WORDS
{
	if said=$("$sim" --scenario "$2" --seed 3 --break "$1" 2>&1); then
		echo "not ok - with '$1' broken the run should fail"
		failed=1
	elif echo "$said" | grep -q "$3"; then
		echo "ok - with '$1' broken the run fails"
	else
		echo "not ok - with '$1' broken the run should fail of: $3"
		echo "$said" | tail -n 5
		failed=1
	fi
}
caught replay twice "twice"
caught sequence calm "twice under one key"
caught plaintext calm "in the clear"
caught stranger calm "neither IKE nor ESP"
caught corrupt calm "changed"
caught memory rekey "ESP SAs (at most"
caught calm calm "not every tunnel is up"
exit $failed
