# shellcheck shell=bash
# shellcheck disable=SC2034 # what the functions set is read by those who source this
# What the scripts share; they source it.

# split RUNS GRID... -- FLAGS... sets runs, grid and flags.
split() {
	local usage="usage: ${0##*/} RUNS KEY=VALUE,VALUE ... -- FLAGS OF TRAIN"
	runs=${1-} grid=() flags=()
	case $runs in
	-h | --help)
		echo "$usage"
		sed -n '2,/^[^#]/s/^# //p' "$0"
		exit
		;;
	'' | -* | *=*)
		echo "$usage" >&2
		return 2
		;;
	esac
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		grid+=("$1")
		shift
	done
	if [ $# -lt 2 ]; then
		echo "$usage" >&2
		return 2
	fi
	shift
	flags=("$@")
}

# run COMMAND... runs it, hands on the signals that stop a run, and sets code to its exit code.
# SIGINT goes on as SIGTERM: a terminal has sent it to train already, and a second one would not let it save.
run() {
	local caught child
	"$@" &
	child=$!
	trap 'caught=1; kill -TERM "$child" 2>/dev/null || true' INT TERM
	trap 'caught=1; kill -USR1 "$child" 2>/dev/null || true' USR1
	while :; do
		caught=
		code=0
		wait "$child" || code=$?
		# A signal ends the wait, not the command.
		if [ -z "$caught" ] || ! kill -0 "$child" 2>/dev/null; then break; fi
	done
	if [ -n "$caught" ]; then # it ended as the signal came
		code=0
		wait "$child" || code=$?
	fi
	trap - INT TERM USR1
}
