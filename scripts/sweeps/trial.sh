#!/usr/bin/env bash
# Trains one trial of a sweep:
#   trial.sh RUNS 'gap=0.5 lr=0.001' -- FLAGS OF TRAIN
# The run is in RUNS/gap=0.5,lr=0.001. When it is done, train's last line is in result.json there, and the trial is not
# trained again; a run that was stopped goes on. Prints the folder's name, the exit code and train's last line, with tabs
# between them, and leaves with train's exit code. TRAIN names the program; default: train.
set -euo pipefail
# shellcheck source=scripts/sweeps/lib.sh
. "$(dirname "$0")/lib.sh"

[ "${2-}" != -- ] || set -- # no trial
split "$@" || exit
read -ra settings <<<"${grid[*]}"
name=${settings[*]}
name=${name// /,}
name=${name//\//_}
folder=$runs/$name

if [ -e "$folder/result.json" ]; then
	printf '%s\t0\t%s\n' "$name" "$(cat "$folder/result.json")"
	exit
fi
mkdir -p "$folder"
last=$(mktemp "$folder/.result.XXXXXX")
sets=()
for setting in "${settings[@]}"; do sets+=(--set "$setting"); done
run "${TRAIN:-train}" "${flags[@]}" "${sets[@]}" --out "$folder" --resume auto >"$last"
line=$(tail -n 1 "$last")
if [ "$code" -eq 0 ]; then
	printf '%s\n' "$line" >"$last"
	mv "$last" "$folder/result.json"
else
	rm -f "$last"
fi
printf '%s\t%s\t%s\n' "$name" "$code" "$line"
exit "$code"
