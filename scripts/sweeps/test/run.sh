#!/usr/bin/env bash
# shellcheck disable=SC2015,SC2054 # fail ends the script; lists of values have commas
# Runs the sweeps in a small form on the demo's pictures, and wants every trial to end as it does in one go:
#   run.sh BIN [PYTHON]
# BIN holds train and triplets; PYTHON has Optuna. Slurm is played by test/stubs; what is not installed is skipped and named.
set -euo pipefail
bin=$(cd "$1" && pwd) python=${2:+$(realpath -s "$2")}
test=$(cd "$(dirname "$0")" && pwd)
sweeps=$test/..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TRAIN=$bin/train
exec 3>&2 # for fail, wherever stderr goes by then

fail() {
	echo "FAILED: $*" >&3
	exit 1
}
# same FOLDER: the runs there ended with the losses of grid/.
same() {
	[ "$(cd "$1" && echo */result.json)" = "$(cd grid && echo */result.json)" ] || fail "$1 holds other trials than grid: $(ls "$1")"
	for result in grid/*/result.json; do
		[ "$(loss "$result")" = "$(loss "$1/${result#grid/}")" ] || fail "$1/${result#grid/}: another loss than $result"
	done
}
loss() { sed 's/.*"step":\([0-9]*\).*"loss":\([^,]*\).*/\1 \2/' "$1"; }
# once SIGNAL RUNS COMMAND...: sends the signal to the command when the first run in RUNS has written three steps.
once() {
	local signal=$1 runs=$2 child code=0
	shift 2
	"$@" &
	child=$!
	until [ "$(cat "$runs"/*/metrics.jsonl 2>/dev/null | wc -l)" -ge 3 ]; do
		kill -0 "$child" 2>/dev/null || fail "it ended before the signal: $*"
		sleep 0.02
	done
	kill -s "$signal" "$child"
	wait "$child" || code=$?
	return "$code"
}
lines() { cat "$@" | wc -l; }

"$bin/triplets" demo --quiet --products 20 --views 2 --size 32 --triplets 64 --val-triplets 20 shop >/dev/null
flags=(--triplets shop/csv/triplets.csv --val-triplets shop/csv/val_triplets.csv --size 32 --width 0.05 --fc-dim 16 --embed-dim 8
	--batch 8 --steps 120 --eval-every 40 --cache none --quiet)
grid=(gap=0.5,1 lr=0.001,0.003)

echo "== trials.sh"
diff <("$sweeps/trials.sh" gap=0.5,1 'augment=none flip,shift') - <<-'END' || fail "other trials"
	gap=0.5 augment=none
	gap=0.5 augment=flip,shift
	gap=1 augment=none
	gap=1 augment=flip,shift
END
"$sweeps/trials.sh" gap 2>message && fail "a key without values was taken"
grep -q 'is no list' message || fail "the message is $(cat message)"
"$sweeps/trials.sh" gap=1 lr=1 gap=2 2>message && fail "a key was taken twice"
grep -q 'gap is there twice' message || fail "the message is $(cat message)"
"$sweeps/trials.sh" gap=1,,2 2>message && fail "an empty value was taken"
grep -q 'empty value' message || fail "the message is $(cat message)"
for script in trials grid parallel slurm trial; do
	"$sweeps/$script.sh" --help >out 2>message && [ ! -s message ] && grep -q 'gap=' out || fail "$script.sh --help: $(cat out message)"
done

echo "== grid.sh"
code=0
once TERM grid "$sweeps/grid.sh" grid "${grid[@]}" -- "${flags[@]}" >out || code=$?
[ $code = 143 ] || fail "SIGTERM: exit code $code"
[ ! -e grid/gap=1,lr=0.001 ] || fail "the sweep went on after SIGTERM"
"$sweeps/grid.sh" grid "${grid[@]}" -- "${flags[@]}" >out
[ "$(lines out)" = 4 ] && [ "$(lines grid/*/metrics.jsonl)" = 480 ] && [ "$(cut -f 2 out | sort -u)" = 0 ] || fail "$(cat out)"
grep -q 'resume .*gap=0.5,lr=0.001/checkpoints' grid/gap=0.5,lr=0.001/log || fail "the stopped trial did not go on"
before=$(cksum grid/*/log)
"$sweeps/grid.sh" grid "${grid[@]}" -- "${flags[@]}" >again
diff out again || fail "the sweep told something else the second time"
[ "$before" = "$(cksum grid/*/log)" ] || fail "a trial that was done was trained again"
code=0
"$sweeps/grid.sh" bad gap=-1,1 -- "${flags[@]}" --steps 3 >out 2>message || code=$?
[ $code = 1 ] && [ "$(cut -f 1,2 out | tr '\t\n' '  ')" = "gap=-1 2 gap=1 0 " ] || fail "a wrong value: $code, $(cat out)"

code=0
TRAIN=no-such-program "$sweeps/grid.sh" none gap=1,2 -- "${flags[@]}" >out 2>message || code=$?
[ $code = 127 ] && [ "$(lines out)" = 1 ] && grep -q 'no program to train with' message || fail "no program: $code, $(cat out message)"

echo "== parallel.sh"
if ! parallel --version 2>/dev/null | grep -q 'GNU parallel'; then
	echo "skipped: GNU parallel is not installed"
else
	parallel_sh() { JOBS=2 "$sweeps/parallel.sh" parallel "${grid[@]}" -- "${flags[@]}"; }
	mkdir -p parallel/gap=1,lr=0.003
	mkdir parallel/gap=1,lr=0.003/metrics.jsonl # so that this one fails
	parallel_sh >out 2>message && fail "no trial failed"
	[ "$(lines parallel/*/result.json)" = 3 ] || fail "$(cat out message)"
	rmdir parallel/gap=1,lr=0.003/metrics.jsonl
	parallel_sh >out 2>message || fail "$(cat out message)"
	[ "$(cut -f 1 out)" = gap=1,lr=0.003 ] || fail "more than the trial that failed was started: $(cat out)"
	same parallel
fi

echo "== slurm.sh, with stubs for Slurm"
printf '%s\n' USR1 USR1 none TERM >warn # the first trial is warned twice; the second one is cancelled
slurm_sh() {
	PATH=$test/stubs:$PATH STUB_LOG=$work/slurm.log STUB_WARN=$work/warn SBATCH_FLAGS=--time=1:00:00 \
		"$sweeps/slurm.sh" slurm "${grid[@]}" -- "${flags[@]}"
}
slurm_sh >out 2>message || fail "$(cat message)"
diff slurm.log - <<-'END' || fail "Slurm was asked for other things"
	sbatch --array=1-4
	sbatch --output=slurm/slurm-%A-%a.txt
	sbatch --time=1:00:00
	scontrol requeue 101
	task 1 ended with 143
	scontrol requeue 101
	task 1 ended with 143
	task 1 ended with 0
	task 2 ended with 143
	task 3 ended with 0
	task 4 ended with 0
END
slurm_sh >out 2>message || fail "$(cat message)"
[ "$(cut -f 2 out | sort -u)" = 0 ] || fail "$(cat out)"
same slurm

echo "== optuna_sweep.py"
if [ -z "$python" ]; then
	echo "skipped: no Python with Optuna"
else
	space=(lr=1e-4:1e-2:log gap=0.5:1.5 batch=4:8 optimizer=sgd,adamw)
	searched=()
	for ((i = 0; i < ${#flags[@]}; i++)); do
		case ${flags[i]} in
		--batch | --steps) i=$((i + 1)) ;;
		*) searched+=("${flags[i]}") ;;
		esac
	done
	optuna() { exec "$python" "$sweeps/optuna_sweep.py" "$@"; }
	code=0
	once TERM optuna optuna optuna "${space[@]}" --trials 3 -- "${searched[@]}" --steps 120 >out 2>message || code=$?
	[ $code = 143 ] && [ "$(lines out)" = 1 ] || fail "SIGTERM: exit code $code; $(cat out message)"
	stopped=$(cut -f 1 out)
	(optuna optuna "${space[@]}" --trials 3 -- "${searched[@]}" --steps 120) >out 2>message || fail "$(cat out message)"
	[ "$(lines out)" = 3 ] && [ "$(head -n 1 out | cut -f 1)" = "$stopped" ] && [ "$(cut -f 2 out | sort -u)" = 0 ] || fail "$(cat out)"
	grep -q 'best of 3 whole trials' message || fail "$(cat message)"
	grep -q 'whole trials: accuracy 0' message || fail "$(cat message)"
	(optuna optuna "${space[@]}" --trials 3 -- "${searched[@]}" --steps 120) >out 2>message || fail "$(cat out message)"
	[ "$(lines out)" = 0 ] || fail "a study that is done went on: $(cat out)"
	# Killed, it leaves its run alone, and the study waits for that.
	killed=(optuna killed lr=0.001:0.002 --trials 1 -- "${searched[@]}" --steps 2000)
	code=0
	once KILL killed "${killed[@]}" >out 2>message || code=$?
	[ $code = 137 ] || fail "kill -9: exit code $code; $(cat out message)"
	("${killed[@]}") >out 2>message && fail "the study went on beside the run of a killed program"
	grep -q 'another program works on killed' message || fail "$(cat out message)"
	train=$(sed -n 's/.*pid \([0-9]*\).*/\1/p' killed/*/lock)
	kill "$train"
	while kill -0 "$train" 2>/dev/null; do sleep 0.1; done
	("${killed[@]}") >out 2>message || fail "$(cat out message)"
	[ "$(cut -f 2 out)" = 0 ] || fail "the trial of a killed program did not go on: $(cat out message)"
	# What --best-by says: the best of the trials' last lines, in the direction that it has, whole and pruned.
	best() { sed -n 's/.*"best":\([^,]*\).*/\1/p' "$@" | sort -g; }
	(optuna loss lr=0.0001:0.01:log --trials 4 --pruner none -- "${searched[@]}" --steps 40 --best-by=loss) >out 2>message || fail "$(cat out message)"
	grep -q "whole trials: loss $(printf %.4f "$(best loss/*/result.json | head -n 1)") " message || fail "the smallest loss: $(cat message) $(best loss/*/result.json)"
	(optuna recall lr=0.0001:0.01:log --trials 4 --pruner none -- "${searched[@]}" --steps 40 --val-metadata shop/csv/sample_set.csv --set best_by=recall@1) >out 2>message ||
		fail "$(cat out message)"
	grep -q "whole trials: recall@1 $(printf %.4f "$(best recall/*/result.json | tail -n 1)") " message || fail "the best recall: $(cat message) $(best recall/*/result.json)"
	(optuna loss lr=0.0001:0.01:log --trials 5 -- "${searched[@]}" --steps 40) >out 2>message && fail "a study went on by something else"
	grep -q 'searches for loss, the flags say accuracy' message || fail "$(cat message)"
	(optuna refused lr=0.001:0.002 --at-least 0.5 -- "${searched[@]}" --best-by loss) 2>message && fail "a loss of at least 0.5"
	grep -q -e '--at-most' message || fail "$(cat message)"
	(optuna refused lr=0.001:0.002 -- --triplets shop/csv/triplets.csv) 2>message && fail "a search for nothing"
	grep -q -e 'needs something to measure' message || fail "$(cat message)"
	(optuna refused lr=0.001:0.002 -- "${searched[@]}" --best-by recall@1) 2>message && fail "recall without --val-metadata"
	grep -q -e '--val-metadata' message || fail "$(cat message)"
	[ ! -e refused ] || fail "a search that was refused left a folder"
	(optuna least lr=0.001:0.002 --trials 1 --at-most 1e-9 -- "${searched[@]}" --steps 20000 --best-by loss) >out 2>message || fail "$(cat out message)"
	[ "$(cut -f 2 out)" = 143 ] || fail "pruning by the loss: $(cat out)"
	# Values with commas, and a folder's name that means something in a URL.
	(optuna 'a ?b#%20c' 'augment=none flip,shift' --trials 4 -- "${searched[@]}" --steps 2) >out 2>message || fail "$(cat out message)"
	[ -s 'a ?b#%20c/study.db' ] && [ "$(cut -f 1 out | sort -u | tr '\n' ' ')" = "augment=flip,shift augment=none " ] || fail "$(cat out message)"
	# Runs that only pruning ends: no accuracy is above 1.
	(optuna pruned lr=0.001:0.002 --trials 2 --at-least 1.01 -- "${searched[@]}" --steps 20000) >out 2>message || fail "$(cat out message)"
	[ "$(cut -f 2 out | tr '\n' ' ')" = "143 143 " ] || fail "pruning: $(cat out)"
	for run in pruned/lr=*; do ls "$run"/checkpoints/step-*.safetensors >/dev/null || fail "$run has no checkpoint"; done
fi
echo "sweeps: all as they should be"
