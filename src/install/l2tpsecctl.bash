# Completion of l2tpsecctl(8) for bash: commands, options, and the names of the running daemon's tunnels.

_l2tpsecctl_tunnels()
{
	local run_dir=$1
	l2tpsecctl --json ${run_dir:+--run-dir "$run_dir"} status 2>/dev/null |
		sed -n 's/^{"type":"tunnel","name":"\([^"]*\)".*/\1/p'
}

_l2tpsecctl_certificates()
{
	local dir=$1
	l2tpsecctl --json pki show ${dir:+--dir "$dir"} 2>/dev/null |
		sed -n 's/^{"type":"certificate","name":"\([^"]*\)".*/\1/p' | sort -u
}

# What comes after "pki".
_l2tpsecctl_pki()
{
	local pki_actions="ca issue renew revoke crl show"
	local pki_options="--dir --name --days --key-type --san --new-key --reason --passphrase-file --json --help -h"
	local first=$1 current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local i word action="" name="" dir="" offer=""

	case $previous in
	--dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
	--passphrase-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
	--key-type) offer="p256 p384 p521 ed25519 ed448 rsa" ;;
	--reason) offer="unspecified keyCompromise affiliationChanged superseded cessationOfOperation" ;;
	--name | --days | --san) return ;;
	esac
	if [[ -n $offer ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$current")
		return
	fi
	for ((i = first; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--dir) dir=${COMP_WORDS[++i]} ;;
		--name | --days | --key-type | --san | --reason | --passphrase-file) i=$((i + 1)) ;;
		-*) ;;
		*) if [[ -z $action ]]; then action=$word; else name=$word; fi ;;
		esac
	done
	if [[ $current == -* ]]; then
		offer=$pki_options
	elif [[ -z $action ]]; then
		offer=$pki_actions
	elif [[ -z $name && ( $action == renew || $action == revoke || $action == show ) ]]; then
		offer=$(_l2tpsecctl_certificates "$dir")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$current")
}

_l2tpsecctl()
{
	local commands="status up down why redirect reload counters events trace config keys version doctor pki"
	local options="--json --follow --all --no-wait --verbose --pcap --run-dir --version --help -f -a -v -h"
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local i word command="" tunnel="" run_dir="" after=0

	COMPREPLY=()
	if [[ $previous == --run-dir ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
	fi
	if [[ $previous == --pcap ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--pcap) ((i++)) ;;
		--run-dir) run_dir=${COMP_WORDS[++i]} ;;
		-*) ;;
		*) if [[ -z $command ]]; then command=$word after=$((i + 1)); else tunnel=$word; fi ;;
		esac
	done
	if [[ $command == pki ]]; then
		_l2tpsecctl_pki "$after"
	elif [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
	elif [[ -z $tunnel ]]; then
		case $command in
		status | up | down | why | events | trace | keys)
			mapfile -t COMPREPLY < <(compgen -W "$(_l2tpsecctl_tunnels "$run_dir")" -- "$current")
			;;
		esac
	fi
}

complete -F _l2tpsecctl l2tpsecctl
