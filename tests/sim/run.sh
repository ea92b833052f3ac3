#!/bin/sh
# The simulator: tests/sim/run.sh BUILD_DIR SEEDS. SEEDS runs of all faults together and a sixth of them of each single scenario; then that
# a seed repeats, and that each check can fail.
set -u
cd "$(dirname "$0")/../.." || exit 1
sim=${1:-build}/sim/sim_test
seeds=${2:-300}
failed=0
[ -x "$sim" ] || { echo "not ok - there is no $sim (build it first)"; exit 1; }

for scenario in $("$sim" --list | cut -f1); do
	n=$(((seeds + 5) / 6))
	[ "$scenario" = everything ] && n=$seeds
	"$sim" --scenario "$scenario" --seeds "$n" || failed=1
done
"$sim" --again 2 || failed=1

# With a thing broken on purpose the run must fail, and say what of; and its last line repeats it.
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
caught path path "takes the path for one of"
caught ppk calm "without: both ends have one"

said=$("$sim" --scenario everything --seed 3 --break sequence)
command=$(echo "$said" | sed -n 's/^# to repeat it: //p')
if [ -n "$command" ] && again=$(sh -c "$command" | grep '^# everything'); [ "$again" = "$(echo "$said" | grep '^# everything')" ]; then
	echo "ok - a failing seed prints the command that repeats it"
else
	echo "not ok - a failing seed prints the command that repeats it: $command"
	failed=1
fi
if "$sim" --again 1 --break time >/dev/null; then
	echo "not ok - runs that look at the real clock should have other traces each time"
	failed=1
else
	echo "ok - a run that looks at the real clock is found out"
fi
exit $failed
