#!/usr/bin/env bash
# Trains a grid, one trial after the other:
#   grid.sh RUNS gap=0.5,1 lr=0.001,0.003 -- --triplets shop/csv/triplets.csv --val-triplets shop/csv/val_triplets.csv --quiet
# Started again, it goes on where it was stopped. A trial that fails does not end the sweep.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=scripts/sweeps/lib.sh
. "$here/lib.sh"

split "$@" || exit
list=$("$here/trials.sh" "${grid[@]}")
failed=0
while read -r trial; do
	run "$here/trial.sh" "$runs" "$trial" -- "${flags[@]}" </dev/null
	case $code in
	0) ;;
	130 | 143) exit "$code" ;;
	126 | 127)
		echo "grid.sh: there is no program to train with; TRAIN in the environment names it" >&2
		exit "$code"
		;;
	*) failed=$((failed + 1)) ;;
	esac
done <<<"$list"
if [ "$failed" -gt 0 ]; then
	echo "grid.sh: $failed trials failed; what train said is above, and in the log of those that it began" >&2
	exit 1
fi
