# Completion of l2tpsecctl(8) for bash: commands, options, and the names of the running daemon's tunnels.

_l2tpsecctl_tunnels()
{
	local run_dir=$1
	l2tpsecctl --json ${run_dir:+--run-dir "$run_dir"} status 2>/dev/null |
		sed -n 's/^{"type":"tunnel","name":"\([^"]*\)".*/\1/p'
}

_l2tpsecctl()
{
	local commands="status up down why reload counters events trace config keys version doctor"
	local options="--json --follow --all --no-wait --verbose --run-dir --version --help -f -a -v -h"
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local i word command="" tunnel="" run_dir=""

	COMPREPLY=()
	if [[ $previous == --run-dir ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--run-dir) run_dir=${COMP_WORDS[++i]} ;;
		-*) ;;
		*) if [[ -z $command ]]; then command=$word; else tunnel=$word; fi ;;
		esac
	done
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
	elif [[ -z $tunnel ]]; then
		case $command in
		status | up | down | why | events | trace)
			mapfile -t COMPREPLY < <(compgen -W "$(_l2tpsecctl_tunnels "$run_dir")" -- "$current")
			;;
		esac
	fi
}

complete -F _l2tpsecctl l2tpsecctl
