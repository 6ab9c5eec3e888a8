#!/usr/bin/env bash
#SBATCH --job-name=sweep
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=USR1@120
# Trains a grid on a cluster, each trial a task of a Slurm array. Called by hand it submits itself:
#   SBATCH_FLAGS='--time=4:00:00 --cpus-per-task=16' slurm.sh RUNS gap=0.5,1 lr=0.001,0.003 -- --triplets shop/csv/triplets.csv ...
# Two minutes before a task's time is over Slurm sends SIGUSR1: train saves and leaves, the task queues again and goes on
# there. Submitted again, it trains what is missing. RUNS and the data must be on a disk that all nodes see.
set -euo pipefail

# Slurm runs a copy of this file from elsewhere: the submission says where the others are.
here=${SWEEPS:-$(cd "$(dirname "$0")" && pwd)}
# shellcheck source=scripts/sweeps/lib.sh
. "$here/lib.sh"

split "$@" || exit
list=$("$here/trials.sh" "${grid[@]}")
if [ -z "${SLURM_ARRAY_TASK_ID-}" ]; then
	read -ra more <<<"${SBATCH_FLAGS-}"
	mkdir -p "$runs"
	SWEEPS=$here exec sbatch --array="1-$(wc -l <<<"$list")" --output="$runs/slurm-%A-%a.txt" "${more[@]}" "$0" "$@"
fi

trial=$(sed -n "${SLURM_ARRAY_TASK_ID}p" <<<"$list")
# --signal reaches what srun starts, not this script.
code=0
line=$(srun ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"} "$here/trial.sh" "$runs" "$trial" -- "${flags[@]}") || code=$?
printf '%s\n' "$line"
case $code in
130 | 143)
	# Only what SIGUSR1 stopped queues again: scancel sends SIGTERM, and means it.
	[[ $line != *'user defined signal 1'* ]] || scontrol requeue "$SLURM_JOB_ID"
	;;
esac
exit "$code"
