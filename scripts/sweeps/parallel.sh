#!/usr/bin/env bash
# Trains a grid with GNU parallel, JOBS trials at a time (default 2):
#   JOBS=4 parallel.sh RUNS gap=0.5,1 lr=0.001,0.003 -- --triplets shop/csv/triplets.csv --val-triplets shop/csv/val_triplets.csv --quiet
# Started again, it goes on with the trials that failed or were stopped. The CPUs are shared out among the trials, unless the
# flags have --threads. PARALLEL_FLAGS go to GNU parallel: PARALLEL_FLAGS='--sshloginfile hosts --workdir .' uses other machines.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/sweeps/lib.sh
. "$here/lib.sh"

split "$@" || exit
if ! command -v parallel >/dev/null; then
	echo "parallel.sh: GNU parallel is not installed; grid.sh trains the same trials one after the other" >&2
	exit 2
fi
list=$("$here/trials.sh" "${grid[@]}")
jobs=${JOBS:-2}
case " ${flags[*]} " in
*' --threads'* | *' threads='*) ;;
*) flags+=(--threads "$(((n = $(nproc) / jobs) > 0 ? n : 1))") ;;
esac
read -ra more <<<"${PARALLEL_FLAGS-}"
mkdir -p "$runs"
# The log counts lines, so each grid has one of its own. A trial that is told to stop has a minute to save.
log=$runs/joblog-$(cksum <<<"$list" | cut -d ' ' -f 1).tsv
code=0
parallel --will-cite --quote --jobs "$jobs" --joblog "$log" --resume-failed --line-buffer --termseq TERM,60000,KILL,100 \
	"${more[@]}" "$here/trial.sh" "$runs" {} -- "${flags[@]}" <<<"$list" || code=$?
exit "$code"
